// The page's colours for canvases, as they are in this theme.

const probe = document.createElement("span");
probe.hidden = true;
let known = {};
const listeners = new Set();

/** [red, green, blue] of a custom property; light-dark() is only resolved in an element's own colour. */
function resolved(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe)
    .color.match(/[\d.]+/g)
    .slice(0, 3)
    .map(Number);
}

export const rgb = (name) => (known[name] ??= resolved(name));
export const css = (name, alpha = 1) => `rgb(${rgb(name).join(" ")} / ${alpha})`;

/** 256 colours from the card's own to the accent's, as 32-bit numbers for a picture's pixels. */
export const ramp = () => (known.ramp ??= between(rgb("card"), rgb("accent")));

/** The same from the second colour over the card to the first: of -1 to 1. */
export const twoSided = () =>
  (known.twoSided ??= [between(rgb("card"), rgb("warm")), between(rgb("card"), rgb("accent"))]);

function between(from, to) {
  return Uint32Array.from({ length: 256 }, (_, step) => {
    const [red, green, blue] = from.map((one, part) => Math.round(one + ((to[part] - one) * step) / 255));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

/** `draw` is called when the colours are others. */
export function onColours(draw) {
  listeners.add(draw);
}

function renewed() {
  known = {};
  listeners.forEach((draw) => draw());
}

addEventListener("theme", renewed);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renewed);
