// The tab of the map: all pictures on a plane, a field to find them by name, and in words who is in the middle.

import { askJson, path } from "./shared/api.js";
import { debounced, fill, h } from "./shared/dom.js";
import { onLanguage, t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { named, said } from "./shared/said.js";
import { filter } from "./anchors.js";
import { searchWithAnchor } from "./asked.js";
import { button } from "./spoken.js";
import { go, live, note, state, watch } from "./state.js";
import { attribution, tiles } from "./tiles.js";
import { Wander } from "./wander.js";

const PAGE = 10_000;
const BESIDE = 8; // pictures that are shown as near
const NAMED = 4; // of them, to a screen reader

const opened = (id) => go({ show: id }, { step: true });
const map = new Wander(state, { changed: debounced(remember), picked: searchWithAnchor, opened });
const beside = h("div", {});
const count = h("span", { role: "status", class: "hint" });

/** The panel of the tab. */
export function mapPanel() {
  const about = h("div", {});
  const part = region(about, { ask: all, draw });
  live(
    "map",
    () => "",
    async () => take(await part.update()),
  );
  follow();
  return h("section", {}, [
    said("map_title", "h2"),
    said("map_lead", "p"),
    h(
      "div",
      { class: "row map-head" },
      filter("map_find"),
      button("map_next", () => map.next(), { class: "quiet" }),
      count,
    ),
    surface(),
    h("p", { class: "quiet" }, said("map_keys", "small")),
    said("map_middle", "h3"),
    beside,
    about,
  ]);
}

function surface() {
  const sign = (key, mark, work) => {
    const node = h("button", { type: "button", onclick: work }, h("span", { "aria-hidden": "true" }, mark));
    return named(node, key);
  };
  const [nearer, farther] = [sign("zoom_in", "+", () => map.nearer()), sign("zoom_out", "−", () => map.farther())];
  const { node } = map.surface;
  node.append(
    h(
      "div",
      { class: "zooms" },
      nearer,
      farther,
      button("zoom_all", () => map.all()),
    ),
  );
  return node;
}

/** Every picture's place, page by page. */
async function all(signal) {
  const items = [];
  for (let offset = 0; ; offset += PAGE) {
    const page = await askJson(path("map", { limit: PAGE, offset }), { signal });
    items.push(...page.items);
    if (offset + PAGE >= page.total) return { ...page, items };
  }
}

const draw = (answer) => [
  answer.items.length ? null : h("p", { class: "note" }, t("map_empty")),
  h("p", { class: "quiet" }, h("small", {}, answer.method)),
  attribution(answer),
];

function take(answer) {
  if (!answer) return;
  map.take(answer.items, state.at);
  if (state.zoom === 1) map.reach();
  search();
}

// ---- the address

function remember() {
  const round = (value, digits) => Number(value.toFixed(digits));
  const { x, y, zoom } = map.view;
  note({ x: round(x, 4), y: round(y, 4), zoom: round(zoom, 3), at: map.focused?.id ?? "" });
  near();
}

function follow() {
  watch(() => `${state.x} ${state.y} ${state.zoom}`, placed);
  watch(
    () => state.at,
    () => {
      if (map.focused?.id === state.at) return;
      map.focus(state.at);
      map.reach();
    },
  );
  watch(() => state.filter, search);
  onLanguage(near);
}

/** The reader went back to another part; what we noted ourselves is rounded only. */
function placed() {
  const { x, y, zoom } = map.view;
  const off = Math.abs(x - state.x) + Math.abs(y - state.y) + Math.abs(zoom - state.zoom);
  if (off > 0.01) map.place({ x: state.x, y: state.y, zoom: state.zoom });
}

// ---- in words

function search() {
  map.search(state.filter);
  near();
}

/** Who has the focus, or is in the middle, and who is near: as pictures, and for a screen reader. */
function near() {
  const { focused, points } = map;
  const { x, y } = focused ?? map.view;
  const around = points.length ? map.drawn.around(x, y, BESIDE).map((place) => points[place]) : [];
  const names = around
    .filter((one) => one !== focused)
    .slice(0, NAMED)
    .map(({ name }) => name)
    .join(", ");
  const now = focused ? t("map_at", { name: focused.name, near: names }) : t("map_nowhere");
  map.canvas.setAttribute("aria-label", t("map_label", { count: whole(points.length), now }));
  fill(beside, around.length ? tiles(around, ({ id }) => searchWithAnchor(id)) : null);
  count.textContent = map.found ? t("map_found", { count: whole(map.found.size) }) : "";
}
