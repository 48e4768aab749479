// The table of everything that was measured, beside other people's models: what we won and what we lost.

import { askJson } from "./shared/api.js";
import { h } from "./shared/dom.js";
import { shown } from "./shared/figures.js";
import { t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { whileSeen } from "./state.js";
import { table } from "./table.js";
import { worded } from "./worded.js";

const OTHERS = /SVD|\bALS\b|myFM|mean|bias|popular|\bEASE\b/i; // other people's; the rest are ours in another form
const MORE_IS_BETTER = /NDCG|recall|a second/i;
const NEITHER = /coverage|calibration|width|synthetic/i; // nobody wins by more or less of it

export function evaluation() {
  const place = h("div", {});
  const part = region(place, { ask: (signal) => askJson("evaluation", { signal }), draw });
  whileSeen("model", [], part.update);
  return h(
    "section",
    {},
    worded("h2", {}, () => t("evaluation")),
    worded("p", {}, () => t("evaluation_lead")),
    place,
  );
}

function draw({ protocols }) {
  if (!protocols.length) return null;
  const heads = ["ev_what", "ours", "ev_others", "ev_verdict"];
  return table(t("evaluation"), heads, protocols.map(row), { kind: "evaluation" });
}

function row(one) {
  const best = bestOf(one);
  const verdict = best === null ? null : best.lost ? "lost" : "won";
  const notes = [one.data, one.protocol, one.note].filter(Boolean).map((note) => h("small", { class: "quiet" }, note));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, one.metric, notes),
    h("td", { class: `number ${verdict ?? ""}` }, shown(one.value)),
    h(
      "td",
      {},
      h(
        "ul",
        { class: "others" },
        Object.entries(one.baselines).map((other) => beside(other, best)),
      ),
    ),
    h("td", { class: verdict }, best === null ? t("ev_none") : t(`ev_${verdict}`, { name: best.name })),
  );
}

const beside = ([name, value], best) =>
  h("li", {}, name, " ", h(best?.name === name ? "b" : "span", { class: "number" }, shown(value)));

/** The best of other people's models, and whether it beats ours; null where there is nobody to compare with. */
function bestOf({ metric, value, baselines }) {
  const others = Object.entries(baselines).filter(([name]) => OTHERS.test(name));
  if (!others.length || NEITHER.test(metric)) return null;
  const sign = MORE_IS_BETTER.test(metric) ? -1 : 1;
  const [name, best] = others.sort(([, one], [, other]) => sign * (one - other))[0];
  return { name, lost: sign * (best - value) < 0 };
}
