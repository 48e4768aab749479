// The front page: how each service is, a picture it makes now, its figures.

import { Problem, askJson } from "./shared/api.js";
import { fill, find, h } from "./shared/dom.js";
import { figures } from "./shared/figures.js";
import { frame } from "./shared/frame.js";
import { language, learn, onLanguage, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { WORDS } from "./words.js";

const SHOWN = 2; // figures of each service

learn(WORDS);
frame(
  () => t("title"),
  [
    ["all_docs", "docs"],
    ["health", "health/ready"],
    ["metrics", "metrics"],
  ],
);

const head = h("div", {});
const cards = h("div", { class: "columns" });
fill(find("main"), head, cards);
onLanguage(drawHead);
drawHead();
let leaves; // made once: each draws itself again
region(cards, { ask: states, draw: (services) => (leaves ??= services.map(leaf)), empty: "no_services" }).update();

function drawHead() {
  fill(head, h("h1", {}, t("title")), h("p", { class: "lead" }, t("lead")));
}

/** Each service and whether it is ready; the gateway lists them also when it must say that not all are. */
async function states(signal) {
  try {
    return (await askJson("health/ready", { signal })).services;
  } catch (error) {
    if (error instanceof Problem && error.body.services) return error.body.services;
    throw error;
  }
}

/** One service: its card once it is ready; until then what the gateway says of it, asked again by itself. */
function leaf({ name, url }) {
  const content = h("div", { class: "leaf" });
  const part = region(content, {
    ask: (signal) => askJson(`${name}/card`, { signal }),
    draw: (card) => drawn(card, url),
  });
  part.update();
  return h("section", { "aria-label": name }, content);
}

function drawn(card, url) {
  const { name } = card;
  return [
    h("h2", {}, h("a", { href: url }, name)),
    h("p", {}, language() === "ko" && card.summary_ko ? card.summary_ko : card.summary),
    card.picture ? picture(name, card.picture, url) : null,
    h(
      "p",
      { class: "row" },
      h("a", { class: "button", href: url }, t("open", { name })),
      h("a", { href: `${name}/docs` }, t("docs")),
      h("a", { href: `${name}/card` }, t("card")),
      h("a", { href: `${name}/code/model.py` }, t("code")),
    ),
    figures({ figures: card.figures.slice(0, SHOWN).map((figure) => ({ ...figure, note: "" })) }),
  ];
}

function picture(name, place, url) {
  return h(
    "a",
    { class: "picture", href: url },
    h("img", { src: place.replace(/^\//, ""), alt: t("picture", { name }) }),
  );
}
