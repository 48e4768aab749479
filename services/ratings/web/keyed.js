// A list of movies that keeps its elements: who is still in it moves to the new place, so that the eye can follow.

import { onLanguage } from "./shared/language.js";

const MOVE = { duration: 420, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };

/** `make(item)` gives { node, update(item, rank) }. What is returned shows a list of items, each with its movie_id. */
export function keyed(list, make) {
  let shown = new Map();
  onLanguage(() => (shown = new Map())); // made anew, in the other language
  return (items) => {
    const before = tops(list);
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const next = new Map(items.map((item) => [item.movie_id, shown.get(item.movie_id) ?? make(item)]));
    items.forEach((item, rank) => next.get(item.movie_id).update(item, rank));
    const nodes = [...next.values()].map(({ node }) => node);
    const kept = hold(list, nodes, focused);
    arrange(list, nodes);
    if (focused && list.contains(focused) && document.activeElement !== focused) focused.focus({ preventScroll: true });
    if (kept) leaveLater(kept);
    glide(nodes, before);
    shown = next;
  };
}

const tops = (list) => new Map([...list.children].map((node) => [node, node.getBoundingClientRect().top]));

/** Somebody who works with the keyboard is not thrown out of what he is in: it stays where it is until he leaves. */
function hold(list, nodes, focused) {
  const kept = focused?.matches(":focus-visible") && [...list.children].find((node) => node.contains(focused));
  if (!kept || nodes.includes(kept)) return null;
  nodes.splice([...list.children].indexOf(kept), 0, kept);
  return kept;
}

function leaveLater(node) {
  node.classList.add("leaving");
  node.addEventListener("focusout", function leave({ relatedTarget }) {
    if (node.contains(relatedTarget) || !relatedTarget) return;
    node.removeEventListener("focusout", leave);
    if (node.classList.contains("leaving")) node.remove();
  });
}

/** As few moves as can be: who is moved loses the focus. */
function arrange(list, nodes) {
  const stay = new Set(nodes);
  [...list.children].filter((node) => !stay.has(node)).forEach((node) => node.remove());
  nodes.forEach((node, place) => {
    if (list.children[place] !== node) list.insertBefore(node, list.children[place] ?? null);
  });
}

function glide(nodes, before) {
  if (!before.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const node of nodes) {
    const way = before.has(node) ? before.get(node) - node.getBoundingClientRect().top : null;
    if (way === null) node.animate([{ opacity: 0.3 }, { opacity: 1 }], MOVE);
    else if (Math.abs(way) > 1) node.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], MOVE);
  }
}
