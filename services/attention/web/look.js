// Look: who looks at whom. The tokens, one head as a matrix and as lines, and all heads small.

import { fill, h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { modelChoice, marksSwitch, placeChoices, wordsSwitch } from "./controls.js";
import { pictures } from "./look_parts.js";
import { firstPicture, headOf } from "./maps.js";
import { byRoot } from "./matrix_paint.js";
import { isPlace, model, placeIn } from "./models.js";
import { pointing } from "./pointing.js";
import { finding, linksTable } from "./readout.js";
import { change, state } from "./state.js";
import { peak } from "./strongest.js";

const NEW_TEXT = ["text", "model", "words"];
const NEW_HEAD = ["layer", "head", "marks"];

export function look() {
  const seen = { picture: null, data: null };
  const pointed = pointing(({ row, column }) => change({ query: row, key: column }));
  const parts = pictures(seen, pointed);
  const one = region(parts.head, {
    ask: (signal) => askHead(seen, signal),
    draw: (data) => drawHead(data, seen, parts, pointed),
  });
  const all = region(parts.all, {
    ask: askPicture,
    draw: (picture) => drawPicture(picture, seen, parts, one),
    empty: "no_text",
  });
  const node = h(
    "div",
    {},
    h("section", {}, h("div", { class: "row" }, modelChoice(), placeChoices(), wordsSwitch(), marksSwitch())),
    parts.all,
  );
  return {
    node,
    update(changed) {
      if (NEW_TEXT.some((name) => changed.has(name))) return void all.update();
      if (NEW_HEAD.some((name) => changed.has(name)) && seen.picture) one.update();
      pointed.held(heldIn(seen));
      if (changed.has("query") || changed.has("key")) parts.linked.update(seen);
    },
  };
}

/** What the address holds, as far as this text has such tokens. */
function heldIn({ data }) {
  const there = (place, tokens) => (isPlace(place, tokens?.length) ? place : -1);
  return { row: there(state.query, data?.rows), column: there(state.key, data?.columns) };
}

async function askPicture(signal) {
  if (!state.text.trim()) return null;
  const { layer, head } = placeIn(model());
  return firstPicture({ text: state.text, model: model(), words: state.words }, layer, head, signal);
}

function drawPicture(picture, seen, parts, one) {
  if (picture === null) return null;
  const fresh = seen.picture !== picture;
  seen.picture = picture;
  if (fresh) {
    one.update();
    parts.roles.update(picture);
  }
  parts.heads.show(picture);
  parts.heads.mark(...Object.values(placeIn(model())));
  fill(
    parts.warnings,
    picture.warnings.map((words) => h("p", { class: "note", lang: "en" }, words)),
  );
  fill(parts.about, t("about_hint"));
  return parts.allNodes;
}

async function askHead({ picture }, signal) {
  const { layer, head } = placeIn(model());
  const values = await headOf(picture, layer, head, signal);
  const data = {
    rows: picture.tokens,
    columns: picture.key_tokens ?? picture.tokens,
    special: picture.special,
    values,
    scale: 255,
    layer,
    head,
  };
  return { ...data, largest: peak(data) };
}

function drawHead(data, seen, parts, pointed) {
  const text = seen.data?.rows !== data.rows;
  seen.data = data;
  const drawn = state.marks ? data : withoutMarks(data);
  parts.matrix.show(drawn);
  parts.lines.show(drawn);
  if (text) parts.strip.show(data, data.special);
  else parts.strip.use(data);
  parts.heads.mark(data.layer, data.head);
  for (const { box, key } of [
    { box: parts.matrix.box, key: "matrix_name" },
    { box: parts.lines.box, key: "lines_name" },
  ]) {
    box.setAttribute("aria-label", `${t(key, data)} ${finding(data)} ${t("arrows")}`);
  }
  fill(parts.legend, t(byRoot(data) ? "legend_root" : "legend", { largest: number(drawn.largest, 3) }));
  fill(parts.table, linksTable(data));
  parts.table.open = true;
  pointed.held(heldIn(seen));
  parts.linked.update(seen);
  parts.downloads.update?.();
  measured();
  return parts.headNodes;
}

/** What is left when nothing to or from a mark is drawn; the weights stay what they are. */
function withoutMarks(data) {
  const width = data.columns.length;
  const isMark = (place) => data.special[Math.floor(place / width)] || data.special[place % width];
  const drawn = { ...data, values: data.values.map((value, place) => (isMark(place) ? 0 : value)) };
  return { ...drawn, largest: peak(drawn) };
}

/** From the answer to the first frame that shows it, for whoever measures. */
function measured() {
  if (!performance.getEntriesByName("answer").length) return;
  requestAnimationFrame(() =>
    setTimeout(() => {
      performance.measure("first-picture", "answer");
      performance.clearMarks("answer");
    }),
  );
}
