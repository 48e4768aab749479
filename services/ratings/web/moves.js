// What the last star did: how far each movie of the list rose or fell, in places and in stars.

import { h } from "./shared/dom.js";
import { t, whole } from "./shared/language.js";
import { state } from "./state.js";
import { signed } from "./worded.js";

const FELT = 0.005; // stars; less would be shown as 0.00
let last = { items: [] };
let moves = new Map();

/** By movie: { places, stars } since the list before, or { fresh }. Only of a list of the same person and kind. */
export function movesOf(answer) {
  if (answer === last) return moves; // drawn again, in another language
  const kind = JSON.stringify([state.user, state.by, state.genre, state.seen, state.when, state.many]);
  moves = last.kind === kind ? compared(last.items, answer.items) : new Map();
  last = Object.assign(answer, { kind });
  return moves;
}

function compared(before, after) {
  const places = new Map(before.map((item, place) => [item.movie_id, { place, stars: item.stars }]));
  return new Map(after.map(({ movie_id, stars }, place) => [movie_id, move(places.get(movie_id), place, stars)]));
}

const move = (then, place, stars) =>
  then ? { places: then.place - place, stars: stars - then.stars } : { fresh: true };

/** The same in words; null where nothing moved. */
export function moved(one) {
  if (!one) return null;
  if (one.fresh) return h("span", { class: "moved" }, t("fresh"));
  const places = one.places && t(one.places > 0 ? "rose" : "fell", { places: whole(Math.abs(one.places)) });
  const stars = Math.abs(one.stars) < FELT ? "" : `${signed(one.stars)}★`;
  if (!places && !stars) return null;
  return h("span", { class: `moved ${one.stars < 0 ? "lost" : "won"}` }, [places, stars].filter(Boolean).join(" · "));
}
