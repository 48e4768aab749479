// Rating as a user of the data: kept by the service, for everybody, until it is taken back.

import { find, h } from "./shared/dom.js";
import { onLanguage, t } from "./shared/language.js";
import { small } from "./button.js";
import { changes, giving, mayGive, takeBack } from "./give.js";
import { keyed } from "./keyed.js";
import { named } from "./movies.js";
import { userDetails } from "./person.js";
import { search } from "./search.js";
import { onChange } from "./state.js";
import { worded } from "./worded.js";

let chosen = []; // movies the reader picked to rate

export function asUser() {
  const list = h("ul", { class: "own" });
  const show = keyed(list, row);
  const finder = h(
    "div",
    {},
    search(
      () => t("search_user"),
      (movie) => {
        chosen = [movie, ...chosen.filter(({ movie_id }) => movie_id !== movie.movie_id)];
        draw();
        find("input", list.firstElementChild)?.focus();
      },
    ),
    list,
  );
  const draw = () => {
    finder.hidden = !mayGive();
    show(chosen);
  };
  onChange(["agreed", "given"], draw);
  onChange(["user"], () => {
    chosen = [];
    draw();
  });
  onLanguage(draw);
  draw();
  return h(
    "section",
    {},
    worded("h2", {}, () => t("as_user")),
    changes(),
    finder,
  );
}

/** A movie with the stars the user gave it, which may be changed or taken back. */
function row(movie) {
  const give = giving(movie);
  const away = small(t("take_back"), () => takeBack(movie), t("take_back_of", { title: movie.title }));
  const update = async () => {
    const user = await userDetails().catch(() => null); // the region of the profile says what is wrong
    const rated = user?.ratings.items.find(({ movie_id }) => movie_id === movie.movie_id);
    give.set(rated?.stars ?? null);
    away.disabled = !rated;
  };
  return { node: h("li", {}, h("div", { class: "name" }, named(movie)), give.node, away), update };
}
