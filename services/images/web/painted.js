// The surface of the map: a canvas as sharp as the screen, redrawn at most once a frame, in the colours of the page.

import { h } from "./shared/dom.js";

const INKS = ["quiet", "line", "accent", "warm"];
const BELOW = 32; // pixels from a point down to its name

/** { node, redraw } for a map with `canvas`, `view`, `drawn`, `found`, `pointed` and `points`. */
export function painted(map) {
  const tag = h("div", { class: "tag", hidden: true, "aria-hidden": "true" });
  const probe = h("span", { hidden: true });
  const node = h("div", { class: "plane" }, map.canvas, tag, probe);
  let colours = {};
  let due = false;

  function paint() {
    due = false;
    map.drawn.draw(map.canvas.getContext("2d"), map.view, colours, { found: map.found, at: map.pointed });
    name(tag, map);
  }

  function redraw() {
    if (!due) requestAnimationFrame(paint);
    due = true;
  }

  function fit() {
    const { clientWidth: width, clientHeight: height } = map.canvas;
    if (!width) return; // its tab is not seen
    const ratio = devicePixelRatio || 1;
    Object.assign(map.view, { width, height });
    Object.assign(map.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    paint(); // at once: a canvas of another size is empty
  }

  function dye() {
    colours = Object.fromEntries(INKS.map((ink) => [ink, colourOf(probe, ink)]));
    redraw();
  }

  new ResizeObserver(() => (dye(), fit())).observe(map.canvas);
  addEventListener("theme", dye);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dye);
  return { node, redraw };
}

/** light-dark() is settled only where it is somebody's colour. */
function colourOf(probe, ink) {
  probe.style.color = `var(--${ink})`;
  return getComputedStyle(probe).color;
}

/** The name beside what is pointed at, within the canvas. */
function name(tag, { view, points, pointed }) {
  const point = points[pointed];
  tag.hidden = !point;
  if (!point) return;
  tag.textContent = point.name;
  const within = (value, most) => Math.min(Math.max(value, 4), Math.max(4, most));
  const left = within(view.across(point.x) + 12, view.width - tag.offsetWidth - 4);
  const top = within(view.down(point.y) + BELOW, view.height - tag.offsetHeight - 4);
  tag.style.transform = `translate(${left}px, ${top}px)`;
}
