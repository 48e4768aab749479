// The small buttons that stand beside a movie.

import { h } from "./shared/dom.js";

/** `said`: what a screen reader hears, where the words alone do not say of which movie. */
export function small(words, onclick, said, attributes = {}) {
  return h("button", { type: "button", class: "quiet small", onclick, "aria-label": said, ...attributes }, words);
}
