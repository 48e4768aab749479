// The numbers of a step as a small table, with the row, the column and the cell of the number that is followed.

import { h } from "./shared/dom.js";
import { t } from "./shared/language.js";
import { change } from "./state.js";

const [ROWS, COLUMNS] = [16, 12]; // shown at most, beside what is followed
const OF_KEY = new Set(["K", "V"]); // of these, the row that is followed is the key's
const OF_BOTH = new Set(["token_ids", "token_embedding", "embedding_cosine", "x"]);

export function numbersTable(step, seen) {
  const { rows, columns } = axesOf(step, seen);
  const values = asMatrix(step.values);
  const [down, across] = [picked(rows, ROWS), picked(columns, COLUMNS)];
  const most = largest(values, down, across);
  const head = h(
    "tr",
    {},
    h("td", {}),
    across.map((column) => header("col", columns.name(column), `number ${columns.mark(column)}`)),
  );
  const body = down.map((row) => rowOf(row, across, { rows, columns, values, most, step }));
  const table = h(
    "table",
    { class: "numbers" },
    h("caption", {}, cropped(rows, columns, down, across)),
    h("thead", {}, head),
    h("tbody", {}, body),
  );
  table.addEventListener("click", (event) => follow(event, rows, columns));
  return table;
}

/** A number is a matrix of one cell, a vector one of one row or, of tokens, of one column. */
function asMatrix(values) {
  if (!Array.isArray(values)) return [[values]];
  return Array.isArray(values[0]) ? values : values.map((one) => [one]);
}

function axesOf({ name, axes, shape }, seen) {
  const [first, second] = axes;
  const flat = { length: 1, name: () => "", mark: () => "", to: () => ({}), on: [] };
  const rows = first ? axis(first, shape[0], name, seen, true) : flat;
  return { rows, columns: second ? axis(second, shape[1], name, seen, false) : flat };
}

/** One axis: how long it is, what its places are called, which is followed, and what choosing one changes. */
function axis(kind, length, step, { trace, at }, isRow) {
  const tokens = ["token", "query", "key"].includes(kind);
  const marks = followedOn(kind, step, at, trace, isRow);
  return {
    length,
    name: (place) => (tokens ? trace.tokens[place] : String(place)),
    mark: (place) => (marks.find((one) => one.place === place) ?? { mark: "" }).mark,
    on: marks.map(({ place }) => place).filter((place) => place < length),
    to: (place) => chosen(kind, step, place, trace, isRow),
  };
}

function followedOn(kind, step, at, { head, d_k }, isRow) {
  const query = { place: at.row, mark: "of-query" };
  const key = { place: at.column, mark: "of-key" };
  if (kind === "query") return [query];
  if (kind === "key") return [key];
  if (kind === "token") return tokensOn(step, isRow, query, key);
  if (kind === "joined") return [{ place: (head ?? 0) * d_k + at.dim, mark: "of-dim" }];
  const isVector =
    step.startsWith("b_") ||
    step.includes("gamma") ||
    step.includes("beta") ||
    ["elementwise", "formula", "simple_sum"].includes(step);
  return !isRow || isVector ? [{ place: at.dim, mark: "of-dim" }] : [];
}

function tokensOn(step, isRow, query, key) {
  if (step === "embedding_cosine") return isRow ? [query] : [key];
  if (OF_KEY.has(step)) return [key];
  return OF_BOTH.has(step) ? [query, key] : [query];
}

function chosen(kind, step, place, { head, d_k }, isRow) {
  if (kind === "query") return { row: place };
  if (kind === "key" || (kind === "token" && (OF_KEY.has(step) || (step === "embedding_cosine" && !isRow))))
    return { column: place };
  if (kind === "token") return { row: place };
  const dim = kind === "joined" ? place - (head ?? 0) * d_k : place;
  return dim >= 0 && dim < d_k && kind !== "frequency" ? { dim } : {};
}

/** The first ones, and those that are followed. */
function picked({ length, on }, most) {
  const first = Array.from({ length: Math.min(length, most) }, (_, place) => place);
  return [...new Set([...first, ...on])].sort((a, b) => a - b);
}

function rowOf(row, across, { rows, columns, values, most, step }) {
  const name = header("row", rows.name(row), rows.mark(row));
  const cells = across.map((column) => {
    const value = values[row][column];
    const marks = [rows.mark(row) && `row-${rows.mark(row)}`, columns.mark(column) && `column-${columns.mark(column)}`];
    const tint = step.name === "token_ids" || !most ? 0 : Math.abs(value) / most;
    return h(
      "td",
      {
        class: ["number", "tinted", value < 0 && "negative", ...marks].filter(Boolean).join(" "),
        "data-row": row,
        "data-column": column,
        style: { "--tint": tint.toFixed(2) },
      },
      short(value),
    );
  });
  return h("tr", {}, name, cells);
}

/** What has no name, as the only column of a vector, is no header. */
const header = (scope, name, mark) => (name === "" ? h("td", {}) : h("th", { scope, class: mark }, name));

function largest(values, down, across) {
  return Math.max(...down.flatMap((row) => across.map((column) => Math.abs(values[row][column]))));
}

/** Four figures that count, with a minus that is as wide as a plus. */
export function short(value) {
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  const size = Math.abs(value);
  const text =
    size < 1e-3 || size >= 1e5 ? value.toExponential(1) : value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
  return text.replaceAll("-", "−");
}

function cropped(rows, columns, down, across) {
  const parts = [];
  if (down.length < rows.length) parts.push(t("first_rows", { shown: down.length, all: rows.length }));
  if (across.length < columns.length) parts.push(t("first_columns", { shown: across.length, all: columns.length }));
  return [t("shape", { rows: rows.length, columns: columns.length }), ...parts].join(" · ");
}

function follow(event, rows, columns) {
  const cell = event.target.closest("td[data-row]");
  if (cell) change({ ...rows.to(Number(cell.dataset.row)), ...columns.to(Number(cell.dataset.column)) });
}
