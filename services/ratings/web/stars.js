// Stars to give: a group of radio buttons, so that arrows, touch and screen readers work as everywhere.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { levels, scale } from "./scale.js";
import { inStars } from "./worded.js";

let groups = 0;

/** `chosen(stars)` is called with each choice; `set(stars)` shows a choice, or with null none. */
export function stars(title, value, chosen) {
  const name = `stars-${(groups += 1)}`;
  const half = scale.step === 0.5;
  const inputs = levels().map((level) => radio(name, level, () => chosen(level)));
  const node = h(
    "fieldset",
    { class: half ? "stars halves" : "stars" },
    h("legend", { class: "unseen" }, t("stars_for", { title })),
    inputs.map((input) => star(input, half)),
  );
  // A row that comes to lie under a resting mouse is not aimed at: it must not look as if it were rated.
  node.addEventListener("pointermove", () => node.classList.add("aimed"));
  node.addEventListener("pointerleave", () => node.classList.remove("aimed"));
  const set = (stars) => inputs.forEach((input) => (input.checked = Number(input.value) === stars));
  set(value);
  return { node, set };
}

const radio = (name, level, onchange) =>
  h("input", {
    type: "radio",
    class: "unseen",
    name,
    value: level,
    onchange,
    "aria-label": inStars(level),
  });

/** Of a scale of halves, which half of a star. */
function star(input, half) {
  const side = Number(input.value) % 1 ? "left" : "right";
  return h(
    "label",
    { class: half ? `star ${side}` : "star", title: inStars(Number(input.value)) },
    input,
    h("span", { "aria-hidden": "true" }),
  );
}
