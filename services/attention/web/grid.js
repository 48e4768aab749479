// All heads of all layers as thumbnails, each scaled by itself; one opens when it is chosen.

import { fill, h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { onColours } from "./colours.js";
import { statistic } from "./maps.js";
import { thumbnail } from "./matrix_paint.js";

const MANY = 8; // layers, from which thumbnails are smaller
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** `open(layer, head)` when one is chosen, `tell(words)` what the one in focus is like. */
export function grid({ open, tell }) {
  const node = h("div", { class: "heads" });
  const view = { node, picture: null, buttons: [] };
  node.addEventListener("keydown", (event) => move(event, view));
  onColours(() => view.picture && paintAll(view));
  return {
    node,
    show(picture) {
      view.picture = picture;
      build(view, open, tell);
    },
    mark: (layer, head) => mark(view, layer, head),
  };
}

function build(view, open, tell) {
  const [layers, heads] = view.picture.thumbnails.shape;
  const numbers = (count) => Array.from({ length: count }, (_, place) => place);
  view.buttons = numbers(layers).map((layer) =>
    numbers(heads).map((head) => small(view.picture, layer, head, open, tell)),
  );
  view.node.style.setProperty("--heads", heads);
  view.node.style.setProperty("--side", layers > MANY ? "3.6rem" : "5.4rem");
  const top = [h("span"), ...numbers(heads).map((head) => h("span", { class: "number", "aria-hidden": "true" }, head))];
  const rows = view.buttons.map((row, layer) => [h("span", { class: "number", "aria-hidden": "true" }, layer), row]);
  fill(view.node, top, rows);
  paintAll(view);
}

function small(picture, layer, head, open, tell) {
  const words = () => tell(about(picture, layer, head));
  return h(
    "button",
    {
      type: "button",
      "data-place": `${layer} ${head}`,
      "aria-label": t("head_name", { layer, head }),
      tabindex: "-1",
      onclick: () => open(layer, head),
      onpointerenter: words,
      onfocus: words,
    },
    h("canvas", { "aria-hidden": "true" }),
  );
}

/** What one head is like, in words and numbers. */
export function about(picture, layer, head) {
  const of = (name, digits = 2) => number(statistic(picture, name, layer, head) ?? NaN, digits);
  const values = {
    layer,
    head,
    entropy: of("entropy"),
    distance: of("mean_distance", 1),
    first: of("cls_share"),
    last: of("sep_share"),
    self: of("diagonal_share"),
  };
  return t("head_about", values);
}

function paintAll({ picture, buttons }) {
  const { shape, data } = picture.thumbnails;
  const [, heads, height, width] = shape;
  buttons.forEach((row, layer) =>
    row.forEach((button, head) => {
      const start = (layer * heads + head) * height * width;
      thumbnail(button.firstChild, data.subarray(start, start + height * width), width, height);
    }),
  );
}

function mark({ buttons }, layer, head) {
  buttons.flat().forEach((button) => {
    const chosen = button.dataset.place === `${layer} ${head}`;
    button.setAttribute("aria-pressed", chosen);
    button.tabIndex = chosen ? 0 : -1;
  });
}

function move(event, { buttons }) {
  const step = ARROWS[event.key];
  if (!step || !event.target.dataset.place) return;
  event.preventDefault();
  const [layer, head] = event.target.dataset.place.split(" ").map(Number);
  buttons[layer + step[0]]?.[head + step[1]]?.focus();
}
