// Giving stars: a newcomer's go into the address; a user's onto the service's disk, only after the reader agreed.

import { askJson, path } from "./shared/api.js";
import { debounced, fill, h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { small } from "./button.js";
import { forget, isUser, rate, ratings, userDetails } from "./person.js";
import { onChange, state, touch } from "./state.js";
import { stars } from "./stars.js";
import { given, worded } from "./worded.js";

const SETTLED = 350; // milliseconds: arrows pass other stars on their way
let agreed = false;
let originals = new Map(); // of the user's ratings changed here: what they were
let lines = new Map(); // what is said of each
let save; // a function of the list of changes

export const mayGive = () => !isUser() || agreed;

/** Stars for a movie; what stands there now is shown. */
export function giving(movie) {
  const keepSoon = debounced((value, user) => save(movie, value, user), SETTLED);
  const chosen = (value) => (isUser() ? keepSoon(value, state.user) : rate(movie.movie_id, value));
  return stars(movie.title, starsOf(movie.movie_id), chosen);
}

export const takeBack = (movie) => save(movie, null, state.user);

/** What a newcomer gave; a user's are known to the service. */
export const starsOf = (id) => (isUser() ? null : (ratings().find((one) => one.movie_id === id)?.stars ?? null));

/** The switch that lets the reader rate as a user, and what was changed. */
export function changes() {
  const list = h("ul", { class: "changes", "aria-live": "polite" });
  const box = h("input", { type: "checkbox", role: "switch", onchange: () => agree(box.checked) });
  save = (movie, value, user) => keep(list, movie, value, user);
  onChange(["user"], () => {
    originals = new Map();
    lines = new Map();
    fill(list);
    box.checked = agreed = false;
  });
  return h(
    "div",
    {},
    h(
      "label",
      { class: "inline" },
      box,
      worded("span", {}, () => t("agree")),
    ),
    worded("p", { class: "quiet" }, () => t("agree_more")),
    list,
  );
}

function agree(yes) {
  agreed = yes;
  touch(["agreed"]);
}

/** One line a movie, with its own question: a change of one never takes back that of another. */
async function keep(list, movie, value, user) {
  const id = movie.movie_id;
  const gone = () => user !== state.user; // it was meant for somebody who is not here any more
  if (gone()) return;
  const was = originals.has(id) ? originals.get(id) : await before(id);
  if (gone()) return;
  originals.set(id, was);
  if (!lines.has(id)) lines.set(id, lineOf(list, movie));
  const line = lines.get(id);
  list.prepend(line.node);
  line.value = value;
  await line.update();
  forget();
}

function lineOf(list, movie) {
  const pair = { user_id: Number(state.user), movie_id: movie.movie_id };
  const line = { node: h("li", {}), value: null };
  const back = () => keep(list, movie, originals.get(movie.movie_id), state.user);
  const part = region(line.node, {
    ask: (signal) => saved(pair, line.value, signal),
    draw: (answer) => said(answer, back),
  });
  return Object.assign(line, part);
}

/** The rating with its moment; undefined where that cannot be told, as for an id that nobody has yet. */
async function before(id) {
  const user = await userDetails().catch(() => null);
  return user ? (user.ratings.items.find((one) => one.movie_id === id) ?? null) : undefined;
}

/** `value`: stars, or a rating with its moment as it was, or null to take it back. */
function saved(pair, value, signal) {
  if (value === null) return askJson(path("ratings", pair), { method: "DELETE", signal });
  const { stars, at } = typeof value === "number" ? { stars: value } : value;
  return askJson("ratings", { json: { ...pair, stars, ...(at ? { at } : {}) }, signal });
}

function said({ title, stars: now, before: then, user_id, movie_id }, back) {
  if (originals.get(movie_id) === undefined) originals.set(movie_id, then === null ? null : { stars: then });
  const same = now === (originals.get(movie_id)?.stars ?? null);
  const key = now === null ? "saved_gone" : then === null ? "saved_new" : "saved";
  const words = t(key, {
    title,
    user: user_id,
    stars: now === null ? "" : given(now),
    before: then === null ? "" : given(then),
  });
  return [h("span", {}, words), " ", same ? null : small(t("undo"), back)];
}
