// Draws the map: dots for all that is seen, thumbnails where there is room, rings around what is pointed at or found.

import { chooser } from "./chosen.js";
import { spatial } from "./spatial.js";

const APART = 40; // pixels between thumbnails
const SIDE = 38; // of a thumbnail when it first appears; it grows until the next ones come
const MOST = 200; // thumbnails seen at a time
const DOT = 3;

/** What is drawn of `points` { id, x, y }; `thumbs` has get(id) and want(ids). */
export function plane(points, thumbs) {
  const grid = spatial(points);
  const chosen = chooser(points, APART);

  /** `found` is a set of places that stand out, or null; `at` a place, or -1. */
  function draw(context, view, colours, { found = null, at = -1 }) {
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    dots(context, view, colours, found);
    const side = pictures(context, view, colours, found);
    if (found) found.forEach((place) => ring(context, view, points[place], DOT + 4, colours.warm));
    if (at >= 0) pointed(context, view, colours, at, side);
  }

  function dots(context, view, colours, found) {
    context.globalAlpha = found ? 0.35 : 0.8;
    context.fillStyle = colours.quiet;
    const size = view.zoom > 3 ? DOT + 1 : DOT;
    grid.within(...view.seen(DOT), (place) => {
      const { x, y } = points[place];
      context.fillRect(view.across(x) - size / 2, view.down(y) - size / 2, size, size);
    });
    context.globalAlpha = 1;
  }

  function pictures(context, view, colours, found) {
    const { places, scale } = chosen(view.scale);
    const side = SIDE * Math.min(2, view.scale / scale);
    const seen = shown(places, view, side);
    thumbs.want(seen.map((place) => points[place].id));
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    for (const place of seen) {
      context.globalAlpha = found && !found.has(place) ? 0.3 : 1;
      card(context, view, points[place], side);
    }
    context.globalAlpha = 1;
    return side;
  }

  function shown(places, view, side) {
    const [left, bottom, right, top] = view.seen(side / 2);
    const seen = [];
    for (const place of places) {
      const { x, y } = points[place];
      if (x < left || x > right || y < bottom || y > top) continue;
      seen.push(place);
      if (seen.length === MOST) break;
    }
    return seen;
  }

  /** A picture on white, as all of them are meant to be seen; until it is there, the dot alone. */
  function card(context, view, point, side) {
    const bitmap = thumbs.get(point.id);
    if (!bitmap) return;
    const [x, y] = [view.across(point.x) - side / 2, view.down(point.y) - side / 2];
    const fit = (side - 4) / Math.max(bitmap.width, bitmap.height);
    const [wide, high] = [bitmap.width * fit, bitmap.height * fit];
    context.fillStyle = "#fff";
    context.fillRect(x, y, side, side);
    context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
    context.drawImage(bitmap, x + (side - wide) / 2, y + (side - high) / 2, wide, high);
  }

  /** What is pointed at lies above all others, and has its picture in any case. */
  function pointed(context, view, colours, at, side) {
    const larger = Math.max(side, 56);
    const there = thumbs.get(points[at].id);
    if (there) card(context, view, points[at], larger);
    else thumbs.want([points[at].id]);
    ring(context, view, points[at], there ? larger / 2 + 2 : 7, colours.accent, there);
  }

  /** The place under a point of the canvas: the thumbnail that covers it, or the nearest dot; else -1. */
  function hit(view, across, down) {
    const { x, y } = view.planeAt(across, down);
    const { places, scale } = chosen(view.scale);
    const half = (SIDE * Math.min(2, view.scale / scale)) / 2;
    const covers = (place) =>
      Math.abs(points[place].x - x) * view.scale <= half && Math.abs(points[place].y - y) * view.scale <= half;
    const over = shown(places, view, 2 * half).filter((place) => thumbs.get(points[place].id) && covers(place));
    return over.at(-1) ?? grid.nearest(x, y, 16 / view.scale);
  }

  return { draw, hit, points, around: grid.around };
}

function ring(context, view, { x, y }, radius, colour, square) {
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.beginPath();
  if (square) context.rect(view.across(x) - radius, view.down(y) - radius, 2 * radius, 2 * radius);
  else context.arc(view.across(x), view.down(y), radius, 0, 2 * Math.PI);
  context.stroke();
}
