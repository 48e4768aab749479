// The page of a service that has none of its own: its model card.

import { askJson } from "./shared/api.js";
import { fill, find, h } from "./shared/dom.js";
import { figures } from "./shared/figures.js";
import { frame } from "./shared/frame.js";
import { t } from "./shared/language.js";
import { region } from "./shared/region.js";

const name = location.pathname.split("/").filter(Boolean).at(-1);
const place = h("div", {});

frame(
  () => `Triptych: ${name}`,
  [
    ["docs", "docs"],
    ["card", "card"],
  ],
);
fill(find("main"), h("h1", {}, name), place);
region(place, { ask: (signal) => askJson("card", { signal }), draw }).update();

function draw(card) {
  return [
    h("p", { class: "lead" }, card.summary),
    h("section", {}, h("h2", {}, t("figures")), figures(card)),
    h(
      "ul",
      {},
      card.limits.map((limit) => h("li", {}, limit)),
    ),
  ];
}
