// Elements, built in one call.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "path", "line", "rect", "circle", "text", "title", "polyline", "defs"]);

/** An element with attributes, listeners (`onclick`), properties (`.value`) and children: nodes, texts, lists, null. */
export function h(tag, attributes = {}, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...there(children));
  return node;
}

const there = (children) =>
  children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "style") Object.entries(value).forEach(([key, one]) => node.style.setProperty(key, one));
  else if (name.startsWith(".")) node[name.slice(1)] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

/** Puts `children` in place of what `node` holds. */
export function fill(node, ...children) {
  node.replaceChildren(...there(children));
  return node;
}

export const find = (selector, within = document) => within.querySelector(selector);

/** `work` is called when no call came for `milliseconds`. */
export function debounced(work, milliseconds = 250) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

/** Says something to a screen reader, without moving what is seen. */
export function announce(text) {
  const place = find("#announcements");
  if (place) place.textContent = text;
}
