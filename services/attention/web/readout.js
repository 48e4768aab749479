// What the pictures show, in words and numbers.

import { h } from "./shared/dom.js";
import { number, t } from "./shared/language.js";
import { links, ofColumn, ofRow } from "./strongest.js";

const LINKS = 10;

/** Of a place: the pair's weight, or whom a token looks at, or who looks at it. */
export function inWords(data, { row, column }) {
  if (!data) return "";
  if (row >= 0 && column >= 0) return pairInWords(data, row, column);
  if (row >= 0) return t("looks_at", { token: data.rows[row], list: listed(ofRow(data, row), data.columns) });
  if (column >= 0)
    return t("looked_at_by", { token: data.columns[column], list: listed(ofColumn(data, column), data.rows) });
  return "";
}

function pairInWords(data, row, column) {
  const value = data.values[row * data.columns.length + column] / data.scale;
  const words = { from: data.rows[row], to: data.columns[column], value: number(value, 3) };
  return t("pair", { ...words, list: listed(ofRow(data, row, 3), data.columns) });
}

const listed = (found, names) => found.map(({ place, value }) => `${names[place]} ${number(value, 3)}`).join(", ");

const words =
  ({ special }) =>
  (row, column) =>
    !special?.[row] && !special?.[column];

/** The main thing: the strongest link, if there is one between words. */
export function finding(data) {
  const [first] = links(data, 1, words(data));
  const found = first ?? links(data, 1)[0];
  if (!found) return "";
  return t("finding", { from: data.rows[found.row], to: data.columns[found.column], value: number(found.value, 2) });
}

/** The strongest links between words, as a table. */
export function linksTable(data) {
  const head = ["from", "to", "weight"].map((key) => h("th", { scope: "col" }, t(key)));
  const rows = links(data, LINKS, words(data)).map(({ row, column, value }) =>
    h(
      "tr",
      {},
      h("td", {}, data.rows[row]),
      h("td", {}, data.columns[column]),
      h("td", { class: "number" }, number(value, 3)),
    ),
  );
  return [
    h("summary", {}, t("links_of", data)),
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)),
  ];
}
