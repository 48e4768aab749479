// An equation in plain text, with what stands after _ and ^ set lower and higher.

import { h } from "./shared/dom.js";

const PART = /([_^])(\([^)]*\)|[\p{L}\d]+\*?)/gu;

export function equation(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(PART)) {
    parts.push(text.slice(from, found.index), set(found[1], found[2]));
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)].filter((part) => part !== "");
}

function set(sign, inner) {
  const bare = inner.startsWith("(") ? inner.slice(1, -1) : inner;
  return h(sign === "_" ? "sub" : "sup", {}, sign === "_" ? bare : equation(bare));
}
