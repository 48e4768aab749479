// What can be done with a picture of the index: searched with, shown on the map, renamed, removed and brought back.

import { ask, askJson, path } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { forget, searchWithAnchor } from "./asked.js";
import { confirmed, written } from "./dialog.js";
import { anchorAt, fileAt } from "./places.js";
import { go, indexChanged, state } from "./state.js";
import { toast } from "./toast.js";

/** The buttons for an anchor. */
export function actions(anchor) {
  const button = (key, onclick, kind = "quiet") => h("button", { type: "button", class: kind, onclick }, t(key));
  return h(
    "div",
    { class: "row actions" },
    button("search_with", () => searchWithAnchor(anchor.id), ""),
    button("show_on_map", () => go({ tab: "map", at: anchor.id, show: "", pair: "", left: "" }, { step: true })),
    button("rename", () => rename(anchor)),
    button("remove", () => removeOne(anchor)),
    h("a", { class: "button quiet", href: fileAt(anchor.id), target: "_blank", rel: "noopener" }, t("open_file")),
  );
}

async function rename(anchor) {
  const name = await written(t("rename_title", { name: anchor.name }), t("rename_label"), anchor.name);
  if (name === null || name === anchor.name) return;
  const to = (other) => askJson(anchorAt(anchor.id), { method: "PATCH", json: { name: other } });
  await attempted(async () => {
    await to(name);
    changed([anchor.id]);
    toast(t("renamed", { old: anchor.name, name }), [
      t("undo"),
      () => attempted(async () => (await to(anchor.name), changed([anchor.id]))),
    ]);
  });
}

async function removeOne(anchor) {
  if (await confirmed(t("remove_title", { name: anchor.name }), t("remove_text"), t("remove")))
    await removeAll([anchor]);
}

/** Removes pictures, asked already; their files are fetched first, so that they can be brought back. */
export async function removeAll(anchors) {
  const gone = [];
  const work = async () => {
    for (const anchor of anchors) {
      const blob = await (await ask(fileAt(anchor.id))).blob();
      await ask(anchorAt(anchor.id), { method: "DELETE" });
      gone.push({ ...anchor, blob });
    }
  };
  await attempted(work);
  if (!gone.length) return;
  changed(
    gone.map(({ id }) => id),
    true,
  );
  const text = gone.length === 1 ? t("removed", { name: gone[0].name }) : t("removed_many", { count: gone.length });
  toast(text, [t("undo"), () => attempted(() => bringBack(gone))]);
}

async function bringBack(gone) {
  for (const { blob, name, file } of gone) await ask(path("anchors", { name, file }), { body: blob });
  changed([]);
  toast(t("brought_back", { count: number(gone.length, 0) }));
}

function changed(ids, removed = false) {
  ids.forEach(forget);
  if (removed) leave(ids);
  indexChanged();
}

/** What is gone cannot stay open. */
function leave(ids) {
  const gone = Object.fromEntries(
    ["show", "pair", "left", "at", "anchor"].filter((one) => ids.includes(state[one])).map((one) => [one, ""]),
  );
  if ("left" in gone || "pair" in gone) Object.assign(gone, { pair: "", left: "" });
  go(gone);
}

async function attempted(work) {
  try {
    await work();
  } catch (error) {
    if (!("status" in error)) throw error;
    toast(error.detail);
  }
}
