// A head as lines: each token on the left looks at those on the right, the more the stronger the line.

import { h } from "./shared/dom.js";
import { number } from "./shared/language.js";
import { FONT, canvas, fitted, follow, framed, sized } from "./canvas.js";
import { css } from "./colours.js";
import { drawAll, drawOfColumn, drawOfRow } from "./lines_draw.js";
import { longest } from "./matrix_names.js";
import { NOWHERE } from "./pointing.js";
import { ofColumn, ofRow } from "./strongest.js";

const [LEAST, MOST, MARGIN] = [20, 62, 10]; // CSS pixels of a row, and above the first
const ROOM = 48; // for a number beside a name

/** Like a matrix: `show(data)`, `point(place)`; only what is in sight is drawn, so 512 tokens cost what 30 do. */
export function lines({ hover, choose, moved }) {
  const paper = canvas("paper");
  const tall = h("div", { class: "tall" }, paper);
  const box = h("div", { class: "scroll box", tabindex: "0", role: "application" }, tall);
  const view = { paper, tall, box, data: null, at: NOWHERE, left: true };
  const redraw = framed(() => view.data && draw(view));
  box.addEventListener("scroll", redraw);
  listen(view, { hover, choose, moved });
  follow(box, redraw);
  return {
    node: h("div", { class: "lines" }, box),
    box,
    show(data) {
      if (data.rows !== view.data?.rows) view.longest = longest([...data.rows, ...data.columns], 1000);
      view.data = data;
      redraw();
    },
    point(place) {
      view.at = place;
      redraw();
    },
  };
}

function measure(view) {
  const { box, data } = view;
  const count = Math.max(data.rows.length, data.columns.length);
  const [width, height] = [box.clientWidth, box.clientHeight];
  view.step = Math.min(MOST, Math.max(LEAST, (height - 2 * MARGIN) / count));
  view.names = Math.min(width * 0.36, view.longest + ROOM);
  view.tall.style.height = `${Math.max(height, count * view.step + 2 * MARGIN)}px`;
  return [width, height];
}

function draw(view) {
  const [width, height] = measure(view);
  const context = sized(view.paper, width, height);
  const { data, names, step, at } = view;
  const top = MARGIN - view.box.scrollTop; // read once: each reading may cost a layout
  const y = (place) => top + (place + 0.5) * step;
  const sight = { from: names + 6, to: width - names - 6, y, height, step };
  if (at.row >= 0) drawOfRow(context, data, at.row, sight);
  else if (at.column >= 0) drawOfColumn(context, data, at.column, sight);
  else drawAll(context, data, sight);
  write(context, view, sight, width);
}

function write(context, { data, names, at }, sight, width) {
  const right = new Map(at.row >= 0 ? ofRow(data, at.row).map(({ place, value }) => [place, value]) : []);
  const left = new Map(
    at.row < 0 && at.column >= 0 ? ofColumn(data, at.column).map(({ place, value }) => [place, value]) : [],
  );
  const sides = [
    { texts: data.rows, values: left, on: at.row, x: names, align: "right" },
    { texts: data.columns, values: right, on: at.row >= 0 ? -1 : at.column, x: width - names, align: "left" },
  ];
  for (const side of sides) writeSide(context, side, sight, names);
}

function writeSide(context, { texts, values, on, x, align }, { y, height, step }, names) {
  Object.assign(context, { font: FONT, textAlign: align, textBaseline: "middle" });
  for (let place = 0; place < texts.length; place += 1) {
    if (y(place) < -step || y(place) > height + step) continue;
    const value = values.has(place) ? ` ${number(values.get(place), 3)}` : "";
    context.fillStyle = css(place === on || value ? "accent" : "ink", 1);
    const room = names - 6 - context.measureText(value).width;
    const text = fitted(context, texts[place], room);
    context.fillText(align === "left" ? text + value : `${value.trim()} ${text}`.trim(), x, y(place));
  }
}

function listen(view, { hover, choose, moved }) {
  const under = (event) => {
    const { left, top, width } = view.box.getBoundingClientRect();
    const place = Math.floor((event.clientY - top + view.box.scrollTop - MARGIN) / view.step);
    return ofSide(view.data, event.clientX - left < width / 2, place);
  };
  view.box.addEventListener(
    "pointermove",
    (event) => event.pointerType === "mouse" && view.data && hover(under(event)),
  );
  view.box.addEventListener("pointerleave", () => hover(NOWHERE));
  view.box.addEventListener("click", (event) => view.data && choose(under(event)));
  view.box.addEventListener("blur", () => hover(NOWHERE));
  view.box.addEventListener("keydown", (event) => view.data && key(event, view, { hover, choose, moved }));
}

function ofSide({ rows, columns }, left, place) {
  if (place < 0 || place >= (left ? rows : columns).length) return NOWHERE;
  return left ? { row: place, column: -1 } : { row: -1, column: place };
}

function key(event, view, { hover, choose, moved }) {
  const steps = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: 0, ArrowRight: 0 };
  if (event.key in steps) {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") view.left = event.key === "ArrowLeft";
    const to = ofSide(view.data, view.left, Math.max(view.at.row, view.at.column) + steps[event.key]);
    if (to !== NOWHERE) {
      hover(to);
      moved(to);
      bringIntoSight(view, Math.max(to.row, to.column));
    }
  } else if (event.key === "Enter") choose(view.at);
  else if (event.key === "Escape") choose(NOWHERE);
  else return;
  event.preventDefault();
}

function bringIntoSight({ box, step }, place) {
  const top = MARGIN + place * step;
  box.scrollTop = Math.min(top, Math.max(box.scrollTop, top + step - box.clientHeight));
}
