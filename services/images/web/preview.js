// The picture that is searched with: seen, with a region to be drawn, and warmed by the match that is pointed at.

import { fill, h } from "./shared/dom.js";
import { onLanguage, t } from "./shared/language.js";
import { askedPicture, asker } from "./asked.js";
import { Cropping, outline } from "./cropping.js";
import { paint, rangeOf } from "./heat.js";
import { megabytes } from "./pictures.js";
import { state, watch } from "./state.js";

const HIGHEST = 260; // pixels
const STRENGTH = 0.6; // of the map over the picture

let picture = null;
let warm = null; // the map of the match that is pointed at

const canvas = h("canvas", { class: "preview", role: "img" });
const about = h("p", { class: "about" });
const cropping = new Cropping(canvas, redraw);
const node = h("div", { class: "asked", hidden: true }, canvas, about, cropping.node);

/** The node of the preview, which keeps itself up to date. */
export function preview() {
  watch(asker, load);
  watch(() => state.box, show);
  onLanguage(show);
  new ResizeObserver(draw).observe(node);
  load();
  return node;
}

/** Lays the map of a match over the picture; null takes it away. */
export function warmed(map) {
  warm = map;
  redraw();
}

async function load() {
  const mine = asker();
  const got = await askedPicture().catch(() => null); // what went wrong is said where the matches are
  if (mine !== asker()) return;
  picture = got;
  warm = null;
  show();
}

function show() {
  node.hidden = !picture;
  if (!picture) return;
  const { title, name, bitmap, smaller } = picture;
  const size = bitmap ? `${bitmap.width} × ${bitmap.height}` : t("unseeable");
  const note = smaller && t("smaller", { from: megabytes(smaller.from), to: megabytes(smaller.to) });
  fill(about, h("strong", {}, title ?? name), ` · ${size}`, note && h("small", {}, note));
  canvas.hidden = !bitmap;
  canvas.setAttribute("aria-label", t("preview", { name: title ?? name }));
  cropping.show(bitmap);
  draw();
}

function redraw() {
  requestAnimationFrame(draw);
}

function draw() {
  if (!picture?.bitmap || !node.clientWidth) return;
  const { bitmap } = picture;
  const scale = fitted(bitmap);
  const context = canvas.getContext("2d");
  const all = [0, 0, bitmap.width, bitmap.height];
  const onCanvas = (box) => box.map((one) => one * scale);
  paint(context, bitmap, all, onCanvas(all), null);
  const { box } = cropping;
  if (warm) paint(context, bitmap, box ?? all, onCanvas(box ?? all), heat(warm));
  if (box) outline(context, onCanvas(box));
}

const heat = (map) => ({ map, range: rangeOf([map]), strength: STRENGTH, smooth: true });

/** Gives the canvas its size; canvas pixels for one of the picture. */
function fitted({ width, height }) {
  const shown = Math.min(node.clientWidth / width, HIGHEST / height);
  const scale = shown * (devicePixelRatio || 1);
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.style.width = `${width * shown}px`;
  return scale;
}
