// Draws the figure that stands in this page: heads as matrices or as lines, with the grid of all heads above them.
"use strict";

const figure = JSON.parse(document.getElementById("figure").textContent);
const { queries, keys, words } = figure;
const cells = queries.length * keys.length;
const main = document.getElementById("main");
const scheme = window.matchMedia("(prefers-color-scheme: dark)");
const state = { layer: 0, head: 0, view: figure.view === "head" ? "lines" : "matrix", query: 0, key: 0, zoom: 0 };
let weights; // a byte a weight, from 0 to 255 for the largest of its head

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function name(element, label) {
  element.setAttribute("aria-label", label);
  return element;
}

const token = (tokens, place) => make("bdi", { textContent: tokens[place] });
const ink = (opacity) => `rgba(${getComputedStyle(document.documentElement).getPropertyValue("--ink")}, ${opacity})`;
const largest = () => figure.largest[state.layer][state.head];
const offset = (layer, head) => (layer * figure.heads.length + head) * cells;
const level = (query, key) => weights[offset(state.layer, state.head) + query * keys.length + key];
const weight = (query, key) => (level(query, key) / 255) * largest();
const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

// The colours of `ramp` lie equally far apart from 0 to 255; between two of them all is mixed.
function colours() {
  const ramp = getComputedStyle(document.documentElement).getPropertyValue("--ramp").split(",");
  const stops = ramp.map((stop) => stop.trim().split(" ").map(Number));
  return Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (stops.length - 1), before = Math.min(Math.floor(place), stops.length - 2);
    return stops[before].map((part, at) => Math.round(part + (stops[before + 1][at] - part) * (place - before)));
  });
}

