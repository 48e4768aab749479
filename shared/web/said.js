// Words that stay on the page for good: they follow the reader's language by themselves.

import { h } from "./dom.js";
import { onLanguage, t } from "./language.js";

/** `draw` now, and again at each change of the language: for good, or as long as there is `node`. */
export function always(draw, node) {
  onLanguage(draw, node);
  draw();
}

/** A <span> with the words of `key`. */
export function said(key, tag = "span", attributes = {}) {
  const node = h(tag, attributes);
  always(() => (node.textContent = t(key)), node);
  return node;
}

/** `node` with its `attribute` in the words of `key`. */
export function named(node, key, attribute = "aria-label") {
  always(() => node.setAttribute(attribute, t(key)), node);
  return node;
}

/** `control` below its visible label. */
export const labelled = (key, control, attributes = {}) => h("label", attributes, said(key), control);

/** A <select> that is created once. `offer(options, now)` renews what it offers: pairs of a value and its words. */
export function selection(key, chosen, attributes = {}) {
  const select = h("select", { onchange: () => chosen(select.value) });
  const offer = (options, now) => {
    const offered = JSON.stringify(options);
    if (select.dataset.offered !== offered) {
      select.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
      select.dataset.offered = offered;
    }
    select.value = String(now);
  };
  return { node: labelled(key, select, attributes), select, offer };
}
