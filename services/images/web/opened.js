// The dialogs of the address: one picture of the index, or a pair; prev and next go along the matches.

import { h } from "./shared/dom.js";
import { number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { actions } from "./actions.js";
import { open } from "./dialog.js";
import { pair } from "./pair.js";
import { anchor, fileAt } from "./places.js";
import { answeredOnce, lastMatches } from "./results.js";
import { go, indexVersion, state, tabNow, watch } from "./state.js";
import { attribution } from "./tiles.js";

let current = null; // the dialog that the address asks for

/** Keeps the dialogs as the address says. */
export async function dialogs() {
  if (state.pair && !state.left && tabNow() === "search") await answeredOnce;
  const key = () => [state.show, state.pair, state.left].join("|");
  const update = () => {
    const before = current;
    current = null;
    before?.close();
    if (state.pair) current = openPair();
    else if (state.show) current = openOne();
  };
  watch(key, update);
  watch(indexVersion, () => (state.pair || state.show) && update()); // it may have another name
  update();
}

/** However a dialog closes, the address says so, unless the address closed it: browsers tell of it only later. */
function closed(dialog, changes) {
  if (dialog !== current) return;
  current = null;
  go(changes);
}

function openOne() {
  const content = h("div", { class: "one" });
  const id = state.show;
  const dialog = open(t("one_title"), content, { closed: () => closed(dialog, { show: "" }) });
  region(content, { ask: (signal) => anchor(id, { signal }), draw: one }).update();
  return dialog;
}

function one(record) {
  const fact = (key, value) => [h("dt", {}, t(key)), h("dd", {}, value)];
  return [
    h("img", { class: "large", src: fileAt(record.id), alt: record.name, width: record.width, height: record.height }),
    h("h3", {}, record.name),
    h(
      "dl",
      { class: "facts" },
      fact("fact_file", record.file),
      fact("fact_size", `${record.width} × ${record.height} · ${whole(Math.ceil(record.bytes / 1000))} kB`),
      fact("fact_added", new Date(record.added_at).toLocaleString(document.documentElement.lang)),
      fact("fact_source", t(`source_${record.source}`)),
      fact("fact_id", h("code", {}, record.id)),
    ),
    actions(record),
    attribution(),
  ];
}

function openPair() {
  const content = h("div", { class: "pairing" });
  const over = new AbortController();
  const dialog = open(t("pair_title"), [steps(), content], {
    wide: true,
    closed: () => {
      over.abort();
      closed(dialog, { pair: "", left: "" });
    },
  });
  pair(content, over);
  return dialog;
}

/** To the match before and after. */
function steps() {
  const matches = state.left ? [] : lastMatches();
  const place = matches.findIndex(({ id }) => id === state.pair);
  if (place < 0) return null;
  const to = (other, key) =>
    h(
      "button",
      { type: "button", class: "quiet", disabled: !matches[other], onclick: () => go({ pair: matches[other].id }) },
      t(key),
    );
  return h(
    "p",
    { class: "row steps" },
    to(place - 1, "before"),
    h("span", {}, t("match_of", { place: number(place + 1, 0), count: number(matches.length, 0) })),
    to(place + 1, "after"),
  );
}
