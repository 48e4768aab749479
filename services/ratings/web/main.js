// The page of ratings: who it is about, and in tabs what the service says of him, why, how good that is, of what.

import { askJson } from "./shared/api.js";
import { fill, find, h } from "./shared/dom.js";
import { copier, frame } from "./shared/frame.js";
import { learn, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { tabs } from "./shared/tabs.js";
import { about } from "./about.js";
import { explanation } from "./explain.js";
import { model } from "./model.js";
import { nextMovies } from "./next.js";
import { own } from "./own.js";
import { isUser } from "./person.js";
import { profile } from "./profile.js";
import { glance, recommendations } from "./recommendations.js";
import { learnScale } from "./scale.js";
import { change, onChange, tabSeen } from "./state.js";
import { test } from "./test.js";
import { asUser } from "./as_user.js";
import { who } from "./who.js";
import { WORDS } from "./words.js";
import { worded } from "./worded.js";

learn(WORDS);
frame(
  () => t("title"),
  [
    ["docs", "docs"],
    ["card", "card"],
  ],
);

const head = worded("div", {}, () => [h("h1", {}, t("title")), h("p", { class: "lead" }, t("lead"))]);
const place = h("div", { class: "page" });
fill(find("main"), head, place);

let page; // made once: what somebody is typing in is never replaced
region(place, { ask: (signal) => askJson("card", { signal }), draw: (card) => (page ??= whole(card)) }).update();

function whole(card) {
  learnScale(card);
  const views = Object.fromEntries(
    Object.entries({ movies: movies(), why: explanation(), test: test(), model: model(card) }).map(within),
  );
  const { list, open } = tabs("tabs", views, (tab) => change({ tab }, { step: true }));
  onChange(["tab"], () => open(tabSeen()));
  open(tabSeen());
  return [h("section", {}, who()), list, Object.values(views), link()];
}

const within = ([name, node]) => [name, h("div", {}, node)];

/** Left what the person rated, right what comes of it. */
function movies() {
  const newcomer = h(
    "section",
    {},
    worded("h2", {}, () => t("your_ratings")),
    own(),
    about(),
  );
  const user = h("div", {}, profile(), asUser());
  const show = () => {
    newcomer.hidden = isUser();
    user.hidden = !isUser();
  };
  onChange(["user"], show);
  show();
  return h("div", { class: "sides" }, h("div", {}, newcomer, user, nextMovies(), glance), recommendations());
}

const link = () => worded("p", {}, () => copier(t("link"), () => location.href));
