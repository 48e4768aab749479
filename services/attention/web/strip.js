// The tokens in the order of the text, shaded by how much the one pointed at looks at each.

import { fill, h } from "./shared/dom.js";
import { named } from "./shared/said.js";
import { ofRow } from "./strongest.js";

const LEVELS = 16; // shades

/** `hover(place)`, `choose(place)` of a token as the one that looks. */
export function strip({ hover, choose }) {
  const node = named(h("div", { class: "strip scroll", role: "toolbar", tabindex: "-1" }), "tokens");
  const view = { node, buttons: [], data: null, shaded: -1 };
  node.addEventListener("keydown", (event) => move(event, view));
  node.addEventListener("pointerleave", () => hover({ row: -1, column: -1 }));
  return {
    node,
    show(data, special) {
      view.data = data;
      Object.assign(view, { shaded: -2, pressed: -1, levels: [] });
      view.buttons = data.rows.map((token, row) => chip(token, row, special[row], { hover, choose }));
      if (view.buttons.length) view.buttons[0].tabIndex = 0;
      fill(node, view.buttons);
    },
    use(data) {
      view.data = data;
      view.shaded = -2;
    },
    point: (place) => point(view, place),
  };
}

function chip(token, row, special, { hover, choose }) {
  const here = { row, column: -1 };
  return h(
    "button",
    {
      type: "button",
      "aria-pressed": "false",
      class: special ? "token special" : "token",
      tabindex: "-1",
      onpointerenter: (event) => event.pointerType === "mouse" && hover(here),
      onfocus: (event) => event.target.matches(":focus-visible") && hover(here),
      onblur: () => hover({ row: -1, column: -1 }),
      onclick: () => choose(here),
    },
    token,
  );
}

function point(view, { row }) {
  const { buttons, data, shaded } = view;
  if (row === shaded) return;
  view.shaded = row;
  const width = data.columns.length;
  const most = row < 0 ? 1 : ofRow(data, row, 1)[0].value * data.scale || 1;
  buttons.forEach((button, column) => {
    const level = row < 0 ? 0 : Math.round((LEVELS * data.values[row * width + column]) / most);
    if (level !== view.levels[column]) button.style.setProperty("--weight", (view.levels[column] = level) / LEVELS);
  });
  press(view, row);
}

/** Only what changes is touched: of 512 tokens few do. */
function press(view, row) {
  view.buttons[view.pressed]?.setAttribute("aria-pressed", "false");
  view.buttons[row]?.setAttribute("aria-pressed", "true");
  view.pressed = row;
}

function move(event, { buttons }) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const now = buttons.indexOf(event.target);
  if (!step || now < 0) return;
  event.preventDefault();
  const next = buttons[(now + step + buttons.length) % buttons.length];
  buttons[now].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
