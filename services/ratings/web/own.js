// A newcomer's own ratings: movies are searched, get their stars, change them or lose them again.

import { find, h } from "./shared/dom.js";
import { onLanguage, t } from "./shared/language.js";
import { small } from "./button.js";
import { giving } from "./give.js";
import { keyed } from "./keyed.js";
import { nameOf } from "./movies.js";
import { rate, ratings } from "./person.js";
import { search } from "./search.js";
import { change, onChange, state } from "./state.js";
import { worded } from "./worded.js";

const drafts = new Set(); // movies that were chosen and have no stars yet

export function own() {
  const list = h("ul", { class: "own" });
  const show = keyed(list, row);
  const draw = () => show(rows());
  const choose = ({ movie_id }) => {
    if (!ratings().some((one) => one.movie_id === movie_id)) drafts.add(movie_id);
    draw();
    find("input", list.querySelector(`[data-movie="${movie_id}"]`)).focus();
  };
  onChange(["rated"], draw);
  onLanguage(draw);
  draw();
  return h(
    "div",
    {},
    search(() => t("search_rate"), choose),
    worded("h3", {}, () => t("own")),
    list,
    worded("p", { class: "quiet own-hint" }, () => t("own_hint")),
    clear(),
  );
}

/** The drafts, then what was rated, the latest first. */
function rows() {
  const rated = ratings();
  rated.forEach(({ movie_id }) => drafts.delete(movie_id));
  return [...[...drafts].reverse().map((movie_id) => ({ movie_id, stars: null })), ...rated];
}

function row({ movie_id }) {
  const give = giving({ movie_id, title: String(movie_id) });
  const away = small("×", () => remove(movie_id, node), t("remove", { title: movie_id }));
  const name = nameOf(movie_id, ({ title }) => {
    find("legend", give.node).textContent = t("stars_for", { title });
    away.setAttribute("aria-label", t("remove", { title }));
  });
  const node = h("li", { "data-movie": movie_id }, name, give.node, away);
  return { node, update: ({ stars }) => give.set(stars) };
}

/** Who removes by keyboard goes on with the next one. */
function remove(movie_id, node) {
  const after = node.nextElementSibling ?? node.previousElementSibling;
  drafts.delete(movie_id);
  rate(movie_id, null);
  node.remove(); // a draft is not in the address, so nobody else would
  (after ? find("button", after) : find("input[role=combobox]")).focus();
}

const clear = () =>
  worded("p", { class: "own-clear" }, () =>
    small(t("own_clear"), () => state.rated && change({ rated: "" }, { step: true })),
  );
