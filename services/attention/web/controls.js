// What several views choose: the model, the layer, the head, tokens or words.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { always, said, selection } from "./shared/said.js";
import { allModels, model, placeIn } from "./models.js";
import { change, onChange, state } from "./state.js";

export function modelChoice() {
  const { node, offer } = selection("model", (name) => change({ model: name, query: -1, key: -1 }));
  follow(() => offer(modelOptions(), model()?.name));
  return node;
}

export const modelOptions = () => allModels().map(({ name }) => [name, known(name)]);

function known(name) {
  return ["minilm", "e5", "toy"].includes(name) ? `${name} · ${t(`model_${name}`)}` : name;
}

export function placeChoices() {
  const layers = selection("layer", (layer) => change({ layer: Number(layer) }));
  const heads = selection("head", (head) => change({ head: Number(head) }));
  follow(() => {
    if (!model()) return;
    const { layer, head } = placeIn(model());
    layers.offer(numbers(model().layers), layer);
    heads.offer(numbers(model().heads), head);
  });
  return [layers.node, heads.node];
}

export const numbers = (count) => Array.from({ length: count }, (_, place) => [place, String(place)]);

export const wordsSwitch = () => toggle("words", (words) => change({ words, query: -1, key: -1 }));
export const marksSwitch = () => toggle("marks", (marks) => change({ marks }));

function toggle(name, chosen) {
  const box = h("input", { type: "checkbox", onchange: () => chosen(box.checked) });
  follow(() => (box.checked = state[name]));
  return h("label", { class: "inline" }, box, said(name));
}

/** Now, at each change, in each language. */
function follow(draw) {
  always(draw);
  onChange(draw);
}