async function unpack() {
  const bytes = Uint8Array.from(atob(figure.weights), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// ---- the page around the views

const status = make("p", { className: "status" });
status.setAttribute("role", "status");
const grid = make("div", { className: "grid" });
const tools = make("div", { className: "tools" });
const stage = make("div", { className: "scroll" });
const sides = make("p", { className: "quiet" });
const help = make("p", { className: "quiet" });

function begin() {
  if (figure.view === "grid") main.append(make("p", { className: "quiet", textContent: words.help_grid }), grid);
  main.append(tools, sides, help, stage, status);
  if (figure.boundaries.length) main.append(make("p", { className: "quiet", textContent: words.boundary }));
  main.append(make("p", { className: "quiet", textContent: words.precision }));
  draw();
  scheme.addEventListener("change", draw);
}

function draw() {
  if (figure.view === "grid") drawGrid();
  drawHead();
}

function drawHead() {
  status.replaceChildren();
  drawTools();
  sides.textContent = state.view === "matrix" ? words.matrix_sides : words.lines_sides;
  const hint = crowded ? `${words.strongest} ${words.help_lines}` : words.help_lines;
  help.textContent = state.view === "matrix" ? words.help_matrix : hint;
  stage.replaceChildren(state.view === "matrix" ? matrix() : lines());
}

function headName(layer, head) {
  return `${words.layer} ${figure.layers[layer]}, ${words.head} ${figure.heads[head]}`;
}

function drawTools() {
  const focused = document.activeElement?.dataset?.tool;
  const choice = (view, word) => tool(word, () => change({ view }), state.view === view);
  const most = make("span", { className: "quiet", textContent: `${words.largest}: ${largest().toFixed(3)}` });
  const title = make("h2", { textContent: headName(state.layer, state.head), hidden: figure.view !== "grid" });
  tools.replaceChildren(title, choice("matrix", words.matrix_view), choice("lines", words.lines_view));
  if (state.view === "matrix")
    tools.append(tool(words.smaller, () => change({ zoom: -1 })), tool(words.larger, () => change({ zoom: 1 })));
  tools.append(most);
  if (focused) [...tools.children].find((element) => element.dataset.tool === focused)?.focus();
}

function tool(word, act, pressed) {
  const button = make("button", { type: "button", textContent: word, onclick: act });
  button.dataset.tool = word;
  if (pressed !== undefined) button.setAttribute("aria-pressed", pressed);
  return button;
}

function change({ view = state.view, zoom = 0 }) {
  Object.assign(state, { view, zoom: state.zoom + zoom });
  drawHead();
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// ---- the grid: a button a head

function drawGrid() {
  const side = clamp(Math.floor((document.body.clientWidth - 130) / figure.heads.length) - 4, 32, 84) & ~1; // even
  grid.style.gridTemplateColumns = `max-content repeat(${figure.heads.length}, ${side}px)`;
  const corner = make("span", { textContent: `${words.layer} \\ ${words.head}` });
  grid.replaceChildren(corner, ...figure.heads.map((head) => make("span", { textContent: head })));
  figure.layers.forEach((number, layer) => {
    grid.append(make("span", { textContent: number }));
    figure.heads.forEach((_, head) => grid.append(thumbnail(layer, head, side)));
  });
}

function thumbnail(layer, head, side) {
  const button = make("button", { type: "button", onclick: () => choose(layer, head) }, small(layer, head, side));
  button.style.cssText = `width: ${side}px; height: ${side}px`;
  button.onkeydown = (event) => moveInGrid(event, layer, head);
  button.title = `${headName(layer, head)}: ${words.largest} ${figure.largest[layer][head].toFixed(3)}`;
  mark(button, layer, head);
  return name(button, button.title);
}

// The Tab key stops once in the grid, at the chosen head; the arrow keys move inside it.
function mark(button, layer, head) {
  const chosen = layer === state.layer && head === state.head;
  button.tabIndex = chosen ? 0 : -1;
  button.setAttribute("aria-pressed", chosen);
}

function choose(layer, head) {
  Object.assign(state, { layer, head });
  [...grid.querySelectorAll("button")].forEach((button, place) =>
    mark(button, Math.floor(place / figure.heads.length), place % figure.heads.length));
  drawHead();
}

function moveInGrid(event, layer, head) {
  const step = ARROWS[event.key];
  if (!step) return;
  event.preventDefault();
  const to = [clamp(layer + step[0], 0, figure.layers.length - 1), clamp(head + step[1], 0, figure.heads.length - 1)];
  choose(...to);
  grid.querySelectorAll("button")[to[0] * figure.heads.length + to[1]].focus();
}

// A pixel shows the largest weight that falls on it, so that a thin line of strong weights stays.
function small(layer, head, side) {
  const rows = Math.min(queries.length, side / 2), columns = Math.min(keys.length, side / 2);
  const levels = new Uint8Array(rows * columns);
  for (let query = 0, at = offset(layer, head); query < queries.length; query++)
    for (let key = 0; key < keys.length; key++, at++) {
      const pixel = Math.floor((query * rows) / queries.length) * columns + Math.floor((key * columns) / keys.length);
      if (weights[at] > levels[pixel]) levels[pixel] = weights[at];
    }
  return painted(levels, rows, columns);
}

function painted(levels, rows, columns) {
  const canvas = make("canvas", { width: columns, height: rows });
  const image = new ImageData(columns, rows);
  const ramp = colours();
  levels.forEach((value, place) => image.data.set([...ramp[value], 255], place * 4));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// ---- the matrix: one canvas pixel a weight, enlarged by the browser

const NUMBERS_UP_TO = 12; // tokens
const SIZES = [1, 2, 3, 4, 6, 8, 10, 12, 14, 18, 24, 32, 44, 56]; // CSS pixels a cell

function cellSize() {
  const room = clamp(Math.min(document.body.clientWidth - 140, 900), 200, 900) / Math.max(queries.length, keys.length);
  const wanted = queries.length * keys.length > 200 * 200 ? Math.max(room, 2) : Math.max(room, 12); // seen, or named
  const fitting = SIZES.filter((size) => size <= Math.min(wanted, 44)).length - 1;
  const place = clamp(fitting + state.zoom, 0, SIZES.length - 1);
  state.zoom = place - fitting;
  return SIZES[Math.max(place, 0)];
}

function matrix() {
  const size = cellSize();
  const box = make("div", { className: "matrix" });
  const across = axis("across", keys, size), down = axis("down", queries, size);
  const area = cellArea(size);
  name(area, `${headName(state.layer, state.head)}. ${words.query_axis}; ${words.key_axis}. ${words.help_matrix}`);
  const show = (query, key, follow) => showCell(area, across, down, size, query, key, follow);
  area.onpointermove = area.onpointerdown = (event) => {
    const place = area.querySelector("canvas").getBoundingClientRect();
    show(Math.floor((event.clientY - place.top) / size), Math.floor((event.clientX - place.left) / size));
  };
  area.onfocus = () => area.matches(":focus-visible") && show(state.query, state.key, true);
  area.onkeydown = (event) => moveInMatrix(event, show);
  box.append(make("div", { className: "corner" }), across, down, area);
  return box;
}

function axis(side, tokens, size) {
  const letters = clamp(size - 2, 9, 13), step = Math.max(Math.ceil((letters + 1) / size), 1);
  const labels = tokens.map((_, place) => {
    const label = make("span", {}, token(tokens, place));
    label.style[side === "down" ? "height" : "width"] = `${size}px`;
    label.className = place % step ? "unnamed" : "";
    if (step > 1 && place === 0) label.style.alignItems = "flex-start"; // or its upper half would be outside
    if (figure.boundaries.includes(place)) label.classList.add("boundary");
    return label;
  });
  const box = make("div", { className: side }, ...labels);
  box.style.fontSize = `${letters}px`;
  return box;
}

function cellArea(size) {
  const start = offset(state.layer, state.head);
  const area = make("div", { className: "cells", tabIndex: 0 });
  area.setAttribute("role", "application");
  area.style.cssText = `width: ${keys.length * size + 2}px; height: ${queries.length * size + 2}px`;
  area.append(painted(weights.subarray(start, start + cells), queries.length, keys.length), ...edges(size));
  if (Math.max(queries.length, keys.length) <= NUMBERS_UP_TO && size >= 28) area.append(...numbers(size));
  const cursor = make("i", { className: "cursor", hidden: true });
  cursor.style.cssText = `width: ${Math.max(size, 5)}px; height: ${Math.max(size, 5)}px`;
  area.append(cursor);
  return area;
}

function numbers(size) {
  const found = [], ramp = colours();
  for (let query = 0; query < queries.length; query++)
    for (let key = 0; key < keys.length; key++) {
      const number = make("i", { className: "number", textContent: weight(query, key).toFixed(2) });
      const colour = readable(ramp[level(query, key)]);
      number.style.cssText = `left: ${key * size}px; top: ${query * size}px; width: ${size}px; height: ${size}px;
        color: ${colour}`;
      found.push(number);
    }
  return found;
}

// Rec. 601 luma: dark letters on light colours and light ones on dark.
function readable([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? "#111" : "#fff";
}

function edges(size) {
  const styles = ["left: 0; right: 0; height: 1px; top", "top: 0; bottom: 0; width: 1px; left"];
  return figure.boundaries.flatMap((place) => styles.map((style) => {
    const edge = make("i", { className: "edge" });
    edge.style.cssText = `${style}: ${place * size}px`;
    return edge;
  }));
}

function showCell(area, across, down, size, query, key, follow) {
  if (!(query >= 0 && query < queries.length && key >= 0 && key < keys.length)) return;
  across.children[state.key].classList.remove("current");
  down.children[state.query].classList.remove("current");
  Object.assign(state, { query, key });
  across.children[key].classList.add("current");
  down.children[query].classList.add("current");
  const cursor = area.querySelector(".cursor");
  const middle = Math.min(0, (size - 5) / 2); // a cell smaller than its cursor lies in the middle of it
  Object.assign(cursor.style, { left: `${key * size + middle}px`, top: `${query * size + middle}px` });
  cursor.hidden = false;
  if (follow) cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
  status.replaceChildren(
    `${words.query} ${query} `, token(queries, query), ` → ${words.key} ${key} `, token(keys, key),
    `: ${words.weight} ${weight(query, key).toFixed(3)}`,
  );
}

function moveInMatrix(event, show) {
  const step = ARROWS[event.key];
  if (!step) return;
  event.preventDefault();
  const query = clamp(state.query + step[0], 0, queries.length - 1);
  show(query, clamp(state.key + step[1], 0, keys.length - 1), true);
}

// ---- lines between the tokens that look, left, and the tokens looked at, right

const OPACITIES = 32;
const crowded = Math.max(queries.length, keys.length) > figure.all_up_to;
const LONGEST_CANVAS = 16000; // device pixels; browsers draw nothing in a longer one

function lines() {
  const pitch = Math.max(queries.length, keys.length) > 64 ? 16 : 22;
  const width = clamp(document.body.clientWidth - 260, 120, 320);
  const height = Math.max(queries.length, keys.length) * pitch;
  const picture = { pitch, width, height, chosen: null, kept: false };
  picture.left = column("left", queries, "query", picture);
  picture.right = column("right", keys, "key", picture);
  picture.canvas = lineCanvas(picture);
  const names = ["query", "", "key"].map((side) => make("b", { textContent: words[side] ?? "" }));
  const box = make("div", { className: "lines" }, ...names, picture.left, picture.canvas, picture.right);
  box.onpointerleave = () => picture.kept || select(picture, null);
  box.onkeydown = (event) => event.key === "Escape" && select(picture, null);
  select(picture, null);
  return box;
}

function lineCanvas({ width, height }) {
  const density = Math.min(window.devicePixelRatio || 1, LONGEST_CANVAS / height);
  const canvas = make("canvas", { width: width * density, height: height * density });
  canvas.style.cssText = `width: ${width}px; height: ${height}px`;
  canvas.getContext("2d").scale(density, density);
  canvas.setAttribute("role", "img");
  return name(canvas, headName(state.layer, state.head));
}

function column(side, tokens, role, picture) {
  const labels = tokens.map((_, place) => {
    const label = make("span", { tabIndex: place ? -1 : 0 }, token(tokens, place));
    label[role === "key" ? "append" : "prepend"](make("small"));
    label.style.cssText = `height: ${picture.pitch}px; font-size: ${Math.min(picture.pitch - 4, 13)}px`;
    if (figure.boundaries.includes(place)) label.classList.add("boundary");
    label.setAttribute("role", "button");
    label.onpointerenter = () => picture.kept || select(picture, { role, place });
    label.onfocus = () => label.matches(":focus-visible") && select(picture, { role, place }, true);
    label.onclick = () => toggle(picture, { role, place });
    label.onkeydown = (event) => moveInLines(event, picture, role, place);
    return name(label, `${words[role]} ${place}: ${tokens[place]}`);
  });
  return name(make("div", { className: `column ${side}` }, ...labels), words[`${role}_axis`]);
}

function moveInLines(event, picture, role, place) {
  const step = ARROWS[event.key];
  if (!step) return;
  event.preventDefault();
  const columns = { query: picture.left, key: picture.right };
  const to = columns[step[1] < 0 ? "query" : step[1] > 0 ? "key" : role];
  to.children[clamp(place + step[0], 0, to.children.length - 1)].focus();
}

function toggle(picture, { role, place }) {
  const again = picture.kept && picture.chosen.role === role && picture.chosen.place === place;
  select(picture, again ? null : { role, place }, true);
}

function select(picture, chosen, kept = false) {
  Object.assign(picture, { chosen, kept: kept && chosen !== null });
  drawLines(picture);
  tint(picture.left, chosen, "query", (place) => [place, chosen.place]);
  tint(picture.right, chosen, "key", (place) => [chosen.place, place]);
  status.replaceChildren(...(chosen ? sentence(chosen) : []));
}

// The tokens on the other side of the chosen one wear the weight that joins them.
function tint(column, chosen, role, pair) {
  [...column.children].forEach((label, place) => {
    const other = chosen !== null && chosen.role !== role;
    const value = other ? weight(...pair(place)) : 0;
    label.style.background = value ? ink(0.6 * value / largest()) : "";
    label.classList.toggle("current", chosen !== null && !other && chosen.place === place);
    label.querySelector("small").textContent = value >= 0.005 ? value.toFixed(2) : "";
  });
}

function drawLines({ canvas, width, height, pitch, chosen }) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  const paths = linesByOpacity(width, pitch, chosen);
  paths.forEach((path, step) => {
    const share = step / OPACITIES;
    pen.strokeStyle = ink(share ** 0.7);
    pen.lineWidth = pitch / 10 * (0.3 + 0.7 * share);
    if (path) pen.stroke(path);
  });
}

function linesByOpacity(width, pitch, chosen) {
  const paths = [];
  const [firstQuery, lastQuery] = chosen?.role === "query" ? [chosen.place, chosen.place] : [0, queries.length - 1];
  const [firstKey, lastKey] = chosen?.role === "key" ? [chosen.place, chosen.place] : [0, keys.length - 1];
  for (let query = firstQuery; query <= lastQuery; query++)
    for (let key = firstKey, least = chosen ? 0 : faintest(query); key <= lastKey; key++) {
      const step = Math.ceil((level(query, key) / 255) * OPACITIES);
      if (level(query, key) <= least) continue;
      paths[step] ??= new Path2D();
      paths[step].moveTo(0, (query + 0.5) * pitch);
      paths[step].lineTo(width, (key + 0.5) * pitch);
    }
  return paths;
}

// The strongest level of a query without a line while no token is chosen; equal ones all have a line or all have none.
function faintest(query) {
  if (!crowded) return 0;
  const start = offset(state.layer, state.head) + query * keys.length;
  return weights.slice(start, start + keys.length).sort().at(-figure.kept - 1) ?? 0;
}

const NAMED = 5; // tokens in the sentence about the chosen one

function sentence({ role, place }) {
  const looks = role === "query";
  const [own, others] = looks ? [queries, keys] : [keys, queries];
  const values = others.map((_, other) => (looks ? weight(place, other) : weight(other, place)));
  const order = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b).slice(0, NAMED);
  const said = (other, count) => [count ? ", " : "", token(others, other), ` ${values[other].toFixed(3)}`];
  const parts = order.flatMap(said);
  return [`${words[role]} ${place} `, token(own, place), ` ${looks ? words.looks_at : words.looked_at_by}: `, ...parts];
}

if (typeof DecompressionStream === "undefined") main.textContent = words.old_browser;
else unpack().then((bytes) => { weights = bytes; begin(); });
