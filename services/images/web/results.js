// What was found: the matches in order, and whether there is a match at all; before a question, where to begin.

import { announce, h } from "./shared/dom.js";
import { copier, curl } from "./shared/frame.js";
import { number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { save } from "./shared/saving.js";
import { asker, searchWithAnchor } from "./asked.js";
import { answered, command, sheet } from "./asking.js";
import { card } from "./cards.js";
import { roving } from "./roving.js";
import { go, live, state } from "./state.js";
import { attribution, tiles } from "./tiles.js";

let last = { matches: [] };
let first; // is called once the first question is answered, or failed

/** Done once there was an answer to what the address asks. */
export const answeredOnce = new Promise((done) => (first = done));

/** What was found last, in order. */
export const lastMatches = () => last.matches;

const heading = h("h2", { id: "results-title" });
const question = () => state.text || asker();

/** The panel of the answer. */
export function results() {
  const content = h("div", { class: "answer" }, said("loading", "p"));
  const part = region(content, { ask: answered, draw });
  const node = h("section", { class: "results", "aria-labelledby": "results-title" }, heading, content);
  let about = question();
  heading.textContent = t("results");
  live("search", everything, async () => {
    const other = question() !== about;
    about = question();
    await part.update();
    first();
    if (other) reveal(node);
  });
  return node;
}

const everything = () => [question(), state.k, state.embedding, state.by, state.box].join("|");

/** On a phone the answer lies below the question, and a card that was clicked may lie far down. */
function reveal(node) {
  const { top } = node.getBoundingClientRect();
  if (top < 0 || top > 0.7 * innerHeight) node.scrollIntoView();
}

function draw({ begin, answer, picture }) {
  last = answer ?? { matches: [] };
  heading.textContent = t(begin?.total ? "begin" : "results");
  if (begin) return beginning(begin);
  announce(summary(answer));
  return [
    verdict(answer),
    answer.matches.length ? found(answer) : null,
    answer.note ? h("p", { class: "note" }, answer.note) : null,
    answer.matches.length ? means(answer) : null,
    h(
      "div",
      { class: "row" },
      download(),
      copier(t("link"), () => location.href),
    ),
    curl(command(picture)),
    attribution(answer),
  ];
}

function found(answer) {
  const cards = answer.matches.map((match, place) => card(match, place, answer));
  return roving(h("ul", { class: "matches" }, cards));
}

/** Before anything was asked: pictures of the index to begin with. */
function beginning(page) {
  if (!page.total) {
    const onclick = () => go({ tab: "anchors" }, { step: true });
    return h("p", { class: "note" }, t("index_empty"), " ", h("button", { type: "button", onclick }, t("tab_anchors")));
  }
  const lead = h("p", {}, t("begin_lead", { total: whole(page.total) }));
  return [lead, tiles(page.items, ({ id }) => searchWithAnchor(id)), attribution(page)];
}

function summary({ matches, no_match: none }) {
  const [best] = matches;
  const said = [t("found", { count: matches.length })];
  if (best) said.push(t("first", { name: best.name, value: number(best.similarity, 3) }));
  if (none) said.push(t("no_match"));
  return said.join(" ");
}

function verdict({ no_match: none, embedding, index_size: size, model, matches }) {
  const asked = t("asked_how", { size: whole(size), embedding: t(`embedding_${embedding}`), model });
  const how = h("small", { class: "quiet" }, asked);
  if (none === null || !matches.length) return h("p", { class: "verdict" }, how);
  const key = `${none ? "no" : "is"}_${embedding === "copies" ? "copy" : "match"}`;
  return h("p", { class: none ? "verdict none" : "verdict" }, h("strong", {}, t(key)), " ", how);
}

function means({ embedding }) {
  const key = { copies: "means_copies", words: "means_words" }[embedding] ?? "means_look";
  return h("p", { class: "quiet means" }, t(key));
}

function download() {
  const status = h("span", { role: "status", class: "quiet" });
  const onclick = async () => {
    status.textContent = t("loading");
    status.textContent = await sheet().then(keep, (error) => error.detail ?? String(error));
  };
  return [h("button", { type: "button", class: "quiet", onclick }, t("download", { what: t("sheet") })), status];
}

function keep(blob) {
  save(blob, "triptych-matches.png");
  return "";
}
