// Compare: two sentences, what a head does differently in them, and why their vectors are alike.

import { debounced, fill, h } from "./shared/dom.js";
import { labelled, said } from "./shared/said.js";
import { modelChoice } from "./controls.js";
import { differenceView } from "./difference.js";
import { pairView } from "./pair.js";
import { FRESH } from "./question.js";
import { change, onChange, state } from "./state.js";

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

/** The second sentence. */
function second() {
  const input = h("textarea", { rows: "2", name: "other", spellcheck: "false", ".value": state.other });
  input.addEventListener(
    "input",
    debounced(() => change({ other: input.value }), 350),
  );
  onChange((changed) => {
    if (changed.has("other") && input.value !== state.other) input.value = state.other;
  });
  return labelled("other", input, { class: "wide" });
}

const swapper = () =>
  fill(
    h("button", {
      type: "button",
      class: "quiet",
      onclick: () => change({ text: state.other, other: state.text, ...FRESH }),
    }),
    said("swap"),
  );
