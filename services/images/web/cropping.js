// A region of the picture that is searched with: drawn on it with mouse, pen or finger, or typed in pixels.

import { h } from "./shared/dom.js";
import { labelled, said } from "./shared/said.js";
import { boxOf } from "./pictures.js";
import { button } from "./spoken.js";
import { go, state } from "./state.js";

const LEAST = 8; // pixels of a side: less was a click

/** The region of `canvas`, where a picture is shown whole; `redraw()` is called while one is drawn. */
export class Cropping {
  constructor(canvas, redraw) {
    Object.assign(this, { canvas, redraw, bitmap: null, from: null, drawing: null });
    this.inputs = ["x", "y", "w", "h"].map(() => this.input());
    this.all = button("box_all", () => go({ box: "" }, { step: true }), { class: "quiet" });
    const fields = this.inputs.map((input, place) => labelled(`box_${"xywh"[place]}`, input));
    const [summary, hint] = [said("box", "summary"), said("box_hint", "p")];
    this.node = h("details", {}, summary, hint, h("div", { class: "boxes" }, fields), this.all);
    this.listen();
  }

  input() {
    const integer = { type: "number", min: "0", step: "1", inputmode: "numeric" };
    return h("input", { ...integer, onchange: () => this.typed() });
  }

  listen() {
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.extend(event));
    this.canvas.addEventListener("pointerup", () => this.end());
    this.canvas.addEventListener("pointercancel", () => this.end(false));
    // on a phone a finger on the picture scrolls the page, until the region is opened
    this.node.addEventListener("toggle", () => this.canvas.classList.toggle("drawable", this.node.open));
  }

  /** [x, y, width, height] as it is asked for or being drawn, or null. */
  get box() {
    return this.drawing ?? boxOf(state.box, this.bitmap);
  }

  /** Follows the address, for a picture. */
  show(bitmap) {
    this.bitmap = bitmap;
    this.node.hidden = !bitmap;
    const box = boxOf(state.box, bitmap);
    this.inputs.forEach((input, place) => (input.value = box ? box[place] : ""));
    this.all.disabled = !state.box;
    if (box) this.node.open = true;
  }

  /** The pixel of the picture under a pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const inside = (share, size) => Math.min(Math.max(Math.round(share * size), 0), size);
    const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return [inside(across, this.bitmap.width), inside(down, this.bitmap.height)];
  }

  begin(event) {
    if (event.button !== 0 || (event.pointerType === "touch" && !this.node.open)) return;
    this.from = this.at(event);
    this.canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  extend(event) {
    if (!this.from) return;
    const [[left, top], [x, y]] = [this.from, this.at(event)];
    this.drawing = [Math.min(left, x), Math.min(top, y), Math.abs(left - x), Math.abs(top - y)];
    this.redraw();
  }

  end(meant = true) {
    const box = this.drawing;
    this.from = this.drawing = null;
    if (meant && box && Math.min(box[2], box[3]) >= LEAST) go({ box: box.join(",") }, { step: true });
    else this.redraw();
  }

  typed() {
    const values = this.inputs.map((input) => input.value.trim());
    if (values.every((one) => one === "")) go({ box: "" });
    else if (values.every((one) => one !== "")) go({ box: values.join(",") });
  }
}

/** What is outside of [x, y, width, height] on the canvas is darkened. */
export function outline(context, [x, y, width, height]) {
  context.save();
  context.fillStyle = "rgb(0 0 0 / 0.5)";
  context.beginPath();
  context.rect(0, 0, context.canvas.width, context.canvas.height);
  context.rect(x, y, width, height);
  context.fill("evenodd");
  context.strokeStyle = "#fff";
  context.lineWidth = 2 * (devicePixelRatio || 1);
  context.strokeRect(x, y, width, height);
  context.restore();
}
