// The question as it is put to the API, and the same as a command.

import { ask, askJson, path } from "./shared/api.js";
import { anchors, fileAt } from "./places.js";
import { askedPicture, formOf } from "./asked.js";
import { boxOf } from "./pictures.js";
import { state } from "./state.js";

const EXPLAINED = 100; // matches that say why, at most

/** { answer, picture }; without a question { total, items }: some of the index to begin with. */
export async function answered(signal) {
  const picture = await askedPicture();
  if (!picture && !state.text) return { begin: await anchors({ limit: 24 }, { signal }) };
  return { answer: await askJson(await place(signal), { ...body(picture), signal }), picture };
}

/** The contact sheet of the same question, as a file. */
export async function sheet() {
  const response = await ask(await place(), { ...body(await askedPicture()), accept: "image/png" });
  return response.blob();
}

const body = (picture) => (picture ? { body: formOf(picture) } : {});

async function place(signal) {
  const k = await fitting(signal);
  if (state.text) return path("search", { text: state.text, k });
  const explain = state.by !== "copy" && k <= EXPLAINED ? "true" : "";
  return path("search", { ...asked(k), explain });
}

/** As many matches as were asked for, or as there are pictures: a small index has fewer than we ask for unasked. */
async function fitting(signal) {
  const { total } = await anchors({ limit: 1 }, { signal });
  return Math.max(1, Math.floor(Math.min(state.k, total || state.k)));
}

/** The question for a terminal. */
export function command(picture) {
  const url = (place) => quoted(new URL(place, location.href).href);
  if (state.text) return `curl -s ${url(path("search", { text: state.text, k: state.k }))}`;
  const search = url(path("search", asked(state.k)));
  if (!picture.id) return `curl -s -F ${quoted(`file=@${picture.name}`)} ${search}`;
  const sent = "--data-binary @- -H 'Content-Type: application/octet-stream'";
  return `curl -s ${url(fileAt(picture.id))} |\n  curl -s ${sent} ${search}`;
}

/** How a picture is searched with; of copies there is neither embedding nor map. */
function asked(k) {
  const { by, box, embedding } = state;
  return by === "copy" ? { k, by, box } : { k, box, embedding };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The region that was asked with, of a picture that is shown. */
export const askedBox = (picture) => boxOf(state.box, picture.bitmap);
