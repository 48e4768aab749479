// The same as files: the pictures that the service draws, the numbers, and the command that asks for them.

import { ask, path } from "./shared/api.js";
import { announce, fill, h } from "./shared/dom.js";
import { copier, curl, curlOf } from "./shared/frame.js";
import { language, t } from "./shared/language.js";
import { always, said } from "./shared/said.js";
import { save } from "./shared/saving.js";
import { askedOf } from "./maps.js";

const VIEWS = ["matrix", "head", "grid"];
const FORMATS = ["svg", "png", "html"];

/** `seen.picture` and `seen.data` are what is on the page. */
export function downloads(seen) {
  const place = h("div");
  const update = () =>
    seen.data &&
    fill(
      place,
      files(seen),
      commands(seen),
      h("p", { class: "quiet small" }, t("error", { error: seen.picture.maxError.toFixed(4) })),
    );
  always(update);
  return Object.assign(h("section", {}, said("downloads", "h2"), place), { update });
}

function files({ picture, data }) {
  const { layer, head } = data;
  return [
    h(
      "table",
      { class: "files" },
      h(
        "tbody",
        {},
        VIEWS.map((view) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, t(`file_${view}`)),
            FORMATS.map((format) => h("td", {}, figure(picture, view, format, layer, head))),
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "row" },
      saver("json", askedOf(picture.reading, layer, head), "one"),
      saver("npz", askedOf(picture.reading, layer, head), "one"),
      saver("npz", everything(picture.reading), "all"),
      copier(t("link"), () => location.href),
    ),
  ];
}

const named = ({ model }, layer, head, ending) => `attention-${model}-${layer}-${head}.${ending}`;

function figure(picture, view, format, layer, head) {
  const { text, model, words } = picture.reading;
  const place = path("figure", {
    text,
    model: model.name,
    merge: words ? "words" : null,
    view,
    layer,
    head,
    format,
    language: language(),
  });
  return h(
    "a",
    {
      href: place,
      download: named(picture, layer, head, `${view}.${format}`),
      "aria-label": `${t(`file_${view}`)}, ${format.toUpperCase()}`,
    },
    format.toUpperCase(),
  );
}

const everything = (reading) => ({ ...askedOf(reading, 0, 0), layers: null, heads: null, thumbnails: 32 });

function saver(form, asked, which) {
  const trouble = h("span", { class: "bad" });
  const take = async () => {
    fill(trouble);
    await saved(form, asked).catch((error) => say(trouble, error.detail ?? String(error)));
  };
  return [
    h("button", { type: "button", class: "quiet", onclick: take }, t("download", { what: t(`${form}_${which}`) })),
    trouble,
  ];
}

function say(node, words) {
  fill(node, words);
  announce(words);
}

async function saved(form, asked) {
  const response = await ask("maps", {
    json: asked,
    accept: form === "npz" ? "application/x-npz" : "application/json",
  });
  save(await response.blob(), named(asked, asked.layers ?? "all", asked.heads ?? "all", form));
}

const commands = ({ picture, data }) => curl(curlOf("maps", askedOf(picture.reading, data.layer, data.head)));
