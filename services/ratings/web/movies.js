// Movies, remembered once the service has named them.

import { askJson, path } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { region } from "./shared/region.js";

const AT_ONCE = 1000; // of the most rated: nearly everything that anybody will have rated
const known = new Map();
let popular = null;

/** The most rated movies, asked for once. */
export function popularMovies() {
  popular ??= askJson(path("movies", { limit: AT_ONCE })).then(({ items }) => remember(items));
  popular.catch(() => (popular = null)); // the next who asks tries again
  return popular;
}

/** Of any answer that has movies in it. */
export function remember(movies) {
  for (const movie of movies) if (!known.has(movie.movie_id)) known.set(movie.movie_id, movie);
  return movies;
}

export async function movieOf(id, signal) {
  if (!known.has(id)) await popularMovies();
  if (!known.has(id)) remember([await askJson(`movies/${id}`, { signal })]);
  return known.get(id);
}

/** The movie's name in a region of its own: an id in a link may be one that nobody knows. `then` is told the movie. */
export function nameOf(id, then) {
  const node = h("div", { class: "name" });
  const part = region(node, { ask: (signal) => movieOf(id, signal), draw: named });
  part.update().then((movie) => movie && then(movie));
  return node;
}

/** Title, year and genres. */
export const named = ({ title, year, genres }) => [
  h("strong", {}, title),
  year ? h("span", { class: "quiet" }, ` (${year})`) : null,
  genres?.length ? h("small", { class: "genres" }, genres.join(", ")) : null,
];
