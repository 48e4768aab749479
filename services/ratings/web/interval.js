// Predicted stars as a bar on the scale, with the interval that nine of ten true ratings fall into.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { along, levels, scale } from "./scale.js";

/** The bar and what it says in numbers. */
export function interval({ stars, low, high }) {
  return h(
    "div",
    { class: "interval" },
    h(
      "span",
      { class: "predicted" },
      h("b", { class: "number" }, number(stars)),
      h("span", { class: "unseen" }, t("stars_word")),
    ),
    track(stars, low, high),
    h(
      "span",
      { class: "quiet range" },
      h("span", { class: "unseen" }, t("nine_of_ten")),
      t("range", { low: number(low, 1), high: number(high, 1) }),
    ),
  );
}

function track(stars, low, high) {
  const at = (value) => `${along(value)}%`;
  const ticks = levels().filter((level) => level % 1 === 0 && level > scale.low && level < scale.high);
  return h(
    "span",
    { class: "track", "aria-hidden": "true", title: t("nine_of_ten_title", { low: number(low), high: number(high) }) },
    h("span", { class: "reach", style: { left: at(low), width: `${along(high) - along(low)}%` } }),
    h("span", { class: "filled", style: { width: at(stars) } }),
    ticks.map((level) => h("span", { class: "tick", style: { left: at(level) } })),
    h("span", { class: "whisker", style: { left: at(low), width: `${along(high) - along(low)}%` } }),
    h("span", { class: "dot", style: { left: at(stars) } }),
  );
}
