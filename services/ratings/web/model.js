// The data and the model: the newsletter's pictures, every measured figure, and what the card says.

import { h } from "./shared/dom.js";
import { figures } from "./shared/figures.js";
import { t } from "./shared/language.js";
import { evaluation } from "./evaluation.js";
import { worded } from "./worded.js";

const PICTURES = ["matrix", "products", "losses", "calibration", "by-user", "by-stars"];

export function model(card) {
  return h(
    "div",
    {},
    h(
      "section",
      {},
      worded("h2", {}, () => t("pictures")),
      worded("div", { class: "pictures" }, () => PICTURES.map(picture)),
    ),
    evaluation(),
    worded("section", {}, () => said(card)),
  );
}

const picture = (name) =>
  h(
    "figure",
    {},
    h(
      "a",
      { href: `figures/${name}?format=svg` },
      h("img", {
        src: `figures/${name}?format=svg`,
        alt: t(`picture_${name}`),
        loading: "lazy",
        width: 720,
        height: 480,
      }),
    ),
    h(
      "figcaption",
      {},
      h("strong", {}, t(`picture_${name}`)),
      h("span", {}, " ", t(`picture_${name}_is`)),
      " ",
      h("a", { href: `figures/${name}?format=png`, download: `${name}.png` }, t("download", { what: "PNG" })),
    ),
  );

const said = (card) => [
  h("h2", {}, t("figures")),
  h("p", { class: "quiet" }, t("figures_lead")),
  figures(card),
  h("h3", {}, t("limits")),
  h(
    "ul",
    {},
    card.limits.map((limit) => h("li", {}, limit)),
  ),
  h("p", { class: "quiet" }, card.data, " · ", card.licence),
];
