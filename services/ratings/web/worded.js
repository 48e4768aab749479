// Elements whose words follow the language, for what is created once.

import { fill, h } from "./shared/dom.js";
import { number, onLanguage, t } from "./shared/language.js";

/** An element that `draw` fills, again whenever the language changes. */
export function worded(tag, attributes, draw) {
  const node = h(tag, attributes);
  const again = () => fill(node, draw());
  onLanguage(again, node);
  again();
  return node;
}

/** With its sign, + or −. */
export function signed(value, digits = 2) {
  const text = number(Math.abs(value), digits);
  return Number(Math.abs(value).toFixed(digits)) === 0 ? `±${text}` : `${value < 0 ? "−" : "+"}${text}`;
}

/** Stars as they are given: 4, or 3.5. */
export const given = (stars) => number(stars, Number.isInteger(stars) ? 0 : 1);

export const inStars = (stars) => t(stars === 1 ? "stars_1" : "stars_n", { stars: given(stars) });
