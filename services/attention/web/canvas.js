// A canvas as sharp as the screen, drawn at most once a frame.

import { h } from "./shared/dom.js";
import { onColours } from "./colours.js";

export const density = () => Math.min(devicePixelRatio || 1, 3);

/** A hidden-to-readers canvas; whoever shows it gives it words. */
export const canvas = (name) => h("canvas", { class: name, "aria-hidden": "true" });

/** Sets the size in CSS pixels and gives a context that counts in them. */
export function sized(node, width, height) {
  const scale = density();
  const [across, down] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (node.width !== across) node.width = across;
  if (node.height !== down) node.height = down;
  Object.assign(node.style, { width: `${width}px`, height: `${height}px` });
  const context = node.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** `draw` in the next frame, however often it is called before. */
export function framed(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Calls `draw` when `node` has another size and when the colours change. */
export function follow(node, draw) {
  const later = framed(draw);
  let width = 0;
  new ResizeObserver(() => {
    if (node.clientWidth === width) return;
    width = node.clientWidth;
    later();
  }).observe(node);
  onColours(later);
}

export const FONT = '13px system-ui, "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif';

/** The text, shortened to `width` pixels. */
export function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let kept = [...text];
  while (kept.length > 1 && context.measureText(`${kept.join("")}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.join("")}…`;
}
