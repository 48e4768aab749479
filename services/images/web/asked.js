// The picture that is searched with: the reader's own, which no address can hold, or one of the index.

import { ask, unanswered } from "./shared/api.js";
import { bitmapOf, prepared } from "./pictures.js";
import { anchor, fileAt } from "./places.js";
import { go, state } from "./state.js";

const KEPT = 20; // pictures of the index that need not be fetched again

let own = null; // the reader's
let turn = 0; // which of the reader's it is
let latest = 0; // which of them came last, ready or not
const fetched = new Map();

/** Searches with a file of the reader's. */
export async function searchWith(file) {
  const mine = (latest += 1);
  const picture = await prepared(file);
  if (mine !== latest) return; // a small file that came later is ready before a large one
  own = picture;
  turn += 1;
  go({ tab: "search", anchor: "", text: "", box: "", pair: "", left: "", show: "" }, { step: true });
}

export const searchWithAnchor = (id) =>
  go({ tab: "search", anchor: id, text: "", box: "", pair: "", left: "", show: "" }, { step: true });

/** Who asks: another text where it is another picture. */
export const asker = () => (state.text ? "" : state.anchor || (own ? `own ${turn}` : ""));

/** The picture that is searched with, { blob, name, bitmap, smaller, id }; null where there is none. */
export async function askedPicture() {
  if (state.text) return null;
  return state.anchor ? anchorPicture(state.anchor) : own;
}

/** The same of any picture of the index; who asks meanwhile waits for the same answer. */
export function anchorPicture(id) {
  if (!fetched.has(id)) keep(id, fetchPicture(id));
  return fetched.get(id);
}

async function fetchPicture(id) {
  const [record, response] = await Promise.all([anchor(id), ask(fileAt(id))]);
  const blob = await response.blob().catch(unanswered);
  return { blob, name: record.file, title: record.name, bitmap: await bitmapOf(blob), smaller: null, id };
}

function keep(id, picture) {
  fetched.set(id, picture);
  picture.catch(() => fetched.delete(id)); // it is asked for again
  if (fetched.size > KEPT) fetched.delete(fetched.keys().next().value);
}

/** To be called when a picture got another name or went. */
export const forget = (id) => fetched.delete(id);

/** The picture as the body of a request. */
export function formOf(picture) {
  const form = new FormData();
  form.append("file", picture.blob, picture.name);
  return form;
}
