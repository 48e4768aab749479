// The heat map: what each cell of a picture adds to a similarity, in colours that every reader can tell apart.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { percent } from "./spoken.js";

// Cividis, from dark blue to yellow in even steps of lightness (Nuñez et al. 2018, doi:10.1371/journal.pone.0199239).
const CIVIDIS = [
  [0, 34, 78],
  [0, 46, 106],
  [26, 56, 111],
  [50, 67, 109],
  [67, 78, 108],
  [83, 90, 109],
  [97, 101, 111],
  [111, 112, 115],
  [125, 124, 120],
  [140, 136, 120],
  [155, 148, 118],
  [171, 160, 114],
  [188, 174, 108],
  [205, 187, 99],
  [222, 201, 88],
  [240, 216, 70],
  [254, 232, 56],
];
const FINE = 96; // pixels of a side of the smooth map

/** The least and the most that any cell of the maps adds: one scale for all. */
export function rangeOf(maps) {
  const values = maps.flat(2);
  return [Math.min(...values), Math.max(...values)];
}

export const sumOf = (map) => map.flat().reduce((sum, value) => sum + value, 0);

/** Red, green and blue of a share of the range, 0 to 1. */
export function colour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[low].map((one, channel) => one + (CIVIDIS[low + 1][channel] - one) * (place - low));
}

const made = new WeakMap(); // by map: what was coloured last

/** The map as a canvas: `smooth`, or cell by cell. */
function coloured(map, range, smooth) {
  const key = `${range} ${smooth}`;
  if (made.get(map)?.key !== key) made.set(map, { key, canvas: colouring(map, range, smooth) });
  return made.get(map).canvas;
}

function colouring(map, [least, most], smooth) {
  const [height, width] = smooth ? [FINE, FINE] : [map.length, map[0].length];
  const image = new ImageData(width, height);
  const scale = most > least ? most - least : 1e-6;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = smooth ? between(map, (x + 0.5) / width, (y + 0.5) / height) : map[y][x];
      image.data.set([...colour((value - least) / scale), 255], 4 * (y * width + x));
    }
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** The map at a place (0 to 1), by cubics through the middles of the cells (Catmull and Rom 1974). */
function between(map, x, y) {
  const [rows, down] = taps(y, map.length);
  const [columns, right] = taps(x, map[0].length);
  return cubic(
    rows.map((row) =>
      cubic(
        columns.map((column) => map[row][column]),
        right,
      ),
    ),
    down,
  );
}

/** The four cells around a place, the outermost repeated at the edge, and how far it is between the middle two. */
function taps(share, count) {
  const place = share * count - 0.5;
  const first = Math.floor(place);
  return [[-1, 0, 1, 2].map((step) => Math.min(Math.max(first + step, 0), count - 1)), place - first];
}

const cubic = ([a, b, c, d], t) => b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));

/** Draws a picture in grey into [x, y, width, height], and its map over it; without a map in its colours. */
export function paint(context, bitmap, part, [x, y, width, height], heat) {
  context.save();
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(x, y, width, height);
  context.drawImage(bitmap, ...part, x, y, width, height);
  if (heat) grey(context, [x, y, width, height]);
  context.restore();
  if (heat) lay(context, heat, [x, y, width, height]);
}

/** Takes the colours out, so that the only ones are the map's; not every browser has filters on a canvas. */
function grey(context, place) {
  context.globalCompositeOperation = "saturation";
  context.fillStyle = "#000";
  context.fillRect(...place);
}

/** A map of { map, range, strength, smooth } over a part of the canvas. */
function lay(context, { map, range, strength, smooth }, place) {
  context.save();
  context.globalAlpha = strength;
  context.imageSmoothingEnabled = smooth;
  context.drawImage(coloured(map, range, smooth), ...place);
  context.restore();
}

/** The colours and what they mean. */
export function legend([least, most]) {
  const stops = CIVIDIS.map((one) => `rgb(${one})`).join(", ");
  return h(
    "div",
    { class: "legend" },
    h("span", {}, t("legend")),
    h("span", { class: "number" }, number(least, 4)),
    h("span", { class: "ramp", style: { background: `linear-gradient(90deg, ${stops})` }, "aria-hidden": "true" }),
    h("span", { class: "number" }, number(most, 4)),
  );
}

/** The ninth of the picture whose cells add most, in words, with its shares of the sum and of the picture. */
export function strongest(map) {
  const cells = map.flatMap((line, row) => line.map((value, column) => [ninth(map, row, column), value]));
  const ninths = Object.entries(Object.groupBy(cells, ([place]) => place));
  const means = ninths.map(([place, some]) => [place, some.length, some.reduce((sum, [, value]) => sum + value, 0)]);
  const [place, count, sum] = means.sort((a, b) => b[2] / b[1] - a[2] / a[1])[0];
  return { where: t(`third_${place}`), share: percent(sum / sumOf(map)), area: percent(count / cells.length) };
}

const third = (place, count) => Math.floor((3 * (place + 0.5)) / count);
const ninth = (map, row, column) => `${third(row, map.length)}${third(column, map[0].length)}`;
