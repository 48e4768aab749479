// The number that is followed, from the embedding to the output, on one line.

import { fill, h } from "./shared/dom.js";
import { inLanguage, t } from "./shared/language.js";
import { change } from "./state.js";
import { short } from "./walk_table.js";

/** Steps on the way, and which of their numbers is the one. */
const WAY = [
  ["embedding_sum", ({ row, dim }) => [row, dim], "s"],
  ["x", ({ row, dim }) => [row, dim], "x"],
  ["Q", ({ row, dim }) => [row, dim], "Q"],
  ["K", ({ column, dim }) => [column, dim], "K"],
  ["scores", ({ row, column }) => [row, column], "S"],
  ["scaled", ({ row, column }) => [row, column], "Z"],
  ["attention", ({ row, column }) => [row, column], "A"],
  ["V", ({ column, dim }) => [column, dim], "V"],
  ["weighted_values", ({ column, dim }) => [column, dim], "A V"],
  ["filtered", ({ row, dim }) => [row, dim], "F"],
  ["attention_output", ({ row, dim }) => [row, dim], "O"],
  ["residual", ({ row, dim }) => [row, dim], "r"],
  ["layer_output", ({ row, dim }) => [row, dim], "y"],
];

export function pathOf(seen) {
  const node = h("div");
  const update = () =>
    fill(
      node,
      h("p", {}, t("path", about(seen))),
      h(
        "ol",
        { class: "path" },
        WAY.map((stop) => drawn(stop, seen)),
      ),
    );
  return { node, update };
}

const about = ({ trace, at }) => ({ query: trace.tokens[at.row], key: trace.tokens[at.column], dim: at.dim });

function drawn([name, place, symbol], { trace, at }) {
  const step = trace.steps.find((one) => one.name === name);
  const [first, second] = place(at);
  if (!step || step.values === null) return null;
  const go = () => change({ step: name });
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "quiet small", title: inLanguage(step.title), onclick: go },
      h("span", {}, `${symbol}[${first}, ${second}]`),
      h("strong", { class: "number" }, short(step.values[first][second])),
    ),
  );
}
