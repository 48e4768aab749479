// Whom everything is about: a newcomer with some ratings, kept in the address, or a user of the data.

import { askJson, path } from "./shared/api.js";
import { change, state, touch } from "./state.js";
import { momentOf, weekBefore, written } from "./moment.js";

const MOST = 1000; // ratings of a user that are read
let details = null; // { id, answer }: of the user who was asked about last
let changes = 0; // so that an answer from before a change is not kept

export const isUser = () => state.user !== "";

/** The newcomer's ratings: [{ movie_id, stars, minute }], the latest first. */
export function ratings() {
  const rows = state.rated.split(",").map((row) => row.split(":"));
  return rows.filter(([id, stars]) => id && stars && Number.isFinite(Number(id) + Number(stars))).map(read);
}

const read = ([id, stars, minute]) => ({
  movie_id: Number(id),
  stars: Number(stars),
  minute: minuteOf(minute),
});

/** Since 1970, of an address that may say anything; null where it is no minute that has passed. */
function minuteOf(text) {
  const minute = parseInt(text, 36);
  return minute > 0 && minute <= Date.now() / 60_000 ? minute : null;
}

const write = ({ movie_id, stars, minute }) => [movie_id, stars, ...(minute ? [minute.toString(36)] : [])].join(":");

/** The newcomer gives stars, or with null takes them back. */
export function rate(movie_id, stars) {
  const now = Math.floor(Date.now() / 60_000);
  const before = ratings();
  const place = before.findIndex((one) => one.movie_id === movie_id);
  if (stars === null) before.splice(place, place < 0 ? 0 : 1);
  else if (place < 0) before.unshift({ movie_id, stars, minute: now });
  else before[place] = { movie_id, stars, minute: now };
  change({ rated: before.map(write).join(",") });
}

/** The fields of a question about a newcomer; when stars were given counts only where a moment is asked about. */
export function newcomer() {
  const rows = ratings().map(({ movie_id, stars, minute }) => ({
    movie_id,
    stars,
    ...(state.when && minute ? { at: written(weekBefore(minute)) } : {}),
  }));
  const told = Object.entries({
    age: Number(state.age) || state.age,
    gender: state.gender,
    occupation: state.occupation,
  });
  const profile = Object.fromEntries(told.filter(([, value]) => value !== ""));
  return { ratings: rows, ...(Object.keys(profile).length ? { profile } : {}) };
}

/** A user with all ratings, asked once until they change. */
export async function userDetails(signal) {
  const [id, then] = [state.user, changes];
  if (details?.id === id) return details.answer;
  const answer = await askJson(path(`users/${encodeURIComponent(id)}`, { limit: MOST }), { signal });
  if (then === changes) details = { id, answer };
  return answer;
}

/** A rating of a user has changed on the disk. */
export function forget() {
  details = null;
  changes += 1;
  touch(["given"]);
}

/** The moment that is asked about: after all of the person's ratings; null: time plays no role. */
export async function moment(signal) {
  return state.when ? momentOf(state.when, isUser() ? await lastOfUser(signal) : lastOfNewcomer()) : null;
}

async function lastOfUser(signal) {
  const { items } = (await userDetails(signal)).ratings;
  return items[0]?.at ? Date.parse(items[0].at) : weekBefore(Date.now() / 60_000);
}

function lastOfNewcomer() {
  const minutes = ratings()
    .map(({ minute }) => minute)
    .filter(Boolean);
  return weekBefore(minutes.length ? Math.max(...minutes) : Math.floor(Date.now() / 60_000));
}
