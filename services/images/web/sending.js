// Many files to the index: a few in a request, two requests at a time, until all are there or somebody stops it.

import { askJson } from "./shared/api.js";
import { prepared, tooLarge } from "./pictures.js";

const FILES = 8; // of a request
const BYTES = 6_000_000; // of a request, unless one file alone is larger
const LANES = 2;

/**
 * Sends `files`; `told({ file, kind, detail, smaller })` is called for each, where kind is added, known or refused,
 * and `waits(seconds)` when the service asks for patience. `stopped()` is asked before each request. Gives how many
 * are left.
 */
export async function send(files, { told, waits, stopped }) {
  const left = [...files];
  const lane = async () => {
    while (left.length && !stopped()) await settle(await batch(left), { told, waits });
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return left.length;
}

/** Takes the next files off the list; of equal names one only, as what is refused is told by its name. */
async function batch(left) {
  const taken = [];
  let bytes = 0;
  while (left.length && taken.length < FILES) {
    const [file] = left;
    if (taken.length && (bytes + file.size > BYTES || taken.some((one) => one.name === file.name))) break;
    left.shift();
    bytes += file.size;
    taken.push(file);
  }
  return Promise.all(taken.map(ready));
}

const ready = async (file) =>
  tooLarge(file) ? { ...(await prepared(file)), file } : { blob: file, name: file.name, smaller: null, file };

async function settle(sent, how) {
  try {
    const answer = await patiently(() => askJson("anchors", { body: formOf(sent) }), how.waits);
    outcomes(sent, answer).forEach(how.told);
  } catch (error) {
    if (!("status" in error)) throw error;
    if (sent.length === 1) how.told({ ...sent[0], kind: "refused", detail: error.detail });
    else for (const one of sent) await settle([one], how); // each is told its own reason
  }
}

function formOf(sent) {
  const form = new FormData();
  sent.forEach(({ blob, name }) => form.append("file", blob, name));
  return form;
}

/** Refused ones are told by name; the others come in the order they were sent. */
function outcomes(sent, { items, refused }) {
  const details = new Map(refused.map(({ file, detail }) => [file, detail]));
  const others = [...items];
  return sent.map((one) => {
    if (details.has(one.name)) return { ...one, kind: "refused", detail: details.get(one.name) };
    const { known, name } = others.shift();
    return { ...one, kind: known ? "known" : "added", detail: name };
  });
}

async function patiently(work, waits) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!error.passes) throw error;
      waits(error.retryAfter);
      await new Promise((done) => setTimeout(done, 1000 * error.retryAfter));
    }
  }
}
