// Which token, or which pair of them, is pointed at: all pictures of a view show the same.

import { framed } from "./canvas.js";

export const NOWHERE = { row: -1, column: -1 };
export const isSome = ({ row, column }) => row >= 0 || column >= 0;

/** What is hovered for a moment, otherwise what is held. `views` are told once a frame. */
export function pointing(hold) {
  const views = new Set();
  let hovered = NOWHERE;
  let held = NOWHERE;
  const now = () => (isSome(hovered) ? hovered : held);
  const tell = framed(() => views.forEach((view) => view(now())));
  return {
    now,
    tell,
    watch: (view) => views.add(view),
    hover(place) {
      if (same(place, hovered)) return;
      hovered = place;
      tell();
    },
    choose(place) {
      hovered = NOWHERE;
      hold(same(place, held) ? NOWHERE : place);
    },
    held(place) {
      held = place;
      tell();
    },
  };
}

const same = (a, b) => a.row === b.row && a.column === b.column;
