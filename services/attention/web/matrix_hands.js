// How a matrix is pointed into: by a mouse, by a finger, by keys.

import { NOWHERE } from "./pointing.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export function listen(view, { hover, choose, moved }) {
  const under = (event) => {
    const { left, top } = view.stack.getBoundingClientRect();
    return within(
      view.data,
      Math.floor((event.clientY - top) / view.cell),
      Math.floor((event.clientX - left) / view.cell),
    );
  };
  view.stack.addEventListener("pointermove", (event) => event.pointerType === "mouse" && hover(under(event)));
  view.stack.addEventListener("pointerleave", () => hover(NOWHERE));
  view.stack.addEventListener("click", (event) => choose(under(event)));
  view.box.addEventListener("keydown", (event) => key(event, view, { hover, choose, moved }));
  view.box.addEventListener("blur", () => hover(NOWHERE));
}

const within = ({ rows, columns }, row, column) => ({
  row: Math.min(rows.length - 1, Math.max(0, row)),
  column: Math.min(columns.length - 1, Math.max(0, column)),
});

function key(event, view, { hover, choose, moved }) {
  if (event.target !== view.box || !view.data) return;
  const step = ARROWS[event.key];
  if (step) {
    const to = within(view.data, view.at.row + step[0], view.at.column + step[1]);
    hover(to);
    moved(to);
    bringIntoSight(view, to);
  } else if (event.key === "Enter") choose(view.at);
  else if (event.key === "Escape") choose(NOWHERE);
  else return;
  event.preventDefault();
}

function bringIntoSight({ box, stack, cell }, { row, column }) {
  const [left, top] = [stack.offsetLeft, stack.offsetTop];
  const [x, y] = [column * cell, row * cell];
  box.scrollLeft = Math.min(x, Math.max(box.scrollLeft, x + left + cell - box.clientWidth));
  box.scrollTop = Math.min(y, Math.max(box.scrollTop, y + top + cell - box.clientHeight));
}
