// What the page made, as a file of the reader's.

import { h } from "./dom.js";

const WHILE = 10_000; // milliseconds until the browser has taken it

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), WHILE);
}
