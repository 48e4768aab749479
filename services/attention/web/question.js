// The sentence, and examples to begin with.

import { fill, h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { always, named, said } from "./shared/said.js";
import { betterFor, model } from "./models.js";
import { change, onChange, state } from "./state.js";
import { typed } from "./typed.js";

const EXAMPLES = [
  ["example_game", { text: "when you play the game of thrones", model: "", layer: 0, head: 4, query: 3, key: 5 }],
  ["example_train", { text: "the train left the station on time", model: "", layer: 0, head: 4, query: 5, key: 2 }],
  [
    "example_banks",
    {
      text: "I opened an account at the bank and sat down on the bank of the river",
      model: "",
      layer: 0,
      head: 4,
      query: 7,
      key: 4,
    },
  ],
  [
    "example_korean",
    { text: "기차가 역을 제시간에 떠났다", model: "e5", layer: 11, head: 1, words: true, query: 4, key: 1 },
  ],
];
/** What no longer holds in another sentence. */
export const FRESH = { query: -1, key: -1, row: -1, column: -1 };
export const PAUSE = 350; // ms without a key before it is asked

export function question() {
  const field = typed("textarea", "text", PAUSE, { also: FRESH, rows: "2", spellcheck: "false" });
  return h("div", { class: "question" }, field, examples(), advice());
}

function examples() {
  const group = named(h("div", { class: "row chips", role: "group" }), "examples");
  return fill(
    group,
    EXAMPLES.map(([key, changes]) => chip(key, changes)),
  );
}

const chip = (key, changes) =>
  fill(
    h("button", {
      type: "button",
      class: "quiet small",
      onclick: () => change({ ...FRESH, words: false, ...changes }),
    }),
    said(key),
  );

/** Korean in front of a model that knows none: another one is offered. */
function advice() {
  const node = h("div", { class: "advice" });
  const draw = () => {
    const better = state.view === "walk" ? undefined : betterFor(state.text, model());
    fill(node, better ? offered(better.name) : null);
  };
  always(draw);
  onChange(draw);
  return node;
}

const offered = (name) =>
  h(
    "p",
    { class: "note" },
    t("korean", { model: model().name }),
    " ",
    h(
      "button",
      { type: "button", class: "small", onclick: () => change({ model: name }) },
      t("read_with", { model: name }),
    ),
  );
