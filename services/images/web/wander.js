// The map as one wanders in it: what is seen, pointed at, found; moved by mouse, finger and keys.

import { announce, h } from "./shared/dom.js";
import { gestures } from "./gestures.js";
import { painted } from "./painted.js";
import { plane } from "./plane.js";
import { toward } from "./spatial.js";
import { thumbnails } from "./thumbnails.js";
import { View } from "./view.js";

const NEAR = 8; // a zoom at which neighbours are told apart
const STEP = 1.5; // of the zoom, a key or a button
const EDGE = 40; // pixels from the edge within which the view follows the keys
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * The map on a canvas of its own. `changed()` is called when another part is seen or another point has the focus,
 * `picked(id)` and `opened(id)` when the reader chose one.
 */
export class Wander {
  constructor(view, { changed, picked, opened }) {
    Object.assign(this, { view: new View(view), changed, picked, opened });
    this.canvas = h("canvas", { tabindex: "0", role: "application" });
    this.thumbs = thumbnails(() => this.surface.redraw());
    this.surface = painted(this);
    this.take([], "");
    gestures(this.canvas, this);
    this.canvas.addEventListener("keydown", (event) => this.keys(event));
  }

  /** Shows points { id, name, x, y }, with the focus on `id`. */
  take(points, id) {
    this.drawn = plane(points, this.thumbs);
    this.over = -1; // the place under the mouse
    this.found = null; // places that stand out
    this.focus(id);
  }

  get points() {
    return this.drawn.points;
  }

  /** The point that has the focus. */
  get focused() {
    return this.points[this.at];
  }

  /** The place that is pointed at, by the mouse or else by the focus. */
  get pointed() {
    return this.over >= 0 ? this.over : this.at;
  }

  focus(id) {
    this.at = this.points.findIndex((one) => one.id === id);
    this.surface.redraw();
  }

  /** Points whose name holds `text` stand out; without a text none. */
  search(text) {
    const wanted = text.toLowerCase();
    const places = this.points.flatMap(({ name }, place) => (name.toLowerCase().includes(wanted) ? [place] : []));
    this.found = text ? new Set(places) : null;
    this.surface.redraw();
  }

  /** The focus goes to the next of those that stand out. */
  next() {
    const places = [...(this.found ?? [])];
    if (!places.length) return;
    this.at = places.find((place) => place > this.at) ?? places[0];
    announce(this.focused.name);
    this.reach();
  }

  /** What has the focus comes to the middle, near enough to see its neighbours. */
  reach() {
    if (!this.focused) return;
    const { x, y } = this.focused;
    Object.assign(this.view, { x, y, zoom: Math.max(this.view.zoom, NEAR) });
    this.moved();
  }

  moved() {
    this.surface.redraw();
    this.changed();
  }

  hovered(across, down) {
    const place = across === undefined ? -1 : this.drawn.hit(this.view, across, down);
    this.canvas.style.cursor = place >= 0 ? "pointer" : "";
    if (place === this.over) return;
    this.over = place;
    this.surface.redraw();
  }

  clicked(across, down) {
    const place = this.drawn.hit(this.view, across, down);
    if (place >= 0) this.picked(this.points[place].id);
  }

  keys(event) {
    const work = event.ctrlKey || event.metaKey || event.altKey ? null : this.workOf(event.key);
    if (!work) return;
    event.preventDefault();
    work();
  }

  workOf(key) {
    if (key in ARROWS) return () => this.step(ARROWS[key]);
    const chosen = (work) => () => this.focused && work(this.focused.id);
    const nearer = () => this.zoom(STEP);
    return {
      "+": nearer,
      "=": nearer,
      "-": () => this.zoom(1 / STEP),
      0: () => this.all(),
      Enter: chosen(this.picked),
      " ": chosen(this.opened),
    }[key];
  }

  /** The focus goes to the nearest point of a direction; the first time, to the one in the middle. */
  step(direction) {
    if (!this.points.length) return;
    const { x, y } = this.view;
    const place = this.focused ? toward(this.points, this.focused, direction) : this.drawn.around(x, y, 1)[0];
    if (place < 0) return;
    Object.assign(this, { at: place, over: -1 });
    if (!this.view.holds(this.focused, EDGE)) Object.assign(this.view, { x: this.focused.x, y: this.focused.y });
    announce(this.focused.name);
    this.moved();
  }

  /** Nearer or farther, around what has the focus. */
  zoom(factor) {
    const { view, focused } = this;
    view.nearer(factor, ...(focused ? [view.across(focused.x), view.down(focused.y)] : []));
    this.moved();
  }

  nearer() {
    this.zoom(STEP);
  }

  farther() {
    this.zoom(1 / STEP);
  }

  all() {
    this.place({ x: 0, y: 0, zoom: 1 });
    this.changed();
  }

  place(seen) {
    Object.assign(this.view, seen);
    this.view.keepIn();
    this.surface.redraw();
  }
}
