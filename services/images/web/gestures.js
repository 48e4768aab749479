// Moving a view by mouse, finger and wheel: drag, pinch, turn; what was no drag was a click.

const STILL = 5; // pixels that a click may move
const WHEEL = 0.0015; // of the zoom's logarithm, a pixel of the wheel

/** Changes `map.view`; calls its `moved()` then, `hovered(x, y)` or `hovered()`, and `clicked(x, y)`. */
export function gestures(canvas, map) {
  const down = new Map();
  let travelled = 0;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!down.size) travelled = 0;
    down.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (!down.has(event.pointerId)) return map.hovered(...now);
    const before = down.get(event.pointerId);
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (down.size === 1) map.view.move(now[0] - before[0], now[1] - before[1]);
    else pinch(map.view, [...down].find(([id]) => id !== event.pointerId)[1], before, now);
    down.set(event.pointerId, now);
    map.moved();
  });
  const up = (event) => {
    if (!down.delete(event.pointerId) || down.size) return;
    if (event.type === "pointerup" && travelled < STILL) map.clicked(...place(event));
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => map.hovered());
  canvas.addEventListener("wheel", (event) => wheel(event, map, place(event)), { passive: false });
}

/** One finger stays, the other goes: the distance between them is the zoom, their middle moves along. */
function pinch(view, still, before, now) {
  const apart = (one) => Math.hypot(one[0] - still[0], one[1] - still[1]) || 1;
  view.move((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  view.nearer(apart(now) / apart(before), (now[0] + still[0]) / 2, (now[1] + still[1]) / 2);
}

function wheel(event, map, place) {
  event.preventDefault();
  const pixels = event.deltaY * [1, 16, 400][event.deltaMode]; // by pixels, lines or pages
  map.view.nearer(Math.exp(-pixels * WHEEL * (event.ctrlKey ? 5 : 1)), ...place); // pinching a touchpad comes with ctrl
  map.moved();
}
