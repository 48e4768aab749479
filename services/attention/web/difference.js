// What a head does in the first sentence minus what it does in the second, where their tokens are the same.

import { askJson } from "./shared/api.js";
import { fill, h } from "./shared/dom.js";
import { curl, curlOf } from "./shared/frame.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { changes } from "./changes.js";
import { finding, inWords } from "./difference_words.js";
import { model, placeIn } from "./models.js";
import { spelled } from "./spelled.js";
import { state } from "./state.js";
import { peak } from "./strongest.js";

const LONG = 900; // characters of both sentences, from which one layer alone is asked: all would be many MB

export function differenceView() {
  const seen = { data: null, layer: null };
  const { readout, pointed, picture } = spelled(seen, inWords, "difference_hint");
  const place = h("div", { class: "comparison" }, said("loading", "p", { class: "empty" }));
  const one = h("div");
  const shown = h("section", {}, said("difference_title", "h2"), one, picture.node, readout);
  const draw = (answer) => answer && drawn(answer, { seen, one, picture, pointed, shown });
  const part = region(place, { ask: askComparison, draw, empty: "no_second" });
  const update = (changed, anew) => {
    const other = isLong() && seen.layer !== placeIn(model()).layer;
    if (anew || other) part.update();
    else if (changed.has("layer") || changed.has("head")) part.redraw();
  };
  return { node: place, update };
}

const isLong = () => state.text.length + state.other.length > LONG;

const askedOf = () => ({
  a: state.text,
  b: state.other,
  model: model().name,
  layers: isLong() ? [placeIn(model()).layer] : null,
});

async function askComparison(signal) {
  if (!state.text.trim() || !state.other.trim()) return null;
  return askJson("compare", { json: askedOf(), signal });
}

function drawn(answer, { seen, one, picture, pointed, shown }) {
  const data = (seen.data = dataOf(answer));
  seen.layer = data.layer;
  fill(
    one,
    h("p", {}, t("difference_lead", { layer: data.layer, head: data.head, most: number(data.largest, 3) })),
    legend(),
  );
  picture.show(data);
  picture.box.setAttribute("aria-label", `${t("difference_name", data)} ${finding(data)} ${t("arrows")}`);
  pointed.tell();
  return [
    h(
      "section",
      {},
      said("sentences_title", "h2"),
      sentence("a", answer.a),
      sentence("b", answer.b),
      h("p", { class: "quiet" }, t("only_here")),
    ),
    answer.warnings.map((words) => h("p", { class: "note", lang: "en" }, words)),
    isLong() ? h("p", { class: "note" }, t("long", { layer: data.layer })) : null,
    h(
      "div",
      { class: "pair" },
      shown,
      h(
        "section",
        {},
        h("h2", {}, t("changed_title")),
        changes(answer),
        h("p", {}, finding(data)),
        curl(curlOf("compare", askedOf())),
      ),
    ),
  ];
}

/** The chosen head of the answer, as a matrix with signs. */
function dataOf({ a, alignment, layers, heads, difference }) {
  const { layer, head } = placeIn(model());
  const row = Math.max(
    0,
    layers.findIndex(([one]) => one === layer),
  );
  const values = Float32Array.from(difference[row][heads.indexOf(head)].flat());
  const names = alignment.map(([first]) => a.tokens[first]);
  const data = { rows: names, columns: names, values, scale: 1, signed: true, layer: layers[row][0], head };
  return { ...data, largest: peak(data) };
}

const sentence = (key, { tokens, only_here }) =>
  h(
    "p",
    { class: "strip" },
    h("strong", {}, `${t(`side_${key}`)} `),
    tokens.map((token, place) => h("span", { class: only_here.includes(place) ? "token only" : "token" }, token)),
  );

const legend = () =>
  h(
    "p",
    { class: "quiet" },
    h("span", { class: "swatch more" }),
    ` ${t("more_in_a")}  `,
    h("span", { class: "swatch less" }),
    ` ${t("more_in_b")}`,
  );
