// The parts that each branch of the model adds: a stacked bar, what takes away to the left of nought.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { signed } from "./worded.js";

export const PARTS = ["baseline", "matrix_factorisation", "features", "context", "mlp", "clip"];
const SMALL = 5e-5; // stars; less is not drawn

/** How far a list's bars reach: { least, most } in stars, so that they can be compared. */
export function reachOf(items) {
  const sums = items.map(({ parts }) => [sum(parts, (value) => value < 0), sum(parts, (value) => value > 0)]);
  return { least: Math.min(-0.1, ...sums.map(([less]) => less)), most: Math.max(1, ...sums.map(([, more]) => more)) };
}

const sum = (parts, wanted) =>
  PARTS.map((name) => parts[name])
    .filter(wanted)
    .reduce((one, other) => one + other, 0);

/** A stacked bar, and the same in words. */
export function stack(parts, { least, most }) {
  const percent = (stars) => `${(100 * stars) / (most - least)}%`;
  const piece = ({ name, value, from }) => {
    const style = { left: percent(from - least), width: percent(Math.abs(value)) };
    return h("span", { class: `piece ${name}`, title: said(name, value), style });
  };
  const nought = h("span", { class: "nought", style: { left: percent(-least) } });
  return h(
    "div",
    { class: "stack" },
    h("div", { class: "pieces", "aria-hidden": "true" }, laid(parts).map(piece), nought),
    h("span", { class: "unseen" }, t("parts_said", { parts: inWords(parts) })),
  );
}

/** Each piece from where to where: what adds to the right of nought, what takes away to its left. */
function laid(parts) {
  let [less, more] = [0, 0];
  const drawn = PARTS.map((name) => ({ name, value: parts[name] })).filter(({ value }) => Math.abs(value) > SMALL);
  return drawn.map(({ name, value }) => {
    const from = value < 0 ? (less += value) : more;
    if (value > 0) more += value;
    return { name, value, from };
  });
}

const inWords = (parts) =>
  PARTS.filter((name) => parts[name])
    .map((name) => said(name, parts[name]))
    .join(", ");

const said = (name, value) => `${t(name)} ${name === "baseline" ? number(value) : signed(value)}`;

/** Which mark and which colour is what. */
export function legend() {
  const mark = h(
    "span",
    { class: "swatch track", "aria-hidden": "true" },
    h("span", { class: "whisker" }),
    h("span", { class: "dot" }),
  );
  const part = (name) =>
    h("li", { title: t(`${name}_is`) }, h("span", { class: `swatch ${name}`, "aria-hidden": "true" }), t(name));
  return [
    h("ul", { class: "legend" }, h("li", {}, mark, t("legend_interval"))),
    h(
      "ul",
      { class: "legend", "aria-label": t("legend") },
      h("li", {}, t("legend_parts")),
      PARTS.filter((name) => name !== "clip").map(part),
    ),
  ];
}
