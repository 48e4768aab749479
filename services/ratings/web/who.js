// Whom everything is about: a newcomer, or a user of the data by number.

import { askJson, path } from "./shared/api.js";
import { debounced, h } from "./shared/dom.js";
import { t, whole } from "./shared/language.js";
import { region } from "./shared/region.js";
import { change, onChange, state } from "./state.js";
import { worded } from "./worded.js";

let range = null; // { total, first, last } of the users, once it is known

export function who() {
  const number = h("input", {
    type: "number",
    step: 1,
    min: 0,
    class: "user",
    oninput: debounced(() => number.value && use(number.value), 400),
  });
  const radios = ["newcomer", "user"].map((kind) =>
    h("input", {
      type: "radio",
      name: "who",
      value: kind,
      onchange: () => use(kind === "user" ? number.value || usual() : ""),
    }),
  );
  const known = h("span", { class: "known quiet" });
  const draw = () => {
    radios.forEach((radio) => (radio.checked = (radio.value === "user") === (state.user !== "")));
    if (state.user !== "" && document.activeElement !== number) number.value = state.user; // nobody is typing in it
  };
  const part = region(known, { ask: askRange, draw: (found) => said(found, number) });
  part.update();
  onChange(["user"], draw);
  draw();
  return h(
    "fieldset",
    { class: "row who" },
    worded("legend", {}, () => t("who")),
    radios.map((radio) =>
      h(
        "label",
        { class: "inline" },
        radio,
        worded("span", {}, () => t(radio.value)),
      ),
    ),
    h(
      "label",
      {},
      worded("span", {}, () => t("user_id")),
      number,
    ),
    worded("span", {}, () =>
      h("button", { type: "button", class: "quiet", onclick: () => another().then(use, part.update) }, t("another")),
    ),
    known,
  );
}

const usual = () => String(range?.first ?? 1);

function use(user) {
  change({ user }, { step: true });
}

async function askRange(signal) {
  const { total, items } = await askJson(path("users", { limit: 1 }), { signal });
  const end = await askJson(path("users", { limit: 1, offset: Math.max(0, total - 1) }), { signal });
  return { total, first: items[0].user_id, last: end.items[0].user_id };
}

function said(found, number) {
  range = found;
  Object.assign(number, { min: found.first, max: found.last });
  return h("span", {}, t("users_known", { total: whole(found.total), first: found.first, last: found.last }));
}

/** Somebody by chance; ids may have gaps, so a place in the list is drawn. */
async function another() {
  const offset = Math.floor(Math.random() * (range?.total ?? 1));
  const { items } = await askJson(path("users", { limit: 1, offset }));
  return String(items[0].user_id);
}
