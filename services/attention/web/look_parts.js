// What Look is made of: every part is made once, and drawn into.

import { announce, fill, h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { named, said } from "./shared/said.js";
import { downloads } from "./downloads.js";
import { grid } from "./grid.js";
import { lines } from "./lines.js";
import { linked } from "./linked.js";
import { matrix } from "./matrix.js";
import { isSome } from "./pointing.js";
import { inWords } from "./readout.js";
import { roles } from "./roles.js";
import { change } from "./state.js";
import { strip } from "./strip.js";

export function pictures(seen, pointed) {
  const moved = (place) => announce(inWords(seen.data, place));
  const hands = { hover: pointed.hover, choose: pointed.choose, moved };
  const parts = {
    matrix: matrix(hands),
    lines: lines(hands),
    strip: strip(hands),
    warnings: h("div"),
    readout: h("p", { class: "readout" }),
  };
  parts.heads = grid({
    open: (layer, head) => change({ layer, head }, { step: true }),
    tell: (words) => fill(parts.about, words),
  });
  parts.legend = h("p", { class: "quiet small" });
  parts.about = h("p", { class: "readout quiet" });
  parts.table = h("details", { class: "links" });
  parts.linked = linked();
  parts.roles = roles();
  parts.downloads = downloads(seen);
  for (const view of [parts.matrix, parts.lines, parts.strip]) pointed.watch((place) => seen.data && view.point(place));
  pointed.watch((place) => seen.data && fill(parts.readout, isSome(place) ? inWords(seen.data, place) : t("hint")));
  parts.head = h(
    "div",
    { class: "pair" },
    titled("matrix_title", parts.matrix.node, parts.legend),
    titled("lines_title", parts.lines.node, said("lines_lead", "p", { class: "quiet small" })),
  );
  parts.headNodes = [...parts.head.children];
  parts.all = h("div", { class: "look" }, said("loading", "p", { class: "empty" }));
  parts.allNodes = layout(parts);
  return parts;
}

const titled = (key, ...nodes) => h("section", {}, said(key, "h2"), nodes);

function layout({
  strip,
  readout,
  head,
  table,
  heads,
  about,
  linked: links,
  roles: kinds,
  downloads: files,
  warnings,
}) {
  return [
    h("section", {}, said("tokens", "h2"), strip.node, readout, warnings),
    head,
    h(
      "section",
      {},
      said("grid_title", "h2"),
      said("grid_lead", "p", { class: "quiet" }),
      named(h("div", { class: "scroll", role: "group" }, heads.node), "grid_title"),
      about,
    ),
    h(
      "div",
      { class: "columns" },
      h("section", {}, links.node),
      h("section", {}, said("strongest_title", "h2"), table),
    ),
    kinds.node,
    files,
  ];
}
