// One prediction, explained twice: as the sum of the model's parts, and as the sum of what each own rating did.

import { debounced, h } from "./shared/dom.js";
import { t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { moment } from "./controls.js";
import { interval } from "./interval.js";
import { movieOf, named, remember } from "./movies.js";
import { PARTS } from "./parts.js";
import { isUser } from "./person.js";
import { answered, asCurl, prediction } from "./questions.js";
import { search } from "./search.js";
import { change, state, whileSeen } from "./state.js";
import { waterfall } from "./waterfall.js";
import { given, worded } from "./worded.js";

const FEW = 10;
const ALL = 1000;
const ASKED = ["movie", "user", "rated", "when", "given", "age", "gender", "occupation"];
let pushes = FEW;

export function explanation() {
  const place = h("div", { class: "explained" });
  const part = region(place, { ask, draw: (answer) => drawn(answer, again), empty: "choose_movie" });
  const again = () => {
    pushes = pushes === FEW ? ALL : FEW;
    part.update();
  };
  const choose = (movie) => change({ movie: String(remember([movie])[0].movie_id) }, { step: true });
  whileSeen("why", ASKED, debounced(part.update, 60));
  return h(
    "section",
    {},
    worded("h2", {}, () => t("why_title")),
    worded("p", {}, () => t("why_lead")),
    search(() => t("search_why"), choose),
    moment(),
    place,
  );
}

async function ask(signal) {
  if (!state.movie) return null;
  const question = await prediction(Number(state.movie), pushes, signal);
  const answer = await answered(question, signal);
  return { ...answer, movie: await movieOf(Number(state.movie), signal) };
}

function drawn(answer, again) {
  if (!answer) return null;
  const [found] = answer.predictions;
  return [
    h("h3", { class: "name" }, named(answer.movie)),
    h("p", {}, t(isUser() ? "predicted_user" : "predicted_newcomer", { user: state.user })),
    interval(found),
    answer.note ? h("p", { class: "note" }, answer.note) : null,
    h("h3", {}, t("by_parts")),
    waterfall(t("by_parts_caption"), partRows(found.parts), found.stars, true),
    h("h3", {}, t("by_ratings")),
    waterfall(t("by_ratings_caption"), pushRows(found.because), found.stars, false),
    toggle(found.because, again),
    asCurl(answer.asked),
  ];
}

const partRows = (parts) =>
  PARTS.filter((name) => name !== "clip" || parts.clip !== 0).map((name) => ({
    name: t(name),
    more: t(`${name}_is`),
    value: parts[name],
    kind: name,
  }));

function pushRows({ prior, ratings, others, mlp, clip }) {
  return [
    { name: t("prior"), more: t("prior_is"), value: prior, kind: "prior" },
    ...ratings.map(({ title, stars, push }) => ({
      name: title,
      more: t("you_gave", { stars: given(stars) }),
      value: push,
    })),
    { name: t("others"), value: others },
    { name: t("mlp"), more: t("mlp_is"), value: mlp },
    ...(clip ? [{ name: t("clip"), more: t("clip_is"), value: clip }] : []),
  ];
}

function toggle({ ratings }, again) {
  if (pushes === FEW && ratings.length < FEW) return null;
  return h(
    "p",
    {},
    h(
      "button",
      { type: "button", class: "quiet", onclick: again },
      pushes === FEW ? t("all_pushes") : t("few_pushes", { count: whole(FEW) }),
    ),
  );
}
