// Why two sentences are alike: their cosine as the exact sum of what every pair of tokens adds.

import { askJson } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { curl, curlOf } from "./shared/frame.js";
import { shown } from "./shared/figures.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { model } from "./models.js";
import { spelled } from "./spelled.js";
import { state } from "./state.js";
import { peak } from "./strongest.js";

export function pairView() {
  const seen = { data: null };
  const { readout, pointed, picture } = spelled(seen, inWords, "pair_hint");
  const section = h(
    "section",
    {},
    said("pair_title", "h2"),
    said("pair_lead", "p", { class: "quiet" }),
    picture.node,
    readout,
  );
  const place = h("div", { class: "comparison" }, said("loading", "p", { class: "empty" }));
  const draw = (answer) => answer && drawn(answer, { seen, picture, pointed, section });
  const part = region(place, { ask, draw, empty: "no_second" });
  return { node: place, update: part.update };
}

const askedOf = () => ({ a: state.text, b: state.other, model: model().name });

const ask = async (signal) =>
  state.text.trim() && state.other.trim() ? askJson("pair", { json: askedOf(), signal }) : null;

function drawn(answer, { seen, picture, pointed, section }) {
  const data = {
    rows: answer.a.tokens,
    columns: answer.b.tokens,
    values: Float32Array.from(answer.matrix.flat()),
    scale: 1,
    signed: true,
  };
  seen.data = { ...data, largest: peak(data) };
  picture.show(seen.data);
  picture.box.setAttribute(
    "aria-label",
    `${t("pair_title")}. ${t("cosine", { cosine: number(answer.cosine, 4) })} ${t("arrows")}`,
  );
  pointed.tell();
  return h("div", { class: "pair" }, section, summary(answer));
}

function summary(answer) {
  const { cosine, error, between_words, strongest, warnings } = answer;
  return h(
    "section",
    {},
    h("p", { class: "large" }, t("cosine", { cosine: number(cosine, 4) })),
    h("p", {}, t("cosine_parts", { words: number(between_words, 4), error: shown(error) })),
    warnings.map((words) => h("p", { class: "note", lang: "en" }, words)),
    h("h3", {}, t("pair_strongest")),
    linksOf(strongest),
    curl(curlOf("pair", askedOf())),
  );
}

function linksOf(strongest) {
  const head = ["side_a", "side_b", "adds"].map((key) => h("th", { scope: "col" }, t(key)));
  const rows = strongest.map(({ word_a, word_b, contribution }) =>
    h("tr", {}, h("td", {}, word_a), h("td", {}, word_b), h("td", { class: "number" }, number(contribution, 4))),
  );
  return h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}

function inWords({ values, rows, columns }, { row, column }) {
  if (row < 0 || column < 0) return "";
  return t("pair_adds", { a: rows[row], b: columns[column], value: number(values[row * columns.length + column], 5) });
}
