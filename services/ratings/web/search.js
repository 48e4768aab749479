// A box that finds movies while one types: the combobox pattern of the ARIA Authoring Practices.

import { askJson, path } from "./shared/api.js";
import { announce, debounced, h } from "./shared/dom.js";
import { number, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { named, remember } from "./movies.js";
import { worded } from "./worded.js";

const FOUND = 8;
let boxes = 0;

/** `label()` gives the words above the box; `chosen(movie)` is called with what the reader takes. */
export function search(label, chosen) {
  const id = `found-${(boxes += 1)}`;
  const input = h("input", {
    type: "text",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
    class: "find",
  });
  const list = h("ul", { id, role: "listbox", hidden: true });
  const said = h("div", { class: "said" });
  const popup = h("div", { class: "popup", hidden: true }, said, list);
  const box = { input, list, popup, options: [], active: -1, chosen };
  worded("span", {}, () => list.setAttribute("aria-label", t("found_list")) ?? "");

  const found = region(said, {
    ask: (signal) => ask(input.value, signal),
    draw: (answer) => show(box, answer),
    empty: "found_nothing",
  });
  const look = debounced(() => open(box) && found.update(), 150);
  input.addEventListener("input", look);
  input.addEventListener("focus", look);
  input.addEventListener("click", look);
  input.addEventListener("keydown", (event) => press(box, event, look));
  input.addEventListener("blur", () => close(box));
  popup.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  return h("div", { class: "search" }, h("label", {}, worded("span", {}, label), input), popup);
}

const ask = (query, signal) => askJson(path("movies", { query: query.trim(), limit: FOUND }), { signal });

function open({ input, popup }) {
  if (document.activeElement !== input) return false;
  popup.hidden = false;
  return true;
}

function close(box) {
  box.popup.hidden = true;
  activate(box, -1);
  box.input.setAttribute("aria-expanded", "false");
}

/** The options go into the list; what is said above them is returned. */
function show(box, { items, total }) {
  box.options = remember(items);
  box.list.hidden = !items.length;
  box.list.replaceChildren(...items.map((movie, place) => option(box, movie, place)));
  activate(box, -1);
  box.input.setAttribute("aria-expanded", String(items.length > 0 && !box.popup.hidden));
  if (!items.length) return null;
  announce(t("found", { total: whole(total) }));
  return h("small", { class: "quiet" }, t("found", { total: whole(total) }));
}

function option(box, movie, place) {
  const known = movie.mean === null ? "" : t("rated_by", { count: whole(movie.count), mean: number(movie.mean) });
  return h(
    "li",
    { role: "option", id: `${box.list.id}-${place}`, "aria-selected": "false", onclick: () => take(box, place) },
    h("span", {}, named(movie)),
    h("small", { class: "quiet" }, known),
  );
}

function activate(box, place) {
  box.active = place;
  [...box.list.children].forEach((node, row) => node.setAttribute("aria-selected", String(row === place)));
  const node = box.list.children[place];
  if (node) box.input.setAttribute("aria-activedescendant", node.id);
  else box.input.removeAttribute("aria-activedescendant");
  node?.scrollIntoView({ block: "nearest" });
}

function press(box, event, look) {
  const closed = box.popup.hidden;
  const keys = {
    ArrowDown: () => (closed ? look() : step(box, 1)),
    ArrowUp: () => (closed ? look() : step(box, -1)),
    Enter: () => !closed && box.options.length && take(box, Math.max(box.active, 0)),
    Escape: () => close(box),
  };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
}

/** Round and round; upwards from nowhere is the last. */
function step(box, by) {
  const count = box.options.length;
  if (count) activate(box, box.active < 0 && by < 0 ? count - 1 : (box.active + by + count) % count);
}

function take(box, place) {
  const movie = box.options[place];
  box.input.value = "";
  close(box);
  box.chosen(movie);
}
