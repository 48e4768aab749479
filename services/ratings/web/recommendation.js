// One recommended movie: its stars with their interval, the parts they are made of, and the own ratings that pushed it.

import { fill, h } from "./shared/dom.js";
import { number, t, whole } from "./shared/language.js";
import { giving, mayGive, starsOf } from "./give.js";
import { interval } from "./interval.js";
import { moved } from "./moves.js";
import { named } from "./movies.js";
import { stack } from "./parts.js";
import { similar, whyLink } from "./similar.js";
import { state } from "./state.js";
import { given, signed } from "./worded.js";

const LEAST = 0.005; // less would be shown as 0.00

/** For a keyed list: its element and how it is brought up to date. */
export function recommendation(movie) {
  const body = h("div", { class: "body" });
  const give = giving(movie);
  const stars = h("div", {});
  const alike = similar(movie);
  const actions = h("div", { class: "row actions" }, stars, whyLink(movie.movie_id, movie.title), alike.button);
  const node = h("li", { class: "movie" }, body, actions, alike.place);
  const update = (item, rank) => {
    fill(body, shown(item, rank));
    if (mayGive() !== stars.contains(give.node)) fill(stars, mayGive() ? give.node : null);
    give.set(starsOf(movie.movie_id));
    node.classList.remove("leaving");
  };
  return { node, update };
}

const shown = (item, rank) => [
  h(
    "div",
    { class: "name" },
    h("span", { class: "rank number" }, whole(rank + 1)),
    h("div", {}, named(item), h("small", {}, others(item), " ", moved(item.move))),
  ),
  interval(item),
  stack(item.parts, item.reach),
  state.by === "rank" ? spoke(item.reasons) : null,
  pushes(item.because),
];

/** What everybody else gave it. */
const others = ({ count, mean }) => (mean === null ? null : t("rated_by", { count: whole(count), mean: number(mean) }));

/** Why it stands where it stands. */
function spoke(reasons) {
  const spoken = reasons.filter(({ weight }) => weight >= LEAST);
  if (!spoken.length) return null;
  return h(
    "p",
    { class: "reasons" },
    h("span", { class: "quiet" }, t("spoke")),
    " ",
    spoken.map(({ title, stars, weight }) => chip(title, stars, number(weight), "up")),
  );
}

/** What moved its stars, up or down. */
function pushes({ ratings }) {
  const felt = ratings.filter(({ push }) => Math.abs(push) >= LEAST);
  if (!felt.length) return null;
  return h(
    "p",
    { class: "reasons" },
    h("span", { class: "quiet" }, t("pushed")),
    " ",
    felt.map(({ title, stars, push }) => chip(title, stars, signed(push), push < 0 ? "down" : "up")),
  );
}

const chip = (title, stars, value, way) => [
  h("span", { class: `chip ${way}` }, `${title} ${given(stars)}★ `, h("b", { class: "number" }, value)),
  " ",
];
