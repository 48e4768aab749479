// Duplicates of three kinds, in groups; one of a group may be kept and the others removed.

import { askJson, path } from "./shared/api.js";
import { debounced, h } from "./shared/dom.js";
import { number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { labelled, said } from "./shared/said.js";
import { pager } from "./anchors.js";
import { group } from "./groups.js";
import { keepingFocus } from "./roving.js";
import { button } from "./spoken.js";
import { go, live, state, tabNow, watch } from "./state.js";
import { attribution } from "./tiles.js";

const TIERS = ["same", "edited", "alike"];
const PAGE = 20; // groups
const TRIES = 20; // times that an unfinished comparison is asked for again

let tries = 0;
let waiting; // until it is asked again

/** The panel of the tab. */
export function duplicatesPanel() {
  const content = h("div", { class: "groups" }, said("comparing", "p"));
  const part = region(content, { ask, draw, empty: "no_groups" });
  const update = async () => {
    clearTimeout(waiting);
    const began = performance.now();
    const answer = await part.update();
    if (unfinished(answer) && tries < TRIES) waiting = setTimeout(again, Math.max(2000, performance.now() - began));
  };
  const again = () => {
    if (tabNow() !== "duplicates" || document.hidden) return void (waiting = setTimeout(again, 2000));
    tries += 1;
    content.classList.add("polling");
    keepingFocus(content, update).finally(() => content.classList.remove("polling"));
  };
  live(
    "duplicates",
    () => [state.tier, state.threshold, state.page].join("|"),
    () => ((tries = 0), update()),
  );
  return h("section", {}, said("duplicates_title", "h2"), h("div", { class: "row" }, kinds(), threshold()), content);
}

/** Of edited copies the service compares for some seconds, and says so when that was not enough. */
const unfinished = (answer) => answer?.left > 0;

async function ask(signal) {
  const tier = tierNow();
  const page = Math.max(1, Math.floor(state.page));
  const from = tier === "same" ? "" : state.threshold;
  const asked = { tier, threshold: from, limit: PAGE, offset: PAGE * (page - 1) };
  const found = await askJson(path("duplicates", asked), { signal });
  if (!found.items.length && page > 1 && found.total) go({ page: Math.ceil(found.total / PAGE) }); // groups went
  return found;
}

const tierNow = () => (TIERS.includes(state.tier) ? state.tier : "edited");

function kinds() {
  const radios = TIERS.map((tier) =>
    h("input", {
      type: "radio",
      name: "tier",
      value: tier,
      onchange: () => go({ tier, threshold: "", page: 1 }, { step: true }),
    }),
  );
  const mark = () => radios.forEach((radio) => (radio.checked = radio.value === tierNow()));
  watch(() => state.tier, mark);
  mark();
  return h(
    "fieldset",
    { class: "choice" },
    said("tier", "legend"),
    radios.map((radio) => h("label", { class: "inline" }, radio, said(`choose_${radio.value}`))),
  );
}

function threshold() {
  const input = h("input", { type: "number", min: "-1", max: "1", step: "0.01" });
  input.addEventListener(
    "input",
    debounced(() => input.checkValidity() && go({ threshold: input.value, page: 1 }), 500),
  );
  const usual = button("threshold_usual", () => go({ threshold: "", page: 1 }), { class: "quiet" });
  const mark = () => {
    if (input.value !== state.threshold) input.value = state.threshold;
    input.disabled = tierNow() === "same";
    usual.disabled = !state.threshold;
  };
  watch(() => `${state.tier} ${state.threshold}`, mark);
  mark();
  return [labelled("threshold", input), usual];
}

function draw(answer) {
  const { items, total, offset, tier, threshold: from } = answer;
  const count = t("groups", { total: whole(total), threshold: number(from, 2) });
  return [
    h("p", {}, t(`tier_${tier}_lead`), " ", h("strong", {}, count)),
    answer.note ? h("p", { class: "note", role: "status" }, noted(answer)) : null,
    total ? null : h("p", { class: "empty" }, t("no_groups")),
    items.map(({ anchors }, place) => group(anchors, offset + place + 1)),
    total > PAGE ? pager(offset, items.length, total, PAGE) : null,
    total ? attribution(answer) : null,
  ];
}

function noted(answer) {
  const goesOn = unfinished(answer) && tries < TRIES;
  return `${answer.note}. ${goesOn ? t("asking_on", { tries: tries + 1 }) : ""}`;
}
