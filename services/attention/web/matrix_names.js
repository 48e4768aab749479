// The tokens along a matrix: all where they fit, else every second, fifth, tenth …

import { FONT, fitted, sized } from "./canvas.js";
import { css } from "./colours.js";

const LINE = 15; // CSS pixels that a name needs
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const [LEFT, TOP, MOST] = [66, 40, 110]; // CSS pixels; the least leaves room for two buttons in the corner

const ruler = document.createElement("canvas").getContext("2d");

/** Width of the names on the left and height of those on top. */
export function gutters({ rows, columns }, room) {
  const most = Math.min(MOST, room * 0.28);
  return [Math.max(LEFT, longest(rows, most)), Math.max(TOP, longest(columns, most))];
}

export function longest(names, most) {
  ruler.font = FONT;
  return Math.ceil(Math.min(most, 14 + Math.max(...names.map((name) => ruler.measureText(name).width))));
}

const every = (cell) => STEPS.find((step) => step * cell >= LINE) ?? 1000;

export function drawNames({ across, down, data, cell }, left, top) {
  drawDown(sized(down, left, cell * data.rows.length), data.rows, cell, left);
  drawAcross(sized(across, cell * data.columns.length, top), data.columns, cell, top);
}

function drawDown(context, names, cell, width) {
  Object.assign(context, { font: FONT, textAlign: "right", textBaseline: "middle", fillStyle: css("ink") });
  for (let place = 0; place < names.length; place += every(cell)) {
    context.fillText(
      fitted(context, names[place], width - 8),
      width - 6,
      inside((place + 0.5) * cell, cell * names.length),
    );
  }
}

/** The first and the last name are moved in, so that they are whole. */
const inside = (place, length) => Math.min(Math.max(place, LINE / 2), Math.max(LINE / 2, length - LINE / 2));

/** Upwards, as they are longer than a cell is wide. */
function drawAcross(context, names, cell, height) {
  Object.assign(context, { font: FONT, textAlign: "left", textBaseline: "middle", fillStyle: css("ink") });
  for (let place = 0; place < names.length; place += every(cell)) {
    context.save();
    context.translate(inside((place + 0.5) * cell, cell * names.length), height - 6);
    context.rotate(-Math.PI / 2);
    context.fillText(fitted(context, names[place], height - 8), 0, 0);
    context.restore();
  }
}
