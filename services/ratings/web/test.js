// The newsletter's test of one user: the true top k beside the predicted one, and what chance would score.

import { askJson, path } from "./shared/api.js";
import { debounced, h } from "./shared/dom.js";
import { number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { isUser } from "./person.js";
import { change, onChange, state, whileSeen } from "./state.js";
import { table } from "./table.js";
import { given, worded } from "./worded.js";

const MEASURES = ["true_positives", "accuracy", "mrr"];

export function test() {
  const place = h("div", { class: "tested" });
  const part = region(place, { ask, draw: (answer) => answer && drawn(answer), empty: "test_no_user" });
  whileSeen("test", ["user", "k", "given"], debounced(part.update, 60));
  return h(
    "section",
    {},
    worded("h2", {}, () => t("test_title")),
    worded("p", {}, () => t("test_lead")),
    length(),
    place,
  );
}

function length() {
  const input = h("input", {
    type: "number",
    min: 1,
    max: 100,
    step: 1,
    oninput: debounced(() => input.value && change({ k: Number(input.value) }), 300),
  });
  const draw = () => document.activeElement !== input && (input.value = state.k);
  onChange(["k"], draw);
  draw();
  return h(
    "p",
    {},
    h(
      "label",
      {},
      worded("span", {}, () => t("test_k")),
      input,
    ),
  );
}

async function ask(signal) {
  if (!isUser()) return null;
  return askJson(path(`users/${encodeURIComponent(state.user)}/evaluation`, { k: state.k }), { signal });
}

function drawn(found) {
  const { k, candidates, truth, predicted } = found;
  const inBoth = truth.filter(({ movie_id }) => predicted.some((one) => one.movie_id === movie_id));
  const hits = new Set(inBoth.map(({ movie_id }) => movie_id));
  const chance = number(k * found.random.true_positives);
  return [
    h("p", {}, t("test_said", { user: found.user_id, k, candidates: whole(candidates), hits: hits.size, chance })),
    measures(found),
    h("div", { class: "columns lists" }, places("test_truth", truth, hits), places("test_predicted", predicted, hits)),
  ];
}

function measures(found) {
  const row = (name) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, t(name), h("small", { class: "quiet" }, t(`${name}_is`))),
      h("td", { class: "number" }, number(found[name])),
      h("td", { class: "number" }, number(found.random[name])),
      h("td", {}, versus(found[name], found.random[name])),
    );
  const heads = ["measure", "ours", "chance", "test_versus"];
  return table(t("test_table"), heads, MEASURES.map(row), { kind: "measures" });
}

function versus(ours, chance) {
  if (ours > chance) return h("span", { class: "won" }, t("above_chance"));
  return h("span", { class: ours < chance ? "lost" : "" }, t(ours < chance ? "below_chance" : "as_chance"));
}

function places(word, rows, hits) {
  const item = ({ title, movie_id, stars, predicted }) =>
    h(
      "li",
      { class: hits.has(movie_id) ? "hit" : "" },
      h("strong", {}, title),
      hits.has(movie_id) ? h("span", { class: "won" }, ` ✓ ${t("in_both")}`) : null,
      h("small", { class: "quiet" }, t("gave_predicted", { stars: given(stars), predicted: number(predicted) })),
    );
  return h("div", {}, h("h3", {}, t(word)), h("ol", { class: "places" }, rows.map(item)));
}
