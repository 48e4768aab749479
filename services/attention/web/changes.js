// The heads that changed most between two sentences; each opens.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { model, placeIn } from "./models.js";
import { change } from "./state.js";

export function changes({ changed }) {
  const most = Math.max(...changed.map(({ change: size }) => size), 1e-9);
  return h(
    "ol",
    { class: "plain changes" },
    changed.map((one) =>
      h(
        "li",
        {},
        changeOf(one),
        h("span", { class: "bar mine", "aria-hidden": "true", style: { width: `${(100 * one.change) / most}%` } }),
      ),
    ),
  );
}

function changeOf({ layer, head, change: size }) {
  const now = placeIn(model());
  const open = () => change({ layer, head }, { step: true });
  const pressed = now.layer === layer && now.head === head;
  return h(
    "button",
    { type: "button", class: "quiet small", "aria-pressed": String(pressed), onclick: open },
    t("changed_item", { layer, head, change: number(size, 4) }),
  );
}
