// The largest of many numbers, without sorting them all.

/** Places of the `count` largest of `length` values, the largest first. */
export function largest(valueAt, length, count) {
  const found = [];
  for (let place = 0; place < length; place += 1) {
    const value = valueAt(place);
    if (found.length === count && value <= found[count - 1].value) continue;
    const before = found.findIndex((one) => one.value < value);
    found.splice(before < 0 ? found.length : before, 0, { place, value });
    if (found.length > count) found.pop();
  }
  return found;
}

/** Of a row: the keys that its token looks at most. */
export const ofRow = ({ values, columns, scale }, row, count = 5) =>
  largest((column) => values[row * columns.length + column] / scale, columns.length, count);

/** Of a column: the tokens that look most at it. */
export const ofColumn = ({ values, rows, columns, scale }, column, count = 5) =>
  largest((row) => values[row * columns.length + column] / scale, rows.length, count);

/** The strongest links {row, column, value}; of tokens that count, where `counts` says so. */
export function links({ values, rows, columns, scale }, count, counts = () => true) {
  const width = columns.length;
  const value = (place) => (counts(Math.floor(place / width), place % width) ? values[place] / scale : -1);
  const found = largest(value, rows.length * width, count).filter((one) => one.value >= 0);
  return found.map((one) => ({ row: Math.floor(one.place / width), column: one.place % width, value: one.value }));
}

/** The largest size among the values. */
export function peak({ values, scale }) {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most / scale;
}
