// The questions to the service: each as the address and the JSON that anybody could send, for a newcomer or a user.

import { askJson, path } from "./shared/api.js";
import { curl, curlOf } from "./shared/frame.js";
import { isUser, moment, newcomer } from "./person.js";
import { state } from "./state.js";

export const MOST = 100; // movies that are recommended at a time
const PUSHES = 4; // own ratings that each recommendation names

/** Asks, and gives the answer with the question beside it, so that it can be repeated with curl. */
export async function answered({ place, json }, signal) {
  return { ...(await askJson(place, { json, signal })), asked: { place, json } };
}

export const asCurl = ({ place, json }) => curl(curlOf(place, json));

export async function recommendations(signal) {
  const wanted = {
    limit: Math.min(Math.max(1, Math.floor(state.many)), MOST),
    by: state.by,
    genre: state.genre || null,
    include_seen: state.seen,
    at: await moment(signal),
    explain: true,
    because_limit: PUSHES,
  };
  if (isUser()) return { place: path(`users/${encodeURIComponent(state.user)}/recommendations`, wanted) };
  return { place: "recommend", json: { ...newcomer(), ...some(wanted) } };
}

export async function prediction(movie, pushes, signal) {
  const pair = some({ movie_id: movie, at: await moment(signal) });
  const why = { explain: true, because_limit: pushes };
  if (isUser()) return { place: "predict", json: { pairs: [{ user_id: Number(state.user), ...pair }], ...why } };
  return { place: "predict", json: { pairs: [pair], ...newcomer(), ...why } };
}

/** What to rate next: time plays no role in it. */
export function next(limit) {
  const who = isUser() ? { user_id: Number(state.user) } : newcomer();
  return { place: "next", json: { ...who, ...some({ limit, genre: state.genre || null }) } };
}

const some = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
