// "What should I rate next": the movies whose rating would teach most, to be rated in place or passed over.

import { debounced, h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { small } from "./button.js";
import { giving, mayGive } from "./give.js";
import { keyed } from "./keyed.js";
import { named, remember } from "./movies.js";
import { answered, asCurl, next } from "./questions.js";
import { onChange, whileSeen } from "./state.js";
import { worded } from "./worded.js";

const SHOWN = 3;
const passed = new Set(); // movies that were not seen

export function nextMovies() {
  const said = h("div", { class: "answer" });
  const list = h("ul", { class: "next" });
  const foot = h("div", {});
  const show = keyed(list, (movie) => item(movie, () => part.update()));
  const draw = (answer) => {
    const seen = remember(answer.items)
      .filter(({ movie_id }) => !passed.has(movie_id))
      .slice(0, SHOWN);
    show(seen.map((one) => ({ ...one, all: answer.mean_variance })));
    foot.replaceChildren(asCurl(answer.asked));
    return h("p", { class: "quiet" }, t("next_lead"));
  };
  const part = region(said, { ask: (signal) => answered(next(SHOWN + passed.size), signal), draw });
  whileSeen("movies", ["user", "rated", "genre", "given", "age", "gender", "occupation"], debounced(part.update, 200));
  onChange(["agreed"], part.redraw);
  return h(
    "section",
    { class: "next-movies" },
    worded("h2", {}, () => t("next")),
    said,
    list,
    foot,
  );
}

/** The stars stand there only where the reader may give some. */
function item(movie, again) {
  const gain = h("p", { class: "gain" });
  const place = h("div", { class: "row" });
  const give = giving(movie);
  const pass = () => {
    passed.add(movie.movie_id);
    again();
  };
  const button = small(t("not_seen"), pass, t("not_seen_of", { title: movie.title }));
  const update = ({ gain: gained, all, stars, low, high }) => {
    gain.textContent = t("gain", {
      share: number((100 * gained) / all, 0),
      stars: number(stars, 1),
      low: number(low, 1),
      high: number(high, 1),
    });
    if (mayGive() !== place.contains(give.node)) place.replaceChildren(...(mayGive() ? [give.node, button] : [button]));
  };
  return { node: h("li", {}, h("div", { class: "name" }, named(movie)), place, gain), update };
}
