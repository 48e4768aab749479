// What a measure gives to each token, as bars; and to each head, as a table.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";

/** Bars in the order of the text; below zero they are of the other colour. */
export function tokenBars(values, { tokens, special }, title) {
  const most = Math.max(...values.map(Math.abs)) || 1;
  const bars = values.map((value, place) => bar(tokens[place], value, most, special[place]));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": t("importance_of", { title }) },
    h("ul", { class: "token-bars" }, bars),
  );
}

const bar = (token, value, most, special) =>
  h(
    "li",
    { class: special ? "special" : "" },
    h(
      "span",
      { class: "well", "aria-hidden": "true" },
      h("span", {
        class: value < 0 ? "pillar below" : "pillar",
        style: { height: `${(100 * Math.abs(value)) / most}%` },
      }),
    ),
    h("span", { class: "token-name" }, token),
    h("span", { class: "number" }, number(value, 3)),
  );

export function headNumbers(values, title) {
  const most = Math.max(...values.flat().map(Math.abs)) || 1;
  const head = h(
    "tr",
    {},
    h("td", {}),
    values[0].map((_, place) => h("th", { scope: "col", class: "number" }, place)),
  );
  const rows = values.map((row, layer) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, layer),
      row.map((value) => cell(value, most)),
    ),
  );
  const table = h(
    "table",
    { class: "numbers" },
    h("caption", {}, t("of_heads")),
    h("thead", {}, head),
    h("tbody", {}, rows),
  );
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": t("importance_of", { title }) },
    table,
  );
}

const cell = (value, most) =>
  h(
    "td",
    {
      class: value < 0 ? "number tinted negative" : "number tinted",
      style: { "--tint": (Math.abs(value) / most).toFixed(2) },
    },
    number(value, 3),
  );
