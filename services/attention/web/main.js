// The page of attention: a sentence, and four ways to see what a transformer makes of it.

import { fill, find, h } from "./shared/dom.js";
import { frame } from "./shared/frame.js";
import { learn, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { said } from "./shared/said.js";
import { tabs } from "./shared/tabs.js";
import { WORDS } from "./words.js";

learn(WORDS);

const { compare } = await import("./compare.js");
const { look } = await import("./look.js");
const { measure } = await import("./measure.js");
const { loadModels } = await import("./models.js");
const { question } = await import("./question.js");
const { change, onChange, state } = await import("./state.js");
const { walk } = await import("./walk.js");

const CREATE = { look, walk, compare, measure };

frame(
  () => t("title"),
  [
    ["docs", "docs"],
    ["card", "card"],
  ],
);
const content = h("div");
fill(find("main"), said("title", "h1"), said("lead", "p", { class: "lead" }), content);
region(content, { ask: loadModels, draw: once(page) }).update();

/** A page is made once; what is drawn again is only put back. */
function once(make) {
  let made;
  return () => (made ??= make());
}

function page() {
  const places = Object.fromEntries(Object.keys(CREATE).map((name) => [name, h("div", { class: "view" })]));
  const { list, open } = tabs("views", places, (name) => change({ view: name }, { step: true }));
  const made = {};
  const waiting = {};
  const show = (changed) => {
    const name = Object.hasOwn(CREATE, state.view) ? state.view : "look";
    for (const one of Object.keys(CREATE)) waiting[one] = new Set([...(waiting[one] ?? []), ...changed]);
    open(name);
    if (!made[name]) fill(places[name], (made[name] = CREATE[name]()).node);
    made[name].update(waiting[name]);
    waiting[name] = new Set();
  };
  onChange(show);
  queueMicrotask(() => show(Object.keys(state)));
  return [h("section", {}, question()), list, Object.values(places)];
}
