// The pictures of the index: looked through page by page, filtered by name, added to.

import { debounced, h } from "./shared/dom.js";
import { t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { labelled, named, said } from "./shared/said.js";
import { adding } from "./adding.js";
import { anchors } from "./places.js";
import { go, live, state, watch } from "./state.js";
import { attribution, tiles } from "./tiles.js";

const PAGE = 60;

/** The panel of the tab. */
export function anchorsPanel() {
  const content = h("div", { class: "grid" });
  const part = region(content, { ask, draw, empty: "no_anchors" });
  live("anchors", () => `${state.filter}|${state.page}`, part.update);
  return h("section", {}, said("anchors_title", "h2"), said("anchors_lead", "p"), adding(), filter(), content);
}

/** The field that filters by name; the map has the same. */
export function filter(key = "filter") {
  const input = named(
    h("input", { type: "search", maxlength: "200", ".value": state.filter }),
    "filter_example",
    "placeholder",
  );
  input.addEventListener(
    "input",
    debounced(() => go({ filter: input.value.trim(), page: 1 })),
  );
  watch(
    () => state.filter,
    () => input.value.trim() !== state.filter && (input.value = state.filter),
  );
  return labelled(key, input);
}

async function ask(signal) {
  const page = Math.max(1, Math.floor(state.page));
  const found = await anchors({ query: state.filter, limit: PAGE, offset: PAGE * (page - 1) }, { signal });
  if (found.items.length || page === 1 || !found.total) return found;
  go({ page: Math.ceil(found.total / PAGE) }); // the last picture of the last page went
  return found;
}

function draw(found) {
  if (!found.items.length) return state.filter ? null : h("p", { class: "note" }, t("index_empty"));
  const { items, total, offset } = found;
  const list = tiles(items, ({ id }) => go({ show: id }, { step: true }));
  const pages = () => (total > PAGE ? pager(offset, items.length, total) : null);
  return [pages(), list, pages(), attribution(found)];
}

export function pager(offset, count, total, size = PAGE) {
  const page = Math.floor(offset / size) + 1;
  const to = (other, key) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        disabled: other < 1 || (other - 1) * size >= total,
        onclick: () => go({ page: other }, { step: true }),
      },
      t(key),
    );
  const where = t("page_of", { from: whole(offset + 1), to: whole(offset + count), total: whole(total) });
  return h(
    "div",
    { role: "group", class: "row pager", "aria-label": `${t("pages")}: ${where}` },
    to(page - 1, "before"),
    h("span", {}, where),
    to(page + 1, "after"),
  );
}
