// A picture under its heat map: pointed at, or walked through with the arrow keys, each cell says what it adds.

import { announce, h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { paint, strongest, sumOf } from "./heat.js";
import { percent } from "./spoken.js";

const SIDE = 360; // pixels of the longer side at most

/** A figure of { bitmap, map, range, title, look }, where `look` gives { strength, smooth } of the moment. */
export function heated({ bitmap, map, range, title, look }) {
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  const canvas = h("canvas", { class: "heated", tabindex: "0", role: "img", "aria-label": described(title, map) });
  const caption = h("figcaption", {}, h("strong", {}, title), h("span", { class: "cell" }, t("cell_hint")));
  const seen = { canvas, bitmap, map, range, look, width, height, cell: null };
  const point = (cell, aloud) => {
    seen.cell = cell;
    const text = cell ? said(map, cell) : t("cell_hint");
    caption.lastChild.textContent = text;
    if (aloud && cell) (canvas.setAttribute("aria-label", text), announce(text));
    requestAnimationFrame(() => draw(seen));
  };
  canvas.addEventListener("pointermove", (event) => {
    const cell = cellAt(event, canvas, map);
    if (String(cell) !== String(seen.cell)) point(cell);
  });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("blur", () => canvas.setAttribute("aria-label", described(title, map)));
  canvas.addEventListener("keydown", (event) => walk(event, seen, point));
  requestAnimationFrame(() => draw(seen));
  return { node: h("figure", { class: "pair-side" }, canvas, caption), redraw: () => draw(seen) };
}

function described(title, map) {
  return t("heat_label", { title, ...strongest(map), sum: number(sumOf(map), 3) });
}

const said = (map, [row, column]) =>
  t("cell", {
    row: row + 1,
    column: column + 1,
    value: number(map[row][column], 4),
    share: percent(map[row][column] / sumOf(map), 1),
  });

function draw({ canvas, bitmap, map, range, look, width, height, cell }) {
  const ratio = devicePixelRatio || 1;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  canvas.style.aspectRatio = `${width} / ${height}`;
  canvas.style.width = `${width}px`;
  const context = canvas.getContext("2d");
  paint(context, bitmap, [0, 0, bitmap.width, bitmap.height], [0, 0, ...size], { map, range, ...look() });
  if (cell) frame(context, cell, [size[0] / map[0].length, size[1] / map.length], ratio);
}

function frame(context, [row, column], [wide, high], ratio) {
  for (const [colour, line] of [
    ["#000", 4],
    ["#fff", 2],
  ]) {
    context.strokeStyle = colour;
    context.lineWidth = line * ratio;
    context.strokeRect(column * wide, row * high, wide, high);
  }
}

function cellAt(event, canvas, map) {
  const box = canvas.getBoundingClientRect();
  const inside = (share, count) => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
  return [
    inside((event.clientY - box.top) / box.height, map.length),
    inside((event.clientX - box.left) / box.width, map[0].length),
  ];
}

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function walk(event, { cell, map }, point) {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const from = cell ?? [Math.floor(map.length / 2), Math.floor(map[0].length / 2)];
  const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
  point([within(from[0] + step[0], map.length), within(from[1] + step[1], map[0].length)], true);
}

/** The same as a table. */
export function table(map, title) {
  const rows = map.map((line) =>
    h(
      "tr",
      {},
      line.map((value) => h("td", { class: "number" }, number(value, 4))),
    ),
  );
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
    h("table", {}, h("caption", {}, title), h("tbody", {}, rows)),
  );
}
