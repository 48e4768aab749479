// A table that scrolls inside itself when it is wider than the page, or longer than its place.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";

/** `heads` are keys of words, `rows` elements; `kind` is a class of the table, `place` one of what it scrolls in. */
export function table(name, heads, rows, { kind, place = "" } = {}) {
  const head = h(
    "thead",
    {},
    h(
      "tr",
      {},
      heads.map((key) => h("th", { scope: "col" }, t(key))),
    ),
  );
  return scrolled(name, h("table", { class: kind }, head, h("tbody", {}, rows)), place);
}

/** What may be wider than the page; the keyboard reaches it, a screen reader names it. */
export const scrolled = (name, content, place = "") =>
  h("div", { class: `scroll ${place}`, tabindex: "0", role: "region", "aria-label": name }, content);
