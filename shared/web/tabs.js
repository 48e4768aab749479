// Tabs (ARIA authoring practices): arrow keys move and open, only the open one is in the tab order.

import { fill, h } from "./dom.js";
import { named, said } from "./said.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 };

/** `views`: {name: node}; a tab's words are those of `tab_{name}`. `chosen(name)` is told what the reader opens. */
export function tabs(key, views, chosen) {
  const names = Object.keys(views);
  const buttons = names.map((name) => button(name, () => chosen(name)));
  const list = named(h("div", { role: "tablist", class: "tabs" }, buttons), key);
  list.addEventListener("keydown", (event) => move(event, buttons));
  for (const name of names) become(views[name], name);
  const open = (name) => names.forEach((one, place) => mark(buttons[place], views[one], one === name));
  return { list, open };
}

const button = (name, open) =>
  fill(
    h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, onclick: open }),
    said(`tab_${name}`),
  );

function become(node, name) {
  node.id = `view-${name}`;
  node.setAttribute("role", "tabpanel");
  node.setAttribute("aria-labelledby", `tab-${name}`);
}

function mark(tab, view, open) {
  tab.setAttribute("aria-selected", open);
  tab.tabIndex = open ? 0 : -1;
  view.hidden = !open;
}

function move(event, buttons) {
  const now = buttons.indexOf(event.target.closest("[role=tab]"));
  const there = { Home: 0, End: buttons.length - 1 }[event.key] ?? (STEPS[event.key] ? now + STEPS[event.key] : null);
  if (there === null) return;
  event.preventDefault();
  const next = buttons[(there + buttons.length) % buttons.length];
  next.focus();
  next.click();
}
