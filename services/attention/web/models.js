// The models that the service has.

import { askJson } from "./shared/api.js";
import { state } from "./state.js";

let models = [];

export async function loadModels(signal) {
  models = (await askJson("models?limit=1000", { signal })).items;
  return models;
}

export const allModels = () => models;
export const modelNamed = (name) =>
  models.find((one) => one.name === name) ?? models.find((one) => one.default) ?? models[0];

/** The model of the page. */
export const model = () => modelNamed(state.model);

/** Whether `place` is one of `count`: an address may say anything. */
export const isPlace = (place, count) => Number.isInteger(place) && place >= 0 && place < count;

/** The layer and head chosen, or the first where the model has no such one. */
export function placeIn({ layers, heads }, layer = state.layer, head = state.head) {
  const within = isPlace(layer, layers) && isPlace(head, heads);
  return within ? { layer, head } : { layer: 0, head: 0 };
}

/** A model that knows Korean, when the text is Korean and `one` does not; else undefined. */
export function betterFor(text, one) {
  if (!one || !/[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/.test(text) || knowsKorean(one)) return undefined;
  return models.find((other) => other.languages.includes("ko"));
}

const knowsKorean = ({ languages }) => languages.includes("ko") || languages.includes("und");
