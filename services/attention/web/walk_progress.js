// Where one is in the walk: the steps by their figures, and the ways back and forth.

import { announce, fill, find, h } from "./shared/dom.js";
import { inLanguage, t } from "./shared/language.js";
import { always, named } from "./shared/said.js";
import { change, state } from "./state.js";

export function progress(seen) {
  const node = named(h("nav", { class: "progress" }), "walk_steps");
  const update = () => seen.trace && fill(node, h("ol", { class: "plain" }, groups(seen.trace.steps).map(group)));
  const mark = () => markStep(node, seen);
  always(update);
  seen.turn = (by) => turn(seen, by);
  node.addEventListener("keydown", (event) => among(event, node));
  return {
    node,
    update() {
      update();
      mark();
    },
    go(name) {
      mark();
      find(`#step-${CSS.escape(name)}`)?.scrollIntoView({ block: "start" });
    },
  };
}

/** Steps that follow one another and belong to the same figure. */
function groups(steps) {
  const found = [];
  for (const step of steps) {
    if (found.at(-1)?.figure === step.figure) found.at(-1).steps.push(step);
    else found.push({ figure: step.figure, steps: [step] });
  }
  return found;
}

const group = ({ figure, steps }) =>
  h(
    "li",
    {},
    h("span", { class: "figure" }, figure === null ? t("no_figure") : t("figure", { figure })),
    h("ol", { class: "plain" }, steps.map(item)),
  );

const item = (step) =>
  h(
    "li",
    {},
    h(
      "a",
      { href: `#step-${step.name}`, "data-step": step.name, onclick: (event) => open(event, step) },
      inLanguage(step.title),
    ),
  );

function open(event, step) {
  event.preventDefault();
  goTo(step);
}

function goTo(step) {
  if (state.step === step.name) find(`#step-${CSS.escape(step.name)}`)?.scrollIntoView({ block: "start" });
  else change({ step: step.name });
  announce(inLanguage(step.title));
}

function turn({ trace }, by) {
  if (!trace) return;
  const now = Math.max(
    0,
    trace.steps.findIndex(({ name }) => name === state.step),
  );
  goTo(trace.steps[Math.min(trace.steps.length - 1, Math.max(0, now + by))]);
}

function markStep(node, { trace }) {
  const now = trace.steps.find(({ name }) => name === state.step) ?? trace.steps[0];
  for (const link of node.querySelectorAll("a")) {
    if (link.dataset.step === now.name) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  const link = find("[aria-current]", node);
  const item = link?.closest("li");
  if (item) node.scrollTop = Math.max(0, item.offsetTop - node.clientHeight / 2);
}

function among(event, node) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const links = [...node.querySelectorAll("a")];
  links[links.indexOf(document.activeElement) + by]?.focus();
}
