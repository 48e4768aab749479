// What is searched with: a picture dropped, pasted, photographed or picked, or words; and how.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { labelled, named, said } from "./shared/said.js";
import { searchWith, searchWithAnchor } from "./asked.js";
import { camera } from "./camera.js";
import { dropped } from "./dropping.js";
import { pick } from "./picking.js";
import { preview } from "./preview.js";
import { button, select } from "./spoken.js";
import { go, state, watch } from "./state.js";
import { toast } from "./toast.js";

const MOST = 100; // matches that are explained at a time

/** The panel of the question. */
export function query() {
  const panel = h("section", { class: "query" }, said("query", "h2"), ways(), preview(), how());
  dropped("search", take);
  return named(panel, "query");
}

/** The first file; a search has one picture. */
function take(files) {
  if (!files.length) return;
  if (files.length > 1) toast(t("only_first", { name: files[0].name, count: files.length }));
  searchWith(files[0]);
}

function ways() {
  const input = h("input", { type: "file", accept: "image/*", hidden: true });
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  const drop = h(
    "button",
    { type: "button", class: "drop", onclick: () => input.click() },
    said("drop", "strong"),
    said("drop_more"),
  );
  const picking = button("pick", () => pick(searchWithAnchor), { class: "quiet" });
  return [drop, input, h("div", { class: "row ways" }, camera(searchWith), picking), words()];
}

function words() {
  const input = named(
    h("input", { type: "search", maxlength: "500", lang: "en", ".value": state.text }),
    "words_example",
    "placeholder",
  );
  const submit = (event) => {
    event.preventDefault();
    if (input.value.trim()) go({ text: input.value.trim(), anchor: "", box: "", pair: "", left: "" }, { step: true });
  };
  watch(
    () => state.text,
    () => (input.value = state.text),
  );
  return h(
    "form",
    { class: "words", role: "search", onsubmit: submit },
    labelled("words", input),
    h("button", { type: "submit" }, said("search")),
  );
}

function how() {
  const k = h("input", { type: "number", min: "1", max: MOST, step: "1" });
  k.addEventListener("change", () => k.checkValidity() && k.value && go({ k: Number(k.value) }));
  const by = select("by_", ["look", "copy"], () => go({ by: by.value, pair: "" }));
  const embedding = select("embedding_", ["", "adapted", "general"], () => go({ embedding: embedding.value }));
  const node = h("div", { class: "row how" }, labelled("k", k), labelled("by", by), labelled("embedding", embedding));
  const mark = () => {
    Object.assign(k, { value: state.k });
    Object.assign(by, { value: state.by, disabled: Boolean(state.text) });
    Object.assign(embedding, { value: state.embedding, disabled: state.by === "copy" || Boolean(state.text) });
  };
  watch(() => [state.k, state.by, state.embedding, state.text].join(), mark);
  mark();
  return node;
}
