// Thumbnails for a canvas: fetched when they are seen, a few at a time, decoded once, the oldest forgotten.

import { thumbnailAt } from "./places.js";

const AT_ONCE = 6;
const KEPT = 800; // of 96 x 96: 30 MB
const PATIENCE = 3000; // milliseconds after which what failed is tried again

/** `arrived()` is called when there is something new to draw. */
export function thumbnails(arrived) {
  const kept = new Map();
  const coming = new Set();
  const failed = new Map(); // by id: when it may be asked for again
  let wanted = [];

  /** The bitmap of an id, or undefined. */
  function get(id) {
    const bitmap = kept.get(id);
    if (bitmap) (kept.delete(id), kept.set(id, bitmap)); // the youngest again
    return bitmap;
  }

  /** What is seen now, the most important first: what was wanted before is no more. */
  function want(ids) {
    wanted = ids.filter((id) => !kept.has(id) && !coming.has(id) && !(failed.get(id) > performance.now()));
    fetchNext();
  }

  function fetchNext() {
    while (coming.size < AT_ONCE && wanted.length) load(wanted.shift());
  }

  async function load(id) {
    coming.add(id);
    try {
      await take(id, await fetch(thumbnailAt(id)));
    } catch {
      later(id); // nobody answers
    } finally {
      coming.delete(id);
      fetchNext();
    }
  }

  async function take(id, response) {
    if (response.status === 404) return void failed.set(id, Infinity); // somebody removed it: it stays a dot
    if (!response.ok) return later(id);
    keep(id, await createImageBitmap(await response.blob()));
    arrived();
  }

  function later(id) {
    failed.set(id, performance.now() + PATIENCE);
    setTimeout(arrived, PATIENCE);
  }

  function keep(id, bitmap) {
    kept.set(id, bitmap);
    if (kept.size <= KEPT) return;
    const [oldest, gone] = kept.entries().next().value;
    gone.close();
    kept.delete(oldest);
  }

  return { get, want };
}
