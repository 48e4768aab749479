// A user of the data: what was rated, how, and when.

import { h } from "./shared/dom.js";
import { language, number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { isUser, userDetails } from "./person.js";
import { levels } from "./scale.js";
import { whileSeen } from "./state.js";
import { table } from "./table.js";
import { given, inStars, worded } from "./worded.js";

const GENRES = 8;

export function profile() {
  const place = h("div", { class: "profile" });
  const part = region(place, { ask: userDetails, draw });
  whileSeen("movies", ["user", "given"], () => isUser() && part.update());
  return h(
    "section",
    {},
    worded("h2", {}, () => t("profile")),
    place,
  );
}

function draw(user) {
  const { daytime, week, genres } = user.profile;
  return [
    h(
      "p",
      {},
      t("profile_said", {
        user: user.user_id,
        count: whole(user.count),
        mean: user.mean === null ? "–" : number(user.mean),
      }),
      " ",
      user.added ? t("profile_added", { count: whole(user.added) }) : null,
    ),
    h("h3", {}, t("stars_given")),
    bars(
      levels().map((level) => ({
        name: inStars(level),
        count: user.ratings.items.filter(({ stars }) => stars === level).length,
      })),
    ),
    h("h3", {}, t("genres_rated")),
    bars(genres.slice(0, GENRES)),
    h("h3", {}, t("times")),
    bars([...daytime, ...week].map((one) => ({ ...one, name: t(`time_${one.name}`) }))),
    h("h3", {}, t("rated_list")),
    rated(user.ratings),
  ];
}

/** How many, and what they were given on average. */
function bars(rows) {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  const bar = ({ name, count, mean }) => [
    h("span", {}, name),
    h("span", { class: "bar mine", style: { width: `${(100 * count) / most}%` }, "aria-hidden": "true" }),
    h(
      "span",
      { class: "number" },
      mean === undefined || mean === null ? whole(count) : `${whole(count)} · ${number(mean, 1)}★`,
    ),
  ];
  return h("div", { class: "bars" }, rows.map(bar));
}

function rated({ items }) {
  const when = new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  const row = ({ title, stars, at }) =>
    h(
      "tr",
      {},
      h("td", {}, title),
      h("td", { class: "number" }, `${given(stars)}★`),
      h("td", { class: "quiet" }, at ? when.format(new Date(at)) : t("no_time")),
    );
  return table(t("rated_list"), ["movie", "stars_word", "rated_at"], items.map(row), { place: "tall" });
}
