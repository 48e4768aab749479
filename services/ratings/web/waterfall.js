// A sum, drawn step by step: each row begins where the one above it ended. A table, so that it is read as well as seen.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { scrolled } from "./table.js";
import { signed } from "./worded.js";

const ROOM = 0.06; // of the width, at both ends
const LEAST = 0.5; // stars that the drawing spans at least

/**
 * `rows`: [{ name, more, value, kind }], the first of which is where the sum begins; `total` is what the service says
 * that it comes to. `fromNought` begins the axis there; otherwise it begins near the smallest running sum, and says so.
 */
export function waterfall(caption, rows, total, fromNought) {
  const steps = running(rows);
  const axis = axisOf(steps, total, fromNought);
  const heads = ["wf_what", "wf_bar", "wf_adds", "wf_sum"].map((key) => h("th", { scope: "col" }, t(key)));
  const from = fromNought ? "" : t("axis_from", { stars: number(axis.low, 1) });
  const drawn = h(
    "table",
    { class: "waterfall" },
    h("caption", {}, caption, " ", h("span", { class: "quiet" }, from)),
    h("thead", { class: "unseen" }, h("tr", {}, heads)),
    h(
      "tbody",
      {},
      steps.map((step, place) => line(step, place, axis)),
    ),
    h("tfoot", {}, last(total, axis)),
  );
  return [scrolled(caption, drawn), h("p", { class: "sum number" }, equation(rows, total))];
}

function running(rows) {
  let sum = 0;
  return rows.map((row) => ({ ...row, from: sum, to: (sum += row.value) }));
}

function axisOf(steps, total, fromNought) {
  const ends = [...steps.map(({ to }) => to), total];
  const [least, most] = [fromNought ? Math.min(0, ...ends) : Math.min(...ends), Math.max(...ends)];
  const room = ROOM * Math.max(most - least, LEAST);
  return { low: fromNought ? least : least - room, high: most + room };
}

function line({ name, more, value, kind, from, to }, place, axis) {
  const start = place === 0 ? axis.low : from;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name, more ? h("small", { class: "quiet" }, more) : null),
    h(
      "td",
      { class: "drawn" },
      h("span", { class: "link", style: { left: left(to, axis) } }),
      bar(Math.min(start, to), Math.max(start, to), axis, kind ?? (value < 0 ? "down" : "up")),
    ),
    h("td", { class: "number" }, place === 0 ? number(value, 3) : signed(value, 3)),
    h("td", { class: "number quiet so-far" }, number(to, 3)),
  );
}

const last = (total, axis) =>
  h(
    "tr",
    {},
    h("th", { scope: "row" }, t("wf_total")),
    h("td", { class: "drawn" }, bar(axis.low, total, axis, "whole")),
    h("td", { class: "number", colspan: 2 }, h("b", {}, number(total, 3))),
  );

const left = (value, { low, high }) => `${(100 * (value - low)) / (high - low)}%`;

const bar = (from, to, axis, kind) =>
  h("span", {
    class: `piece ${kind}`,
    "aria-hidden": "true",
    style: { left: left(from, axis), width: `${(100 * (to - from)) / (axis.high - axis.low)}%` },
  });

/** The sum in figures, as it comes out; what rounding may leave is less than 0.0002. */
function equation(rows, total) {
  const [first, ...others] = rows.map(({ value }) => value);
  const sum = rows.reduce((all, { value }) => all + value, 0);
  const terms = others.map((value) => `${value < 0 ? "−" : "+"} ${number(Math.abs(value), 4)}`);
  const same = Math.abs(sum - total) < 2e-4 ? "=" : "≠";
  return [number(first, 4), ...terms, "=", number(sum, 4), same, t("n_stars", { stars: number(total, 4) })].join(" ");
}
