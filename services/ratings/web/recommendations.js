// The list of recommendations, ordered anew with each star; what may stand in it, in which order, and for which moment.

import { announce, debounced, h } from "./shared/dom.js";
import { number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { keyed } from "./keyed.js";
import { remember } from "./movies.js";
import { controls } from "./controls.js";
import { movesOf } from "./moves.js";
import { legend, reachOf } from "./parts.js";
import { isUser } from "./person.js";
import { MOST, answered, asCurl, recommendations as question } from "./questions.js";
import { recommendation } from "./recommendation.js";
import { change, onChange, state, whileSeen } from "./state.js";
import { worded } from "./worded.js";

/** Where the list is far below, on a phone: what has become first, and the way there. */
export const glance = h("a", { class: "glance", href: "#recommended", hidden: true });

const MORE = 10;
const ASKED = ["user", "rated", "by", "genre", "seen", "when", "many", "given", "age", "gender", "occupation"];

export function recommendations() {
  const said = h("div", { class: "answer" });
  const list = h("ol", { class: "recommended" });
  const foot = h("div", {});
  const show = keyed(list, recommendation);
  const draw = (answer) => {
    const reach = reachOf(answer.items);
    atAGlance(answer.items[0]);
    const moves = movesOf(answer);
    show(remember(answer.items).map((item) => ({ ...item, reach, move: moves.get(item.movie_id) })));
    foot.replaceChildren(...more(answer), asCurl(answer.asked));
    return head(answer);
  };
  const part = region(said, {
    ask: async (signal) => answered(await question(signal), signal),
    draw,
    empty: "no_movie",
  });
  const update = async () => sayFirst(await part.update());
  whileSeen("movies", ASKED, debounced(update, 60));
  onChange(["agreed"], part.redraw);
  return h(
    "section",
    { class: "recommendations", "aria-labelledby": "recommended" },
    worded("h2", { id: "recommended" }, () => t("recommended")),
    controls(),
    said,
    list,
    foot,
  );
}

function head({ items, note }) {
  if (!items.length) return null;
  const known = isUser() || state.rated;
  const lead = known && !note ? null : h("p", { class: "note" }, known ? note : t("stranger"));
  return [lead, h("p", { class: "quiet" }, t(state.by === "rank" ? "by_rank_is" : "by_stars_is")), legend()];
}

function atAGlance(first) {
  glance.hidden = !first;
  if (first) glance.textContent = t("glance", { title: first.title, stars: number(first.stars, 1) });
}

function sayFirst(answer) {
  if (answer?.items.length) announce(t("now_first", { title: answer.items[0].title }));
}

function more({ items, total }) {
  const words = h("span", { class: "quiet" }, t("of_total", { shown: whole(items.length), total: whole(total) }));
  const button = h(
    "button",
    { type: "button", class: "quiet", onclick: () => change({ many: state.many + MORE }) },
    t("more"),
  );
  return [h("p", { class: "row" }, words, items.length < total && items.length < MOST ? button : null)];
}
