// The walk: every step of one layer, in the order of the newsletter's figures, with one number to follow through all.

import { fill, h } from "./shared/dom.js";
import { askJson } from "./shared/api.js";
import { region } from "./shared/region.js";
import { always, named, said, selection } from "./shared/said.js";
import { curl, curlOf } from "./shared/frame.js";
import { modelOptions, numbers } from "./controls.js";
import { allModels, isPlace, modelNamed, placeIn } from "./models.js";
import { change, state } from "./state.js";
import { otherCorrections } from "./walk_corrections.js";
import { pathOf } from "./walk_path.js";
import { progress } from "./walk_progress.js";
import { stepSections } from "./walk_steps.js";

const ASKED = ["text", "walk", "walk_layer", "walk_head", "row"];
const FRESH = { row: -1, column: -1, dim: 0 };

export function walk() {
  const seen = { trace: null, at: null, turn: () => {} };
  const controls = choices(seen);
  const steps = stepSections(seen);
  const list = progress(seen);
  const path = pathOf(seen);
  const rest = h("div");
  const status = h("div", { class: "status" }, said("loading", "p", { class: "empty" }));
  const draw = (trace) => {
    if (trace === null) return null;
    seen.trace = trace;
    seen.at = followed(trace);
    controls.update();
    steps.update();
    list.update();
    path.update();
    fill(rest, otherCorrections(trace), h("section", {}, curl(curlOf("trace", askedOf()))));
    return " ";
  };
  const part = region(status, { ask: (signal) => askTrace(signal), draw, empty: "no_text" });
  const content = h("div", { class: "walk" }, list.node, h("div", { class: "steps" }, steps.node, rest));
  const node = h(
    "div",
    {},
    h("section", {}, said("walk_lead", "p"), controls.fixed, path.node),
    controls.bar,
    status,
    content,
  );
  node.addEventListener("keydown", (event) => turn(event, seen));
  return {
    node,
    async update(changed) {
      if (!seen.trace || ASKED.some((name) => changed.has(name))) await part.update();
      else if (changed.has("column") || changed.has("dim")) part.redraw();
      if (changed.has("step") && seen.trace) list.go(state.step);
    },
  };
}

const theModel = () => allModels().find(({ name, steps }) => steps && name === state.walk) ?? modelNamed("");

function askedOf() {
  const model = theModel();
  const query = isPlace(state.row, Infinity) ? state.row : null; // how many there are is not known yet
  return { text: state.text, model: model.name, ...placeIn(model, state.walk_layer, state.walk_head), query };
}

const askTrace = async (signal) => {
  if (!state.text.trim()) return null;
  return { ...(await askJson("trace", { json: askedOf(), signal })), asked: state.text };
};

/** Which number is followed: of the query's row, of the key's, and its place in their vectors. */
function followed(trace) {
  const strongest = trace.steps.find(({ name }) => name === "strongest_key")?.values ?? 0;
  const column = isPlace(state.column, trace.tokens.length) ? state.column : strongest;
  return { row: trace.query, column, dim: isPlace(state.dim, trace.d_k) ? state.dim : 0 };
}

/** Model, layer and head; and in a bar that stays in sight, the number that is followed. */
function choices(seen) {
  const model = selection("model", (walk) => change({ walk, ...FRESH }));
  const layer = selection("layer", (value) => change({ walk_layer: Number(value), ...FRESH }));
  const head = selection("head", (value) => change({ walk_head: Number(value), ...FRESH }));
  const row = selection("walk_query", (value) => change({ row: Number(value) }), { class: "of-query" });
  const column = selection("walk_key", (value) => change({ column: Number(value) }), { class: "of-key" });
  const dim = selection("walk_dim", (value) => change({ dim: Number(value) }), { class: "of-dim" });
  const update = () => {
    const info = theModel();
    const place = placeIn(info, state.walk_layer, state.walk_head);
    const capable = modelOptions().filter(([name]) => allModels().find((one) => one.name === name).steps);
    model.offer(
      capable.sort(([a], [b]) => (b === "toy") - (a === "toy")),
      info.name,
    );
    layer.offer(numbers(info.layers), place.layer);
    head.offer(numbers(info.heads), place.head);
    if (seen.trace) offerNumbers(seen, row, column, dim);
  };
  always(update);
  const bar = named(
    h(
      "section",
      { class: "bar-of-walk row" },
      row.node,
      column.node,
      dim.node,
      turner(seen, "previous", -1),
      turner(seen, "next", 1),
    ),
    "walk_bar",
  );
  return { fixed: h("div", { class: "row" }, model.node, layer.node, head.node), bar, update };
}

function offerNumbers({ trace, at }, row, column, dim) {
  const tokens = trace.tokens.map((token, place) => [place, `${place} ${token}`]);
  row.offer(tokens, at.row);
  column.offer(tokens, at.column);
  dim.offer(numbers(trace.d_k), at.dim);
}

const turner = (seen, key, by) =>
  h("button", { type: "button", class: "quiet", onclick: () => seen.turn(by) }, said(`walk_${key}`));

/** Left and right go to the step before and after, unless something is scrolled or chosen with them. */
function turn(event, seen) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || event.target.closest("select, input, textarea, .scroll, [role=tab]")) return;
  event.preventDefault();
  seen.turn(by);
}
