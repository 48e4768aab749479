// Compare: two sentences, what a head does differently in them, and why their vectors are alike.

import { fill, h } from "./shared/dom.js";
import { said } from "./shared/said.js";
import { modelChoice } from "./controls.js";
import { differenceView } from "./difference.js";
import { pairView } from "./pair.js";
import { FRESH, PAUSE } from "./question.js";
import { change, state } from "./state.js";
import { typed } from "./typed.js";

const ASKED = ["text", "other", "model"];

export function compare() {
  const difference = differenceView();
  const pair = pairView();
  const node = h(
    "div",
    {},
    h("section", {}, said("compare_lead", "p"), second(), h("div", { class: "row" }, modelChoice(), swapper())),
    difference.node,
    pair.node,
  );
  return {
    node,
    update(changed) {
      const anew = ASKED.some((name) => changed.has(name));
      difference.update(changed, anew);
      if (anew) pair.update();
    },
  };
}

const second = () => typed("textarea", "other", PAUSE, { rows: "2", spellcheck: "false" });

const swapper = () =>
  fill(
    h("button", {
      type: "button",
      class: "quiet",
      onclick: () => change({ text: state.other, other: state.text, ...FRESH }),
    }),
    said("swap"),
  );
