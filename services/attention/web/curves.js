// Deletion and insertion: what is left of the score as parts go or come, the most important first; beside chance.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";

const [WIDTH, HEIGHT, STRIP, EDGE] = [260, 150, 60, 8];

export function curves({ fractions, deletion, insertion, deletion_auc, insertion_auc, random, faithful }, title) {
  const [low, high] = [0, ...deletion, ...insertion].reduce(
    ([a, b], one) => [Math.min(a, one), Math.max(b, one)],
    [0, 1],
  );
  const y = (value) => EDGE + ((high - value) / (high - low)) * (HEIGHT - 2 * EDGE);
  const values = {
    deletion: number(deletion_auc, 3),
    insertion: number(insertion_auc, 3),
    mean: number(random.mean, 3),
    spread: number(2 * random.std, 3),
  };
  return h(
    "figure",
    { class: "curves" },
    h(
      "svg",
      { viewBox: `0 0 ${WIDTH + STRIP} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${t("areas", values)}` },
      lines(fractions, deletion, insertion, y),
      areas(deletion_auc, insertion_auc, random, y),
    ),
    h(
      "figcaption",
      {},
      h("span", { class: "swatch less" }),
      ` ${t("deletion")} `,
      h("span", { class: "swatch more" }),
      ` ${t("insertion")} `,
      h("span", { class: "swatch band" }),
      ` ${t("random")}`,
      h("p", { class: "small" }, t("areas", values)),
      h("p", { class: faithful ? "good" : "bad" }, t(faithful ? "is_faithful" : "not_faithful")),
    ),
  );
}

function lines(fractions, deletion, insertion, y) {
  const points = (values) =>
    values
      .map((value, place) => `${(EDGE + fractions[place] * (WIDTH - 3 * EDGE)).toFixed(1)},${y(value).toFixed(1)}`)
      .join(" ");
  return [
    h("line", { class: "axis", x1: EDGE, x2: WIDTH - 2 * EDGE, y1: y(0), y2: y(0) }),
    h("line", { class: "axis", x1: EDGE, x2: EDGE, y1: EDGE, y2: HEIGHT - EDGE }),
    h("polyline", { class: "line-less", points: points(deletion) }),
    h("polyline", { class: "line-more", points: points(insertion) }),
  ];
}

/** The two areas on a scale of their own, with the band that random orders reach. */
function areas(deletion, insertion, { mean, std }, y) {
  const [from, to] = [WIDTH + EDGE, WIDTH + STRIP - EDGE];
  const mark = (value, name) => h("line", { class: name, x1: from, x2: to, y1: y(value), y2: y(value) });
  return [
    h("rect", {
      class: "band",
      x: from,
      width: to - from,
      y: y(mean + 2 * std),
      height: y(mean - 2 * std) - y(mean + 2 * std),
    }),
    h("line", { class: "axis", x1: from, x2: from, y1: EDGE, y2: HEIGHT - EDGE }),
    mark(deletion, "line-less"),
    mark(insertion, "line-more"),
  ];
}
