// Measure: six ways to say what counts in a sentence, and how far each can be believed.

import { askJson } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { curl, curlOf } from "./shared/frame.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { modelChoice } from "./controls.js";
import { curves } from "./curves.js";
import { headNumbers, tokenBars } from "./importance.js";
import { shown } from "./shared/figures.js";
import { model } from "./models.js";
import { state } from "./state.js";
import { typed } from "./typed.js";

const PAUSE = 600; // ms: what is asked takes seconds
const ASKED = ["text", "target", "model"];

export function measure() {
  const place = h("div", { class: "measures" }, said("measuring", "p", { class: "empty" }));
  const part = region(place, { ask, draw, empty: "no_text" });
  const node = h(
    "div",
    {},
    h(
      "section",
      {},
      said("measure_lead", "p"),
      said("measure_wait", "p", { class: "quiet" }),
      target(),
      h("div", { class: "row" }, modelChoice()),
    ),
    place,
  );
  return {
    node,
    update(changed) {
      if (ASKED.some((name) => changed.has(name))) part.update();
    },
  };
}

const askedOf = () => ({ text: state.text, target: state.target.trim() ? state.target : null, model: model().name });

const ask = async (signal) => (state.text.trim() ? askJson("measures", { json: askedOf(), signal }) : null);

const target = () => typed("input", "target", PAUSE, { type: "text" });

function draw(answer) {
  if (answer === null) return null;
  return [
    summary(answer),
    answer.measures.map((one) => drawn(one, answer)),
    h("section", {}, curl(curlOf("measures", askedOf()))),
  ];
}

function summary({ score, score_definition, baseline, baseline_score, faithful, warnings }) {
  const names = faithful.map((name) => t(`measure_${name}`)).join(", ");
  return h(
    "section",
    {},
    h("p", { class: "large" }, names ? t("faithful", { names }) : t("faithful_none")),
    h("p", {}, t("score", { score: number(score, 3), baseline: number(baseline_score, 3) })),
    h("p", { class: "quiet", lang: "en" }, `${score_definition}. Baseline: ${baseline}.`),
    warnings.map((words) => h("p", { class: "note", lang: "en" }, words)),
  );
}

function drawn(one, answer) {
  const title = t(`measure_${one.name}`);
  const numbers = one.of === "heads" ? headNumbers(one.importance, title) : tokenBars(one.importance, answer, title);
  return h(
    "section",
    { "aria-label": title },
    h("h2", {}, title),
    h("p", {}, t(`meaning_${one.name}`)),
    h("p", { class: "quiet small", lang: "en" }, one.source),
    h(
      "div",
      { class: "measure" },
      numbers,
      one.faithfulness ? curves(one.faithfulness, title) : h("p", { class: "quiet" }, t("no_curve")),
    ),
    checked(one.check),
  );
}

function checked({ name, value, goal }) {
  const fine = value <= goal;
  return h(
    "p",
    { class: "small" },
    h("strong", { class: fine ? "good" : "bad" }, t(fine ? "check_good" : "check_bad")),
    ` ${t("check", { value: shown(value), goal: shown(goal) })} `,
    h("span", { class: "quiet", lang: "en" }, name),
  );
}
