// Where the newsletter erred: what it said, what is so, where to look it up, and what this sentence shows of it.

import { h } from "./shared/dom.js";
import { shown } from "./shared/figures.js";
import { inLanguage, t } from "./shared/language.js";

/** Those that can be seen in a step; open where one is seen first. */
export function correctionsOf(step, { corrections }) {
  return corrections
    .filter(({ steps }) => steps.includes(step.name))
    .map((one) => drawn(one, one.steps[0] === step.name));
}

/** Those that no number of this pass can show. */
export function otherCorrections({ corrections }) {
  const others = corrections.filter(({ steps }) => !steps.length);
  return others.length
    ? h(
        "section",
        {},
        h("h2", {}, t("other_corrections")),
        others.map((one) => drawn(one, true)),
      )
    : null;
}

function drawn({ figure, post, says, fact, source, measured }, open) {
  const where = figure === null ? t("post", { post }) : `${t("post", { post })}, ${t("figure", { figure })}`;
  return h(
    "details",
    { class: "correction", open },
    h("summary", {}, h("strong", {}, t("correction")), ` (${where}). ${t("says")}: ${inLanguage(says)}`),
    h("dl", {}, h("dt", {}, t("fact")), h("dd", {}, inLanguage(fact)), h("dt", {}, t("source")), h("dd", {}, source)),
    measured.length ? h("table", {}, h("caption", {}, t("measured")), h("tbody", {}, measured.map(line))) : null,
  );
}

const line = ({ what, value }) =>
  h("tr", {}, h("td", {}, inLanguage(what)), h("td", { class: "number" }, shown(value)));
