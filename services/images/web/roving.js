// One stop of the Tab key for a whole grid: arrow keys go from item to item as they lie on the page.

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** `list` holds items (its children), each with buttons or links, of which the first is where the arrows lead. */
export function roving(list) {
  const items = [...list.children];
  const enter = (item) =>
    items.forEach((one) => controls(one).forEach((control) => (control.tabIndex = one === item ? 0 : -1)));
  list.addEventListener("keydown", (event) => {
    const from = items.find((item) => item.contains(event.target));
    const next = from && nextOf(items, from, event.key);
    if (!next) return;
    event.preventDefault();
    enter(next);
    controls(next)[0].focus();
  });
  list.addEventListener("focusin", (event) => enter(items.find((item) => item.contains(event.target))));
  if (items.length) enter(items[0]);
  return list;
}

const controls = (item) => [...item.querySelectorAll("button, a")];

function nextOf(items, from, key) {
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  const place = items.indexOf(from);
  const [right, down] = ARROWS[key] ?? [0, 0];
  if (right) return items[place + right];
  return down ? below(items, from, down) : undefined;
}

/** The nearest item of the next row, up or down. */
function below(items, from, down) {
  const here = from.getBoundingClientRect();
  const rows = items
    .map((item) => [item, item.getBoundingClientRect()])
    .filter(([, box]) => down * (box.top - here.top) > 4);
  const row = Math.min(...rows.map(([, box]) => down * box.top));
  const near = rows
    .filter(([, box]) => down * box.top === row)
    .sort(([, a], [, b]) => Math.abs(a.left - here.left) - Math.abs(b.left - here.left));
  return near[0]?.[0];
}

/** Waits for `work`, which draws `node` anew at its end, and puts the focus back on what is called as what had it. */
export async function keepingFocus(node, work) {
  const name = (one) => one.getAttribute("aria-label") ?? one.textContent;
  let last = null;
  const remember = (event) => (last = event.target);
  if (node.contains(document.activeElement)) last = document.activeElement;
  node.addEventListener("focusin", remember);
  await work();
  node.removeEventListener("focusin", remember);
  if (!last || document.activeElement !== document.body) return;
  [...node.querySelectorAll("button, a, summary")]
    .find((one) => name(one) === name(last))
    ?.focus({ preventScroll: true });
}
