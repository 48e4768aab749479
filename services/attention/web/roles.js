// What each head does, in words: the heads of each kind, the clearest first.

import { askJson } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { change } from "./state.js";

const KINDS = ["previous", "next", "self", "first", "separator", "broad", "mixed"];
const SHOWN = 6; // of a kind
const ALL = 1000; // more heads than any model here has

/** `update(picture)` asks for the heads of its text. */
export function roles() {
  const place = h("div", { class: "roles" });
  const node = h("section", {}, said("roles_title", "h2"), said("roles_lead", "p", { class: "quiet" }), place);
  let reading = null;
  const part = region(place, { ask: (signal) => ask(reading, signal), draw });
  return {
    node,
    update(picture) {
      reading = picture.reading;
      part.update();
    },
  };
}

const ask = ({ text, model }, signal) => askJson("heads", { json: { text, model: model.name, limit: ALL }, signal });

function draw({ items }) {
  const kinds = KINDS.map((kind) => ({ kind, heads: items.filter(({ label }) => label === kind) }));
  const rows = kinds.filter(({ heads }) => heads.length).map(row);
  return h("table", {}, h("tbody", {}, rows));
}

function row({ kind, heads }) {
  const rest = heads.length - SHOWN;
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      t(`label_${kind}`),
      " ",
      h("span", { class: "quiet" }, t("how_many", { count: heads.length })),
    ),
    h(
      "td",
      {},
      h("div", { class: "chips row" }, heads.slice(0, SHOWN).map(opener), rest > 0 ? t("and_more", { rest }) : null),
    ),
  );
}

function opener({ layer, head, confidence }) {
  const open = () => change({ layer, head }, { step: true });
  const words = `${t("head_name", { layer, head })}: ${number(confidence, 2)}`;
  return h("button", { type: "button", class: "quiet small", onclick: open }, words);
}
