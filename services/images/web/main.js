// The page of images: search, the pictures of the index, their duplicates, and the map of all of them.

import "./learned.js";
import { fill, find, h } from "./shared/dom.js";
import { frame } from "./shared/frame.js";
import { t } from "./shared/language.js";
import { said } from "./shared/said.js";
import { tabs } from "./shared/tabs.js";
import { anchorsPanel } from "./anchors.js";
import { duplicatesPanel } from "./duplicates.js";
import { mapPanel } from "./map.js";
import { dialogs } from "./opened.js";
import { query } from "./query.js";
import { results } from "./results.js";
import { go, tabNow, watch } from "./state.js";

const links = [
  ["docs", "docs"],
  ["card", "card"],
];
frame(() => t("title"), links);

const lead = said("lead", "p");
lead.className = "lead";

const panels = {
  search: h("div", {}, lead, h("div", { class: "search" }, query(), results())),
  anchors: h("div", {}, anchorsPanel()),
  duplicates: h("div", {}, duplicatesPanel()),
  map: h("div", {}, mapPanel()),
};
const { list, open } = tabs("parts", panels, (tab) => go({ tab, page: 1 }, { step: true }));
const show = () => open(tabNow());
watch(tabNow, show);
show();
fill(find("main"), said("title", "h1"), list, Object.values(panels));
dialogs();
