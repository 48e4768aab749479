// What is seen, as it stands in the address; and who wants to know when it changes.

import { address } from "./shared/address.js";

const DEFAULTS = {
  text: "when you play the game of thrones",
  model: "", // the service's default
  view: "look",
  layer: 0,
  head: 4,
  marks: true, // whether [CLS] and [SEP] are drawn
  words: false, // whole words instead of tokens
  query: -1, // Look: the token that is held, -1 for none
  key: -1,
  other: "the train left the station very late", // Compare: the second sentence
  target: "", // Measure: the sentence whose likeness is explained
  walk: "toy", // Walk: its model, layer, head, and the number that is followed
  walk_layer: 0,
  walk_head: 0,
  step: "",
  row: -1,
  column: -1,
  dim: 0,
};

const listeners = new Set();
let before = {};
const { state, set } = address(DEFAULTS, moved);
before = { ...state };

export { state };

/** Changes the state and its address, and tells everybody what changed; `step` makes a step to go back to. */
export function change(changes, options) {
  const names = Object.keys(changes).filter((name) => state[name] !== changes[name]);
  if (!names.length) return;
  set(changes, options);
  before = { ...state };
  tell(names);
}

/** `listener` gets a Set of the names that changed. */
export function onChange(listener) {
  listeners.add(listener);
}

/** The reader went back or forward. */
function moved() {
  const names = Object.keys(DEFAULTS).filter((name) => state[name] !== before[name]);
  before = { ...state };
  tell(names);
}

function tell(names) {
  const changed = new Set(names);
  listeners.forEach((listener) => listener(changed));
}
