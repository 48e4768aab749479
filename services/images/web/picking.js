// One of the index, chosen in a dialog.

import { debounced, h } from "./shared/dom.js";
import { t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { open } from "./dialog.js";
import { anchors } from "./places.js";
import { attribution, tiles } from "./tiles.js";

const SHOWN = 48;

/** `picked(id)` gets what the reader chose. */
export function pick(picked) {
  const input = h("input", { type: "search", maxlength: "200", placeholder: t("filter_example") });
  const content = h("div", { class: "picking" });
  const dialog = open(t("pick"), [h("label", {}, t("filter"), input), content], { wide: true });
  const choose = (id) => {
    dialog.close();
    picked(id);
  };
  const part = region(content, {
    ask: (signal) => anchors({ query: input.value, limit: SHOWN }, { signal }),
    draw: (page) => draw(page, choose),
  });
  input.addEventListener("input", debounced(part.update));
  part.update();
  input.focus();
}

function draw(page, choose) {
  if (!page.items.length) return null;
  return [
    h("p", { class: "quiet", role: "status" }, t("shown_of", { shown: page.items.length, total: whole(page.total) })),
    tiles(page.items, ({ id }) => choose(id)),
    attribution(page),
  ];
}
