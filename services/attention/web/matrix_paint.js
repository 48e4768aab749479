// The cells of a matrix: one pixel each, stretched by the browser; and their numbers where there is room.

import { sized } from "./canvas.js";
import { ramp, rgb, twoSided } from "./colours.js";
import { number } from "./shared/language.js";

const MANY = 60;
const ROOM = { 2: 32, 3: 40 }; // CSS pixels of a cell in which so many decimals can be read

/** The colour of a value: of its size, and where it is `signed` of its sign, beside the largest of all. */
function colouring(data) {
  const { scale, largest, signed } = data;
  const most = largest * scale || 1;
  const bend = byRoot(data) ? Math.sqrt : (part) => part;
  const step = (value) => Math.min(255, Math.round(255 * bend(Math.abs(value) / most)));
  if (!signed) return (value) => ramp()[step(value)];
  return (value) => twoSided()[value < 0 ? 0 : 1][step(value)];
}

/** Of many cells each is a pixel or two: their shade grows with the root, or single weights would not be seen. */
export const byRoot = ({ rows }) => rows.length > MANY;

export function paint(canvas, data) {
  const [width, height] = [data.columns.length, data.rows.length];
  Object.assign(canvas, { width, height });
  const picture = new ImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const colour = colouring(data);
  for (let place = 0; place < pixels.length; place += 1) pixels[place] = colour(data.values[place]);
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

export function writeNumbers(canvas, data, cell) {
  const digits = data.largest < 0.1 ? 3 : 2;
  canvas.hidden = cell < ROOM[digits];
  if (canvas.hidden) return;
  const context = sized(canvas, cell * data.columns.length, cell * data.rows.length);
  Object.assign(context, { font: "12px system-ui, sans-serif", textAlign: "center", textBaseline: "middle" });
  const ink = inks(colouring(data));
  data.values.forEach((value, place) => {
    const [row, column] = [Math.floor(place / data.columns.length), place % data.columns.length];
    context.fillStyle = ink(value);
    context.fillText(short(value / data.scale, digits), (column + 0.5) * cell, (row + 0.5) * cell);
  });
}

/** Without the zero before the point, to be short; and none is −0. */
function short(value, digits) {
  const text = number(Math.abs(value), digits).replace(/^0(?=\D)/, "");
  return value < 0 && Number(value.toFixed(digits)) !== 0 ? `−${text}` : text;
}

/** Dark on what is light and light on what is dark. */
function inks(colour) {
  const [dark, light] = [rgb("ink"), rgb("card")].sort((a, b) => luminance(a) - luminance(b));
  return (value) => {
    const pixel = colour(value);
    const back = luminance([pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]);
    const better = (back + 0.05) ** 2 > (luminance(dark) + 0.05) * (luminance(light) + 0.05) ? dark : light;
    return `rgb(${better.join(" ")})`;
  };
}

/** Relative luminance, 0 to 1 (WCAG 2). */
function luminance(colour) {
  const [red, green, blue] = colour.map((one) => ((one / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The whole of a small picture, each scaled by its own largest. */
export function thumbnail(canvas, values, width, height) {
  const largest = values.reduce((most, one) => Math.max(most, one), 1);
  paint(canvas, { rows: { length: height }, columns: { length: width }, values, scale: 1, largest });
}
