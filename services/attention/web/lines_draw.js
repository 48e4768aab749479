// The lines of a head on a canvas. They are grouped by strength: 12 strokes, however many lines there are.

import { css } from "./colours.js";

const LEVELS = 12;
const MANY = 60; // tokens
const [FAINT, FAINT_OF_MANY] = [0.04, 0.15]; // of the largest: weaker lines are not drawn among all
const NOTHING = 0.02; // of a token's strongest: weaker lines could not be seen

/** A line is drawn when one of its ends is seen; those that only pass through say nothing. */
export function drawAll(context, data, sight) {
  const { values, rows, columns, scale, largest } = data;
  const least = (rows.length > MANY ? FAINT_OF_MANY : FAINT) * largest * scale;
  const levels = bundles(context);
  const draw = (row, column) => {
    const value = values[row * columns.length + column];
    if (value > least) line(levels.of(value / (scale * largest)), sight, row, column);
  };
  const [seenRows, seenColumns] = [seen(sight, rows.length), seen(sight, columns.length)];
  for (let row = seenRows.from; row < seenRows.to; row += 1) columns.forEach((_, column) => draw(row, column));
  for (let column = seenColumns.from; column < seenColumns.to; column += 1) {
    rows.forEach((_, row) => (row < seenRows.from || row >= seenRows.to) && draw(row, column));
  }
  levels.stroke(0.75);
}

/** The tokens in sight. */
function seen({ y, height, step }, count) {
  const top = y(0);
  return { from: Math.max(0, Math.floor(-top / step)), to: Math.min(count, Math.ceil((height - top) / step) + 1) };
}

export function drawOfRow(context, data, row, sight) {
  const width = data.columns.length;
  const weights = data.values.subarray(row * width, (row + 1) * width);
  drawFew(context, weights, (column) => [row, column], sight);
}

export function drawOfColumn(context, data, column, sight) {
  const weights = data.rows.map((_, row) => data.values[row * data.columns.length + column]);
  drawFew(context, weights, (row) => [row, column], sight);
}

/** The lines of one token, beside the strongest of them. */
function drawFew(context, weights, ends, sight) {
  const most = weights.reduce((one, other) => Math.max(one, other), 0) || 1;
  const levels = bundles(context);
  weights.forEach((weight, place) => weight > NOTHING * most && line(levels.of(weight / most), sight, ...ends(place)));
  levels.stroke(1);
}

function bundles(context) {
  const paths = Array.from({ length: LEVELS }, () => new Path2D());
  const stroke = (most) =>
    paths.forEach((path, level) => {
      const part = (level + 0.5) / LEVELS;
      context.strokeStyle = css("accent", most * part ** 0.8);
      context.lineWidth = 0.5 + 4 * part;
      context.stroke(path);
    });
  return { of: (part) => paths[Math.min(LEVELS - 1, Math.floor(Math.min(1, part) * LEVELS))], stroke };
}

function line(path, { from, to, y }, row, column) {
  const middle = (from + to) / 2;
  path.moveTo(from, y(row));
  path.bezierCurveTo(middle, y(row), middle, y(column), to, y(column));
}
