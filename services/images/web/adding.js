// Adding pictures: files or a folder, with a progress bar, and what became of each.

import { announce, fill, h } from "./shared/dom.js";
import { onLanguage, t, whole } from "./shared/language.js";
import { named, said } from "./shared/said.js";
import { dropped } from "./dropping.js";
import { megabytes } from "./pictures.js";
import { send } from "./sending.js";
import { button } from "./spoken.js";
import { indexChanged } from "./state.js";

const SHOWN = 500; // outcomes in the list; those refused first

let run = null; // { total, done, counts, outcomes, stopping, left, waiting }

const box = h("div", { class: "adding", hidden: true });
const bar = named(h("progress", {}), "adding");
const status = h("p", {});
const list = h("ul", {});
const stop = button("add_stop", () => ((run.stopping = true), show()), { class: "quiet" });

/** The buttons and what they lead to. */
export function adding() {
  dropped("anchors", add);
  const outcomes = named(h("div", { class: "scroll outcomes", tabindex: "0", role: "region" }, list), "add_list");
  fill(box, status, h("p", { class: "row" }, bar, stop), outcomes);
  onLanguage(() => run && show());
  return [
    h(
      "div",
      { class: "row" },
      chooser("add_files", { multiple: true, accept: "image/*" }, ""),
      chooser("add_folder", { webkitdirectory: true }, "quiet"),
      hint(),
    ),
    box,
  ];
}

function hint() {
  const node = said("add_hint");
  node.className = "hint add-hint";
  return node;
}

function chooser(key, attributes, kind) {
  const input = h("input", { type: "file", hidden: true, ...attributes });
  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });
  return [button(key, () => input.click(), { class: kind }), input];
}

/** Sends files; those that come meanwhile are sent after them. */
async function add(files) {
  if (!files.length) return;
  const before = running;
  let over;
  running = new Promise((done) => (over = done));
  await before;
  await begin(files).finally(over);
}

let running = Promise.resolve();

async function begin(files) {
  run = {
    total: files.length,
    done: 0,
    counts: { added: 0, known: 0, refused: 0 },
    outcomes: [],
    stopping: false,
    left: null,
    waiting: 0,
  };
  box.hidden = false;
  show();
  const left = await send(files, { told, waits, stopped: () => run.stopping });
  run.left = left;
  show();
  announce(`${status.textContent}`);
  if (run.counts.added) indexChanged();
}

function told(outcome) {
  run.done += 1;
  run.waiting = 0;
  run.counts[outcome.kind] += 1;
  run.outcomes.push(outcome);
  requestAnimationFrame(show);
}

function waits(seconds) {
  run.waiting = seconds;
  show();
}

function show() {
  const { total, done, counts, stopping, left, waiting } = run;
  Object.assign(bar, { max: total, value: done });
  stop.hidden = left !== null;
  stop.disabled = stopping;
  const now =
    left === null
      ? t(stopping ? "add_stopping" : "adding")
      : left
        ? t("add_stopped", { left: whole(left) })
        : t("added_all");
  const progress = t("add_progress", { done: whole(done), total: whole(total) });
  fill(
    status,
    h("strong", {}, now),
    ` ${progress}: ${t("add_counts", counts)}. `,
    waiting ? t("add_waits", { seconds: waiting }) : "",
  );
  fill(list, outcomesOf(run.outcomes));
}

function outcomesOf(outcomes) {
  const refused = outcomes.filter(({ kind }) => kind === "refused").slice(0, SHOWN);
  const others = outcomes
    .filter(({ kind }) => kind !== "refused")
    .reverse()
    .slice(0, SHOWN - refused.length);
  const rest = outcomes.length - refused.length - others.length;
  return [[...refused, ...others].map(row), rest ? h("li", {}, t("add_more", { count: whole(rest) })) : null];
}

function row({ file, kind, detail, smaller }) {
  const note = smaller ? ` (${t("add_smaller", { from: megabytes(smaller.from), to: megabytes(smaller.to) })})` : "";
  const name = file.webkitRelativePath || file.name;
  return h(
    "li",
    { class: kind },
    h("b", {}, t(`add_${kind}`)),
    ` · ${name}${note}${kind === "refused" ? `: ${detail}` : ""}`,
  );
}
