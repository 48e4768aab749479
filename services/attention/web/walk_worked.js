// The number that is followed, worked out of the numbers before it, with the numbers of this pass.

import { short } from "./walk_table.js";

const MOST = 8; // terms written out

/** A line for a step, or null when there is none or when its numbers were not sent. */
export function workedOut(step, { trace, at }, arrays) {
  const line = LINES[step.name];
  if (!line) return null;
  const of = (name) => {
    const values = arrays.get(name);
    if (values === null || values === undefined) throw new Missing();
    return values;
  };
  try {
    return line({
      of,
      r: at.row,
      k: at.column,
      d: at.dim,
      h: trace.head ?? 0,
      d_k: trace.d_k,
      token: (place) => trace.tokens[place],
    });
  } catch (error) {
    if (error instanceof Missing) return null;
    throw error;
  }
}

class Missing extends Error {}

const LINES = {
  token_ids: ({ of, r, token }) => `id[${r}] = ${of("token_ids")[r]} (${token(r)})`,
  token_embedding: ({ of, r, d }) => `e[${r}, ${d}] = ${short(of("token_embedding")[r][d])}`,
  embedding_cosine: ({ of, r, k, token }) => `cos(${token(r)}, ${token(k)}) = ${short(of("embedding_cosine")[r][k])}`,
  token_scaled: ({ of, r, d }) =>
    `√${of("token_scaled")[r].length} × ${short(of("token_embedding")[r][d])} = ${short(of("token_scaled")[r][d])}`,
  position_encoding: wave,
  embedding_sum: ({ of, r, d }) =>
    `s[${r}, ${d}] = ${added(summands(of).map((part) => part[r][d]))} = ${short(of("embedding_sum")[r][d])}`,
  embedding_normalised: (one) => normal(one, "x", "embedding_sum", "embedding", "embedding_normalised"),
  simple_weights: ({ of, k, token }) => `w[${k}] = ${short(of("simple_weights")[k])} (${token(k)})`,
  simple_weighted: ({ of, k, d }) =>
    `w[${k}] x[${k}, ${d}] = ${times(of("simple_weights")[k], of("x")[k][d])} = ${short(of("simple_weighted")[k][d])}`,
  simple_sum: ({ of, d }) =>
    `c[${d}] = ${added(of("simple_weighted").map((row) => row[d]))} = ${short(of("simple_sum")[d])}`,
  Q: (one) => affine(one, "Q", one.r),
  K: (one) => affine(one, "K", one.k),
  V: (one) => affine(one, "V", one.k),
  qk_cosine: cosine,
  scores: ({ of, r, k }) => `S[${r}, ${k}] = ${added(products(of("Q")[r], of("K")[k]))} = ${short(of("scores")[r][k])}`,
  scaled: ({ of, r, k }) =>
    `Z[${r}, ${k}] = ${short(of("scores")[r][k])} / ${short(of("scale"))} = ${short(of("scaled")[r][k])}`,
  attention: softmax,
  row_sums: ({ of, r }) => `${added(of("attention")[r])} = ${short(of("row_sums")[r])}`,
  row_entropy: entropy,
  formula: (one) => `[${one.d}] = ${added(mixed(one))} = ${short(one.of("formula")[one.d])}`,
  weighted_values: weighed,
  filtered: (one) => `F[${one.r}, ${one.d}] = ${added(mixed(one))} = ${short(one.of("filtered")[one.r][one.d])}`,
  joined: ({ of, r, d, h, d_k }) => `C[${r}, ${h * d_k + d}] = F[${r}, ${d}] = ${short(of("joined")[r][h * d_k + d])}`,
  attention_output: (one) => product(one, "O", "joined", "W_O", "b_O", "attention_output"),
  residual: ({ of, r, d }) =>
    `r[${r}, ${d}] = ${added([of("x")[r][d], of("attention_output")[r][d]])} = ${short(of("residual")[r][d])}`,
  normed: (one) => normal(one, "n", "residual", "norm1", "normed"),
  expanded: (one) => product(one, "u", "normed", "W_1", "b_1", "expanded"),
  activated: ({ of, r, d }) =>
    `a[${r}, ${d}] ← u[${r}, ${d}] = ${short(of("expanded")[r][d])}: ${short(of("activated")[r][d])}`,
  contracted: (one) => product(one, "v", "activated", "W_2", "b_2", "contracted"),
  residual2: ({ of, r, d }) =>
    `t[${r}, ${d}] = ${added([of("normed")[r][d], of("contracted")[r][d]])} = ${short(of("residual2")[r][d])}`,
  layer_output: (one) => normal(one, "y", "residual2", "norm2", "layer_output"),
};

