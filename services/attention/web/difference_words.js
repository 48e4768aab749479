// What two sentences have different, in words.

import { number, t } from "./shared/language.js";
import { largest } from "./strongest.js";

export function finding({ values, rows, columns }) {
  const [first] = largest((place) => Math.abs(values[place]), values.length, 1);
  if (!first || first.value === 0) return t("no_difference");
  const [row, column] = [Math.floor(first.place / columns.length), first.place % columns.length];
  return t("difference_finding", { from: rows[row], to: columns[column], value: signed(values[first.place]) });
}

export function inWords({ values, rows, columns }, { row, column }) {
  if (row < 0 || column < 0) return "";
  return t("difference_pair", {
    from: rows[row],
    to: columns[column],
    value: signed(values[row * columns.length + column]),
  });
}

const signed = (value) => `${value > 0 ? "+" : ""}${number(value, 4)}`.replace("-", "−");
