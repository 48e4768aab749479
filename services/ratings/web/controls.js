// Order, genre, movies already rated, and the moment: the switches above the recommendations.

import { h } from "./shared/dom.js";
import { onLanguage, t } from "./shared/language.js";
import { popularMovies } from "./movies.js";
import { change, onChange, state } from "./state.js";
import { worded } from "./worded.js";

export function controls() {
  return h(
    "div",
    { class: "controls" },
    h(
      "div",
      { class: "row" },
      order(),
      genre(),
      flag(
        "seen",
        () => state.seen,
        (seen) => change({ seen }),
      ),
    ),
    moment(),
  );
}

function order() {
  return select(
    "order",
    () => ["rank", "stars"],
    (one) => t(`by_${one}`),
    "by",
  );
}

/** The service has no list of its genres: those of its most rated movies, and the one of the address. */
function genre() {
  const names = new Set();
  const known = () => [...new Set([...names, "", state.genre])].sort();
  const label = select("genre", known, (one) => one || t("all_genres"), "genre");
  popularMovies().then(
    (movies) => {
      movies.forEach(({ genres }) => genres.forEach((one) => names.add(one)));
      label.redraw();
    },
    () => {}, // then the reader goes without; the list below says what is wrong with the service
  );
  return label;
}

function select(word, values, name, key) {
  const box = h("select", { onchange: () => change({ [key]: box.value }) });
  const redraw = () => {
    box.replaceChildren(...values().map((one) => h("option", { value: one }, name(one))));
    box.value = state[key];
  };
  onLanguage(redraw);
  onChange([key], redraw);
  redraw();
  return Object.assign(
    h(
      "label",
      {},
      worded("span", {}, () => t(word)),
      box,
    ),
    { redraw },
  );
}

function flag(word, now, chosen) {
  const box = h("input", { type: "checkbox", role: "switch", onchange: () => chosen(box.checked) });
  const redraw = () => (box.checked = now());
  onChange(["seen", "when"], redraw);
  redraw();
  return h(
    "label",
    { class: "inline switch" },
    box,
    worded("span", {}, () => t(word)),
  );
}

/** Three switches: whether time plays a role; night instead of day; weekend instead of weekday. */
export function moment() {
  const [time, week] = [() => state.when.split(" ")[0] || "day", () => state.when.split(" ")[1] || "weekday"];
  const set = (time, week) => change({ when: `${time} ${week}` });
  return h(
    "fieldset",
    { class: "row moment" },
    worded("legend", {}, () => t("moment")),
    flag(
      "when_on",
      () => state.when !== "",
      (on) => (on ? set("day", "weekday") : change({ when: "" })),
    ),
    flag(
      "night",
      () => time() === "night",
      (on) => set(on ? "night" : "day", week()),
    ),
    flag(
      "weekend",
      () => week() === "weekend",
      (on) => set(time(), on ? "weekend" : "weekday"),
    ),
    h(
      "details",
      { class: "quiet" },
      worded("summary", {}, () => t("when_more")),
      worded("p", {}, () => t("when_is")),
    ),
  );
}
