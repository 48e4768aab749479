// Buttons and selects of what is made once and stays; and shares in percent.

import { h } from "./shared/dom.js";
import { language, t } from "./shared/language.js";
import { always, said } from "./shared/said.js";

/** A button that stays. */
export const button = (key, onclick, attributes = {}) =>
  h("button", { type: "button", onclick, ...attributes }, said(key));

/** An option of a select that stays. */
function option(key, value) {
  const node = h("option", { value });
  always(() => (node.textContent = t(key)));
  return node;
}

/** A select that stays; each of `values` has its words under `${prefix}${value}`. */
export function select(prefix, values, onchange) {
  const options = values.map((value) => option(`${prefix}${value || "usual"}`, value));
  return h("select", { onchange }, options);
}

/** A share of 1 as a percentage. */
export function percent(share, digits = 0) {
  const many = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language(), { style: "percent", ...many }).format(share);
}