function wave({ of, r, d }) {
  const frequency = short(of("position_frequencies")[Math.floor(d / 2)]);
  return `P[${r}, ${d}] = ${d % 2 ? "cos" : "sin"}(${r} × ${frequency}) = ${short(of("position_encoding")[r][d])}`;
}

function cosine({ of, r, k }) {
  const lengths = `${short(norm(of("Q")[r]))} × ${short(norm(of("K")[k]))}`;
  return `${short(of("scores")[r][k])} / (${lengths}) = ${short(of("qk_cosine")[r][k])}`;
}

function entropy({ of, r, token }) {
  const count = of("row_entropy").length;
  return `${short(of("row_entropy")[r])} (${token(r)}); ln ${count} = ${short(Math.log(count))}`;
}

function weighed({ of, r, k, d }) {
  const product = times(of("attention")[r][k], of("V")[k][d]);
  return `A[${r}, ${k}] V[${k}, ${d}] = ${product} = ${short(of("weighted_values")[k][d])}`;
}

/** What each key adds to one number of the filtered value. */
const mixed = ({ of, r, d }) => of("attention")[r].map((weight, key) => weight * of("V")[key][d]);

/** What an embedding is the sum of: in the paper two parts, in BERT three. */
function summands(of) {
  try {
    return [of("token_scaled"), of("position_encoding")];
  } catch {
    return [of("token_embedding"), of("segment_embedding"), of("position_encoding")];
  }
}

function affine({ of, d }, letter, token) {
  const terms = [...products(of("x")[token], column(of(`W_${letter}`), d)), of(`b_${letter}`)[d]];
  return `${letter}[${token}, ${d}] = ${added(terms)} = ${short(of(letter)[token][d])}`;
}

function product({ of, r, d }, letter, left, right, bias, result) {
  const terms = [...products(of(left)[r], column(of(right), d)), of(bias)[d]];
  return `${letter}[${r}, ${d}] = ${added(terms)} = ${short(of(result)[r][d])}`;
}

function softmax({ of, r, k }) {
  const row = of("scaled")[r];
  const top = Math.max(...row);
  const all = row.reduce((sum, one) => sum + Math.exp(one - top), 0);
  const parts = `${short(Math.exp(row[k] - top))} / ${short(all)}`;
  return `A[${r}, ${k}] = exp(${added([row[k], -top])}) / Σ = ${parts} = ${short(of("attention")[r][k])}`;
}

function normal({ of, r, d }, letter, before, name, result) {
  const row = of(before)[r];
  const mean = row.reduce((sum, one) => sum + one, 0) / row.length;
  const spread = Math.sqrt(row.reduce((sum, one) => sum + (one - mean) ** 2, 0) / row.length + of("epsilon"));
  const [gain, shift] = [of(`${name}_gamma`)[d], of(`${name}_beta`)[d]];
  const scaled = `(${added([row[d], -mean])}) / ${short(spread)} × ${short(gain)}`;
  return `${letter}[${r}, ${d}] = ${scaled}${signed(shift)} = ${short(of(result)[r][d])}`;
}

const signed = (value) => (value < 0 ? ` − ${short(-value)}` : ` + ${short(value)}`);
const products = (a, b) => a.map((one, place) => one * b[place]);
const column = (matrix, place) => matrix.map((row) => row[place]);
const norm = (vector) => Math.hypot(...vector);
const times = (a, b) => `${short(a)} × ${short(b)}`;

function added(terms) {
  const text = terms.slice(0, MOST).map(short).join(" + ").replaceAll("+ −", "− ");
  return terms.length > MOST ? `${text} + … (${terms.length})` : text;
}
