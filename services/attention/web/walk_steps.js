// One section a step: its figure, its equation, what it means, its numbers, and where the newsletter erred.

import { askJson } from "./shared/api.js";
import { fill, h } from "./shared/dom.js";
import { inLanguage, number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { shown } from "./shared/figures.js";
import { equation } from "./equation.js";
import { correctionsOf } from "./walk_corrections.js";
import { numbersTable } from "./walk_table.js";
import { workedOut } from "./walk_worked.js";

/** Sections stay while the steps are the same, so that what is focused and scrolled stays so. */
export function stepSections(seen) {
  const node = h("div");
  let sections = new Map();
  return {
    node,
    update() {
      const names = seen.trace.steps.map(({ name }) => name);
      if (names.join() !== [...sections.keys()].join()) {
        sections = new Map(names.map((name) => [name, empty(name)]));
        fill(
          node,
          [...sections.values()].map(({ section }) => section),
        );
      }
      const arrays = new Map(seen.trace.steps.map(({ name, values }) => [name, values]));
      for (const step of seen.trace.steps) drawStep(sections.get(step.name), step, seen, arrays);
    },
  };
}

function empty(name) {
  const top = h("div");
  const table = h("div", { class: "scroll", tabindex: "0", role: "region" });
  const below = h("div");
  return { section: h("section", { id: `step-${name}`, class: "step" }, top, table, below), top, table, below };
}

function drawStep({ section, top, table, below }, step, seen, arrays) {
  const { trace } = seen;
  const title = inLanguage(step.title);
  fill(
    top,
    heading(step, title),
    h("p", { class: "equation" }, equation(step.equation)),
    h("p", {}, inLanguage(step.caption)),
  );
  table.setAttribute("aria-label", t("numbers_of", { title: `${title} (${step.name})` }));
  table.hidden = step.values === null;
  fill(table, step.values === null ? null : numbersTable(step, seen));
  fill(below, left(step, trace, table, seen), worked(step, seen, arrays), again(step), correctionsOf(step, trace));
}

const heading = ({ figure, name }, title) =>
  h(
    "h2",
    {},
    figure === null ? null : h("span", { class: "figure" }, `${t("figure", { figure })} · `),
    title,
    " ",
    h("code", { class: "quiet" }, name),
  );

/** What the service worked out is of its own choice of numbers; ours is of the ones that are followed. */
function worked(step, seen, arrays) {
  const text = workedOut(step, seen, arrays) ?? step.numbers;
  return text ? h("p", { class: "worked number" }, text) : null;
}

const again = ({ recompute, inputs }) =>
  recompute === null
    ? null
    : h("p", { class: "quiet small" }, t("recomputed", { difference: shown(recompute), inputs: inputs.join(", ") }));

/** Numbers that are too many to be sent unasked come when they are. */
function left(step, trace, table, seen) {
  if (step.values !== null) return null;
  const place = h("div", {});
  const asked = {
    text: seen.trace.asked,
    model: trace.model,
    layer: trace.layer,
    head: trace.head,
    query: trace.query,
    fields: [step.name],
  };
  const draw = ({ steps }) =>
    h(
      "div",
      {
        class: "scroll",
        tabindex: "0",
        role: "region",
        "aria-label": t("numbers_of", { title: `${inLanguage(step.title)} (${step.name})` }),
      },
      numbersTable(steps[0], seen),
    );
  const part = region(place, { ask: (signal) => askJson("trace", { json: asked, signal }), draw });
  const count = step.shape.reduce((all, one) => all * one, 1);
  fill(
    place,
    h(
      "button",
      { type: "button", class: "quiet", onclick: () => part.update() },
      t("fetch_numbers", { count: number(count, 0) }),
    ),
  );
  return place;
}
