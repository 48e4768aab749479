// Pictures of the index as buttons, and whose the pictures are.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { thumbnailAt } from "./places.js";
import { roving } from "./roving.js";

/** A list of tiles, of which `chosen(item)` gets the one that is clicked. */
export function tiles(items, chosen) {
  const each = items.map((one) =>
    h(
      "li",
      {},
      tile(one, () => chosen(one)),
    ),
  );
  return roving(h("ul", { class: "tiles" }, each));
}

/** A thumbnail above its name; `more` stands below the name. */
export function tile({ id, name }, onclick, more = null, label = null) {
  const image = h("img", { src: thumbnailAt(id), alt: "", loading: "lazy", width: 96, height: 96 });
  const caption = h("span", { class: "tile-name" }, name);
  return h("button", { type: "button", class: "tile", onclick, "aria-label": label }, image, caption, more);
}

let whose = ""; // the same in every answer

/** What the answer, or where it says nothing one before it, says of who made the pictures. */
export function attribution(answer = {}) {
  whose = answer.attribution ?? whose;
  return whose ? h("p", { class: "attribution" }, h("small", {}, t("whose"), " ", whose)) : null;
}
