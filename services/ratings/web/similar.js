// The movies that the same people like, below a movie.

import { askJson, path } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { small } from "./button.js";
import { named, remember } from "./movies.js";
import { change } from "./state.js";

const SHOWN = 5;
const open = new Set(); // stays open when the list is drawn again

/** A button, and the place where its answer is shown. */
export function similar({ movie_id, title }) {
  const place = h("div", { class: "similar", hidden: true });
  const part = region(place, {
    ask: (signal) => askJson(path(`movies/${movie_id}/similar`, { limit: SHOWN }), { signal }),
    draw: (answer) => list(title, answer),
  });
  const said = t("similar_to", { title });
  const button = small(t("similar"), () => show(place.hidden), said, { "aria-expanded": "false" });
  const show = (yes) => {
    open[yes ? "add" : "delete"](movie_id);
    button.setAttribute("aria-expanded", String(yes));
    place.hidden = !yes;
    if (yes && !place.childElementCount) part.update();
  };
  if (open.has(movie_id)) show(true);
  return { button, place };
}

const list = (title, { items }) => [
  h("p", { class: "quiet" }, t("similar_lead", { title })),
  h("ol", {}, remember(items).map(neighbour)),
];

const neighbour = (movie) =>
  h(
    "li",
    {},
    h(
      "div",
      {},
      h("div", {}, named(movie)),
      h("span", { class: "number" }, number(movie.similarity)),
      whyLink(movie.movie_id, movie.title),
    ),
  );

/** A button that explains the prediction for a movie. */
export function whyLink(movie_id, title) {
  const show = () => {
    change({ tab: "why", movie: String(movie_id) }, { step: true });
    document.querySelector("#tab-why")?.focus();
  };
  return small(t("why"), show, t("why_of", { title }));
}
