// A match as a card: the picture, how similar, how sure; pointed at, it warms the picture that is searched with.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { searchWithAnchor } from "./asked.js";
import { shownAt } from "./places.js";
import { warmed } from "./preview.js";
import { percent } from "./spoken.js";
import { go, state } from "./state.js";

/** The item of a list; of searches by words there is no pair to open. */
export function card(match, place, { embedding }) {
  const warm = () => warmed(match.map);
  const cool = () => warmed(null);
  const pointing = { onpointerenter: warm, onpointerleave: cool, onfocusin: warm, onfocusout: cool };
  return h("li", { class: "match", ...pointing }, [
    picture(match, place, embedding === "words"),
    h("div", { class: "name", title: match.name }, match.name),
    likeness(match.similarity),
    sure(match),
    onward(match),
  ]);
}

function picture(match, place, alone) {
  const values = { place: place + 1, name: match.name, value: number(match.similarity, 3) };
  const label = t(alone ? "open_one" : "open_pair", values);
  const opened = alone ? { show: match.id } : { pair: match.id, left: "" };
  const onclick = () => go(opened, { step: true });
  const size = { width: match.width, height: match.height };
  const image = h("img", { src: shownAt(match), alt: "", loading: "lazy", ...size });
  return h("button", { type: "button", class: "picture", "aria-label": label, onclick }, image);
}

function sure({ id, probability }) {
  if (id === state.anchor) return h("div", { class: "sure" }, t("itself"));
  return probability === null ? null : h("div", { class: "sure" }, sureness(probability));
}

function likeness(similarity) {
  const width = `${Math.max(0, 100 * similarity)}%`;
  const bar = h("span", { class: "bar", "aria-hidden": "true", style: { width } });
  return h("div", { class: "likeness" }, bar, h("span", { class: "number" }, number(similarity, 3)));
}

function onward({ id, name }) {
  const label = t("search_with_one", { name });
  const onclick = () => searchWithAnchor(id);
  return h("button", { type: "button", class: "quiet small", "aria-label": label, onclick }, t("search_with"));
}

/** A probability in words and as a number. */
export function sureness(probability) {
  return t(`sure_${level(probability)}`, { share: percent(probability) });
}

function level(probability) {
  if (probability >= 0.9) return "high";
  if (probability >= 0.6) return "likely";
  return probability >= 0.3 ? "maybe" : "low";
}
