// A group of duplicates: the first, the others with their scores, and the way to keep one of them.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { removeAll } from "./actions.js";
import { confirmed } from "./dialog.js";
import { roving } from "./roving.js";
import { go } from "./state.js";
import { tile } from "./tiles.js";

/** `anchors` of one group, the first before those that resemble it. */
export function group(anchors, place) {
  const title = t("group_of", { place, count: anchors.length });
  const members = anchors.map((one, rank) => h("li", {}, member(one, rank, anchors), keeper(one, anchors)));
  const list = roving(h("ul", { class: "tiles" }, members));
  return h("div", { class: "group", role: "group", "aria-label": title }, h("h3", {}, title), list);
}

/** The first opens, the others are compared with it. */
function member(one, rank, [first]) {
  const score = rank ? t("group_score", { value: number(one.score, 3) }) : t("group_first");
  const label = rank ? t("compare_first", { name: one.name, first: first.name }) : null;
  const opened = rank ? { left: first.id, pair: one.id } : { show: one.id };
  return tile(one, () => go(opened, { step: true }), h("small", { class: "quiet" }, score), label);
}

function keeper(kept, anchors) {
  const label = t("keep_one", { name: kept.name });
  const others = anchors.filter((one) => one !== kept);
  const onclick = () => keep(kept, others);
  return h("button", { type: "button", class: "quiet small", "aria-label": label, onclick }, t("keep_this"));
}

async function keep({ name }, others) {
  const names = others.map((one) => one.name).join(", ");
  const yes = t("keep_yes", { count: others.length });
  if (await confirmed(t("keep_title", { name }), t("keep_text", { names }), yes)) removeAll(others);
}
