// A matrix as a picture: the token that looks on rows, the token looked at on columns.

import { h } from "./shared/dom.js";
import { said } from "./shared/said.js";
import { canvas, density, follow } from "./canvas.js";
import { drawNames, gutters } from "./matrix_names.js";
import { paint, writeNumbers } from "./matrix_paint.js";
import { listen } from "./matrix_hands.js";
import { NOWHERE } from "./pointing.js";

const LARGEST = 62; // CSS pixels of a cell
const LONGEST = 16000; // device pixels of a canvas that every browser draws

/**
 * A matrix that can be pointed into: `hover(place)`, `choose(place)`, `moved(place)` by keys. `show(data)` draws
 * {rows, columns, values, scale, largest, signed}, `point(place)` marks a row, a column and their cell.
 */
export function matrix({ hover, choose, moved }) {
  const parts = elements();
  const view = { ...parts, data: null, cell: 1, zoom: 1, at: NOWHERE };
  const redraw = () => view.data && draw(view);
  const zoomed = (factor) => {
    view.zoom = Math.min(16, Math.max(1, view.zoom * factor));
    redraw();
  };
  parts.tools.append(
    tool("−", "zoom_out", () => zoomed(0.5)),
    tool("+", "zoom_in", () => zoomed(2)),
  );
  listen(view, { hover, choose, moved });
  follow(parts.box, redraw);
  return {
    node: parts.node,
    box: parts.box,
    show(data) {
      if (data.rows.length !== view.data?.rows.length) view.zoom = 1;
      view.data = data;
      redraw();
    },
    point(place) {
      view.at = place;
      if (view.data) mark(view);
    },
  };
}

const tool = (sign, key, work) =>
  h(
    "button",
    { type: "button", class: "quiet small", onclick: work },
    h("span", { "aria-hidden": "true" }, sign),
    said(key, "span", { class: "unseen" }),
  );

function elements() {
  const [cells, numbers, across, down] = ["cells", "numbers", "names", "names"].map(canvas);
  const [rowMark, columnMark, cellMark, rowName, columnName] = ["row", "column", "cell", "name", "name"].map((one) =>
    h("div", { class: `mark ${one}` }),
  );
  const top = h("div", { class: "top-names" }, across, columnName);
  const left = h("div", { class: "left-names" }, down, rowName);
  const stack = h("div", { class: "stack" }, cells, numbers, rowMark, columnMark, cellMark);
  const tools = h("div", { class: "tools" }); // in the corner that is free anyway
  const plane = h("div", { class: "plane" }, h("div", { class: "corner" }, tools), top, left, stack);
  const box = h("div", { class: "scroll box", tabindex: "0", role: "application" }, plane);
  const node = h("div", { class: "matrix" }, box);
  return {
    node,
    box,
    plane,
    stack,
    cells,
    numbers,
    across,
    down,
    rowMark,
    columnMark,
    cellMark,
    rowName,
    columnName,
    tools,
  };
}

/** As large as fits the box, but never smaller than a pixel of the screen. */
function cellOf({ box, data, zoom }, left, top) {
  const fit = Math.min(
    (box.clientWidth - left - 4) / data.columns.length,
    (box.clientHeight - top - 4) / data.rows.length,
  );
  const most = LONGEST / (density() * Math.max(data.rows.length, data.columns.length));
  const size = Math.min(Math.max(1 / density(), Math.min(fit, LARGEST)) * zoom, most);
  return Math.max(1, Math.floor(size * density())) / density();
}

function draw(view) {
  const { data } = view;
  const [left, top] = gutters(data, view.box.clientWidth);
  view.cell = cellOf(view, left, top);
  const [width, height] = [view.cell * data.columns.length, view.cell * data.rows.length];
  view.plane.style.gridTemplateColumns = `${left}px ${width}px`;
  view.plane.style.gridTemplateRows = `${top}px ${height}px`;
  Object.assign(view.cells.style, { width: `${width}px`, height: `${height}px` });
  paint(view.cells, data);
  writeNumbers(view.numbers, data, view.cell);
  drawNames(view, left, top);
  mark(view);
}

/** Only boxes are moved here, nothing is drawn: it must be done within a frame for 512 tokens, too. */
function mark({ data, at: { row, column }, cell, rowMark, columnMark, cellMark, rowName, columnName }) {
  place(rowMark, row >= 0, 0, row * cell, data.columns.length * cell, cell);
  place(columnMark, column >= 0, column * cell, 0, cell, data.rows.length * cell);
  place(cellMark, row >= 0 && column >= 0, column * cell, row * cell, cell, cell);
  name(rowName, data.rows[row], `translateY(calc(${(row + 0.5) * cell}px - 50%))`);
  name(columnName, data.columns[column], `translateX(calc(${(column + 0.5) * cell}px - 50%))`);
}

function place(node, there, left, top, width, height) {
  node.hidden = !there;
  if (!there) return;
  node.style.transform = `translate(${left}px, ${top}px)`;
  const size = `${width}px ${height}px`;
  if (node.dataset.size === size) return;
  node.dataset.size = size;
  Object.assign(node.style, { width: `${width}px`, height: `${height}px` });
}

function name(node, text, where) {
  node.hidden = text === undefined;
  if (text === undefined) return;
  node.textContent = text;
  node.style.transform = where;
}
