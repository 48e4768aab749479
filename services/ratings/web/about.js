// What a newcomer may tell of himself: it moves only the beginning.

import { debounced, h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { change, onChange, state } from "./state.js";
import { worded } from "./worded.js";

const FIELDS = ["age", "gender", "occupation"];

export function about() {
  const told = FIELDS.some((name) => state[name]);
  return h(
    "details",
    { open: told },
    worded("summary", {}, () => t("about")),
    worded("p", { class: "quiet" }, () => t("about_lead")),
    h("div", { class: "row" }, FIELDS.map(field)),
  );
}

function field(name) {
  const input = h("input", {
    type: name === "age" ? "number" : "text",
    min: 1,
    max: 120,
    class: name,
    autocomplete: "off",
    oninput: debounced(() => change({ [name]: input.value.trim() }), 400),
  });
  const draw = () => {
    if (document.activeElement !== input) input.value = state[name];
  };
  onChange([name], draw);
  draw();
  return h(
    "label",
    {},
    worded("span", {}, () => t(name)),
    input,
  );
}
