// Two pictures side by side under the heat map of what makes them similar.

import { askJson, path } from "./shared/api.js";
import { fill, h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { region } from "./shared/region.js";
import { actions } from "./actions.js";
import { anchorPicture, askedPicture } from "./asked.js";
import { askedBox } from "./asking.js";
import { legend, rangeOf, strongest, sumOf } from "./heat.js";
import { heated, table } from "./heated.js";
import { bitmapOf, cut, prepared } from "./pictures.js";
import { anchor } from "./places.js";
import { sureness } from "./cards.js";
import { lastMatches } from "./results.js";
import { state } from "./state.js";
import { attribution } from "./tiles.js";

const HALF = 4_500_000; // bytes: two pictures have to fit into one request
const look = { strength: 0.6, smooth: true }; // as the reader chose it, for every pair

/** Fills `content` with the pair of the address. */
export function pair(content, { signal: over }) {
  const left = state.left;
  const right = state.pair;
  const match = left ? null : lastMatches().find(({ id }) => id === right);
  const embedding = left || state.by === "copy" ? "" : state.embedding;
  const part = region(content, { ask: (signal) => compared(left, right, match, embedding, signal), draw });
  part.update();
  over.addEventListener("abort", () => fill(content));
  return part;
}

async function compared(left, right, match, embedding, signal) {
  const [whole, b, record] = await Promise.all([
    left ? anchorPicture(left) : askedPicture(),
    anchorPicture(right),
    anchor(right, { signal }),
  ]);
  if (!whole) return { missing: true };
  const a = left ? whole : await part(whole);
  const answer = await askJson(path("compare", { embedding }), { body: await formOfTwo(a, b), signal });
  // of a search with the whole picture the map is the same; with a region, this is what the search itself saw
  if (match?.map)
    Object.assign(answer, {
      similarity: match.similarity,
      probability: match.probability,
      maps: { a: match.map, b: answer.maps.b },
    });
  return { answer, a, b, record };
}

/** The region that was searched with, as a picture of its own. */
async function part(picture) {
  const box = picture.bitmap && askedBox(picture);
  if (!box) return picture;
  const blob = await cut(picture.bitmap, box);
  return { ...picture, blob, bitmap: await bitmapOf(blob), name: `${picture.name}.png`, region: box };
}

async function formOfTwo(...pictures) {
  const form = new FormData();
  for (const [place, { blob, name }] of pictures.entries()) {
    const sent = blob.size > HALF ? (await prepared(blob, HALF)).blob : blob;
    form.append("ab"[place], sent, name);
  }
  return form;
}

function draw({ missing, answer, a, b, record }) {
  if (missing) return h("p", { class: "note" }, t("pair_missing"));
  const { maps } = answer;
  const range = rangeOf(Object.values(maps));
  const own = a.title ?? t("yours");
  const titles = [a.region ? t("region_of", { name: own, box: a.region.join(", ") }) : own, record.name];
  const side = (picture, map, title) =>
    picture.bitmap ? heated({ bitmap: picture.bitmap, map, range, title, look: () => look }) : null;
  const sides = [side(a, maps.a, titles[0]), side(b, maps.b, titles[1])].filter(Boolean);
  return [
    h("p", { class: "verdict" }, ...verdict(answer)),
    h(
      "div",
      { class: "pair" },
      sides.map(({ node }) => node),
    ),
    h(
      "div",
      { class: "row" },
      legend(range),
      controls(() => sides.forEach(({ redraw }) => redraw())),
    ),
    h("p", {}, finding(maps, titles, answer)),
    h(
      "details",
      {},
      h("summary", {}, t("as_table")),
      h("div", { class: "columns" }, table(maps.a, titles[0]), table(maps.b, titles[1])),
    ),
    h("h3", {}, record.name),
    actions(record),
    attribution(),
  ];
}

function verdict({ similarity, probability, tier, copy_similarity: copy }) {
  return [
    h("strong", {}, t("similarity_is", { value: number(similarity, 4) })),
    probability === null ? null : ` · ${sureness(probability)}`,
    tier && (tier !== "alike" || probability === null) ? ` · ${t(`tier_${tier}`)}` : null,
    ` · ${t("copy_is", { value: number(copy, 3) })}`,
  ].filter(Boolean);
}

function finding(maps, titles, { similarity }) {
  const of = (map, title) => t("most_from", { title, ...strongest(map) });
  const cells = maps.a.length * maps.a[0].length;
  return [
    t("sum_is", { cells, sum: number(sumOf(maps.a), 4), similarity: number(similarity, 4) }),
    of(maps.a, titles[0]),
    of(maps.b, titles[1]),
  ].join(" ");
}

function controls(redraw) {
  const strength = h("input", { type: "range", min: "0", max: "100", ".value": 100 * look.strength });
  strength.addEventListener("input", () => ((look.strength = strength.value / 100), requestAnimationFrame(redraw)));
  const cells = h("input", { type: "checkbox", ".checked": !look.smooth });
  cells.addEventListener("change", () => ((look.smooth = !cells.checked), requestAnimationFrame(redraw)));
  return [h("label", {}, t("strength"), strength), h("label", { class: "inline" }, cells, t("by_cell"))];
}
