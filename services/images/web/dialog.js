// What opens over the page and closes with Esc: native dialogs, which keep the focus inside and give it back.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { named } from "./shared/said.js";

let count = 0;

/** Opens `content` under `title`; `closed` is called however it closes. Gives the dialog. */
export function open(title, content, { closed, wide = false } = {}) {
  const id = `dialog-${(count += 1)}`;
  const cross = named(
    h(
      "button",
      { type: "button", class: "quiet icon", onclick: () => dialog.close() },
      h("span", { "aria-hidden": "true" }, "✕"),
    ),
    "close",
  );
  const head = h("div", { class: "dialog-head" }, h("h2", { id }, title), cross);
  const dialog = h("dialog", {
    class: wide ? "wide" : null,
    "aria-labelledby": id,
    onclick: (event) => event.target === dialog && dialog.close(),
  });
  dialog.append(h("div", { class: "dialog-body" }, head, content));
  dialog.addEventListener("close", () => {
    lend([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body);
    dialog.remove();
    closed?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  lend(dialog);
  return dialog;
}

/** What speaks goes where it is heard: behind an open dialog all is silent. */
function lend(place) {
  place.append(...document.querySelectorAll("#announcements, .toast"));
}

/** Whether the reader said yes. */
export function confirmed(title, text, yes) {
  return new Promise((answer) => {
    let said = false;
    const agree = () => {
      said = true;
      dialog.close();
    };
    const buttons = h(
      "p",
      { class: "row" },
      h("button", { type: "button", onclick: agree }, yes),
      h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("cancel")),
    );
    const dialog = open(title, [h("p", {}, text), buttons], { closed: () => answer(said) });
  });
}

/** What the reader wrote, or null. */
export function written(title, label, value) {
  return new Promise((answer) => {
    let text = null;
    const input = h("input", { ".value": value, required: true, maxlength: "200" });
    const submit = (event) => {
      event.preventDefault();
      text = input.value.trim() || null;
      dialog.close();
    };
    const buttons = h(
      "p",
      { class: "row" },
      h("button", { type: "submit" }, t("save")),
      h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("cancel")),
    );
    const dialog = open(title, h("form", { onsubmit: submit }, h("label", {}, label, input), buttons), {
      closed: () => answer(text),
    });
    input.select();
  });
}
