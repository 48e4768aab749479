// A sentence about what was done, with a way to take it back; it stays until it is closed or the next one comes.
// It takes the focus where that was lost with what was removed.

import { fill, h } from "./shared/dom.js";
import { t } from "./shared/language.js";

let place;

/** `undo` is [words, what to do]. */
export function toast(text, undo) {
  place ??= h("div", { class: "toast", role: "status" });
  if (!place.isConnected) ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(place);
  const close = () => fill(place);
  const act = async () => {
    close();
    await undo[1]();
  };
  fill(
    place,
    h("p", {}, text),
    undo ? h("button", { type: "button", onclick: act }, undo[0]) : null,
    h("button", { type: "button", class: "quiet", onclick: close }, t("close")),
  );
  if (undo)
    requestAnimationFrame(() => document.activeElement === document.body && place.querySelector("button")?.focus());
}
