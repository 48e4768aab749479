// Files dropped anywhere on the page, or pasted: they go to the part that is seen, and never open in place of the page.

import { tabNow } from "./state.js";

const takers = new Map(); // by tab; the search takes what nobody else does

/** `take(files)` gets what is dropped or pasted while `tab` is seen. */
export const dropped = (tab, take) => takers.set(tab, take);

const give = (files) => (takers.get(tabNow()) ?? takers.get("search"))(files);
const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

let within = 0; // dragenter and dragleave come for every element on the way

function mark(change) {
  within = Math.max(0, within + change);
  document.documentElement.classList.toggle("dragging", within > 0);
}

addEventListener("dragenter", (event) => holdsFiles(event) && mark(1));
addEventListener("dragleave", (event) => holdsFiles(event) && mark(-1));
addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
addEventListener("drop", async (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  mark(-within);
  give(await filesOf(event.dataTransfer));
});

addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return; // text goes where it is typed
  event.preventDefault();
  give(files);
});

/** All files of what was dropped, those in folders too. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  for (const entry of entries) found.push(...(await filesIn(entry)));
  return found;
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed)); // a hundred at a time
    if (!some.length) return found;
    for (const one of some) found.push(...(await filesIn(one)));
  }
}
