// Which heads link two words most: asked when a pair of tokens is held.

import { askJson } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { change, state } from "./state.js";

const SHOWN = 8;

export function linked() {
  const place = h("div", { class: "linked" });
  const node = h("div", {}, said("linked_title", "h2"), place);
  let seen = null;
  const part = region(place, { ask: (signal) => ask(seen, signal), draw, empty: "linked_hint" });
  return {
    node,
    update(now) {
      seen = now;
      part.update();
    },
  };
}

/** Tokens are asked by number; merged words by what they are called. */
async function ask({ picture }, signal) {
  const [from, to] = [picture.tokens[state.query], picture.tokens[state.key]];
  const isMark = picture.special[state.query] || picture.special[state.key];
  if (from === undefined || to === undefined || (state.words && isMark)) return null; // a mark is no word of the text
  const ends = state.words ? { from, to } : { from: state.query, to: state.key };
  const { text, model } = picture.reading;
  const found = await askJson("heads", { json: { text, model: model.name, ...ends, limit: SHOWN }, signal });
  return { ...found, from, to };
}

function draw(found) {
  if (found === null) return null;
  return [
    h("p", { class: "quiet" }, t("linked_lead", { from: found.from, to: found.to, uniform: number(found.uniform, 3) })),
    h(
      "ol",
      { class: "plain" },
      found.items.map((item) => h("li", {}, opener(item))),
    ),
  ];
}

function opener({ layer, head, link, label }) {
  const open = () => change({ layer, head }, { step: true });
  return h(
    "button",
    { type: "button", class: "quiet small", onclick: open },
    t("linked_item", { layer, head, link: number(link, 3), label: t(`label_${label}`) }),
  );
}
