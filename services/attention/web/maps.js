// The attention of a text: all heads small, one head whole; another head when it is opened.

import { ask, unanswered } from "./shared/api.js";
import { readNpz } from "./arrays.js";

const SIDE = 32; // pixels of a thumbnail
const NPZ = "application/x-npz";

/** What POST maps is asked for one head. */
export const askedOf = ({ text, model, words }, layer, head) => ({
  text,
  model: model.name,
  merge: words ? "words" : null,
  layers: [layer],
  heads: [head],
});

/** Tokens, thumbnails and statistics of all heads, and one head whole, in one answer. */
export async function firstPicture(reading, layer, head, signal) {
  const { found, error } = await askNpz({ ...askedOf(reading, layer, head), thumbnails: SIDE }, signal);
  const { "maps.json": described, weights, thumbnails, ...statistics } = found;
  const picture = { ...described, reading, thumbnails, statistics, maxError: error, heads: new Map() };
  picture.heads.set(`${layer}/${head}`, weights.data);
  return picture;
}

/** The weights of a head, uint8 in rows; kept, so that going back costs nothing. */
export async function headOf(picture, layer, head, signal) {
  const name = `${layer}/${head}`;
  if (!picture.heads.has(name)) {
    const { found } = await askNpz(askedOf(picture.reading, layer, head), signal);
    picture.heads.set(name, found.weights.data);
  }
  return picture.heads.get(name);
}

async function askNpz(json, signal) {
  const response = await ask("maps", { json, accept: NPZ, signal });
  const buffer = await response.arrayBuffer().catch(unanswered);
  performance.mark("answer");
  return { found: await readNpz(buffer), error: Number(response.headers.get("X-Max-Error")) };
}

/** A statistic of one head. */
export const statistic = ({ statistics }, name, layer, head) => {
  const { shape, data } = statistics[name] ?? { shape: [0, 0], data: [] };
  return data[layer * shape[1] + head];
};
