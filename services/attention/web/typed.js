// A field that keeps what is typed in the address, and follows it back.

import { debounced, h } from "./shared/dom.js";
import { labelled } from "./shared/said.js";
import { change, onChange, state } from "./state.js";

/** `name` is that of the words, of the state and of the field; `pause` the ms without a key until it is kept. */
export function typed(tag, name, pause, { also = {}, ...attributes } = {}) {
  const input = h(tag, { name, ".value": state[name], ...attributes });
  input.addEventListener(
    "input",
    debounced(() => change({ [name]: input.value, ...also }), pause),
  );
  onChange((changed) => {
    if (changed.has(name) && input.value !== state[name]) input.value = state[name];
  });
  return labelled(name, input, { class: "wide" });
}
