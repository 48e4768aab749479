// The model card's figures as bars, each beside its baselines.

import { h } from "./dom.js";
import { number, t } from "./language.js";

/** All figures of a card; null where it has none. */
export function figures(card) {
  if (!card.figures.length) return null;
  return h("div", { class: "figures" }, card.figures.map(figure));
}

function figure({ metric, value, data, baselines, note }) {
  const rows = [[t("ours"), value], ...Object.entries(baselines)];
  const most = Math.max(...rows.map(([, one]) => Math.abs(one))) || 1;
  return h(
    "figure",
    {},
    h("figcaption", {}, h("strong", {}, metric), h("small", {}, t("on", { data })), note ? h("small", {}, note) : null),
    h(
      "div",
      { class: "bars" },
      rows.map(([name, one], row) => bar(name, one, most, row === 0)),
    ),
  );
}

const bar = (name, value, most, mine) => [
  h("span", {}, name),
  h("span", {
    class: mine ? "bar mine" : "bar",
    style: { width: `${(100 * Math.abs(value)) / most}%` },
    "aria-hidden": "true",
  }),
  h("span", { class: "number" }, shown(value)),
];

/** Four figures that count; very small and very large ones by their power of ten. */
export function shown(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return Number.isInteger(value) ? number(value, 0) : number(value, size >= 100 ? 1 : size >= 10 ? 2 : 4);
}
