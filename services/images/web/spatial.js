// Points on a plane in a grid of cells, so that the nearest are found without looking at all of them.

const EACH = 4; // points a cell, on average

/** An index of points { x, y } between -1 and 1; answers are places in `points`. */
export function spatial(points) {
  const side = Math.max(1, Math.ceil(Math.sqrt(points.length / EACH)));
  const cells = Array.from({ length: side * side }, () => []);
  const line = (value) => Math.min(Math.max(Math.floor(((value + 1) / 2) * side), 0), side - 1);
  points.forEach(({ x, y }, place) => cells[line(y) * side + line(x)].push(place));

  /** Calls `work` with each point in the cells that a rectangle touches. */
  function within(left, bottom, right, top, work) {
    for (let row = line(bottom); row <= line(top); row++) {
      for (let column = line(left); column <= line(right); column++) cells[row * side + column].forEach(work);
    }
  }

  /** The nearest to a place, no farther than `radius`; -1 where there is none. */
  function nearest(x, y, radius) {
    let best = -1;
    let least = radius * radius;
    within(x - radius, y - radius, x + radius, y + radius, (place) => {
      const distance = (points[place].x - x) ** 2 + (points[place].y - y) ** 2;
      if (distance <= least) [best, least] = [place, distance];
    });
    return best;
  }

  /** The `count` nearest, in order. */
  function around(x, y, count) {
    for (let radius = 2 / side; ; radius *= 2) {
      const found = [];
      within(x - radius, y - radius, x + radius, y + radius, (place) =>
        found.push([place, Math.hypot(points[place].x - x, points[place].y - y)]),
      );
      const near = found.filter(([, distance]) => distance <= radius);
      if (near.length >= count || radius > 4)
        return found
          .sort((a, b) => a[1] - b[1])
          .slice(0, count)
          .map(([place]) => place);
    }
  }

  return { within, nearest, around };
}

const ASIDE = 2; // how much worse it is to be aside than to be far

/** The nearest point of a direction [right, up], at most 45° off it; -1 where there is none. */
export function toward(points, from, [right, up]) {
  let best = -1;
  let least = Infinity;
  points.forEach(({ x, y }, place) => {
    const ahead = (x - from.x) * right + (y - from.y) * up;
    const aside = Math.abs((x - from.x) * up) + Math.abs((y - from.y) * right);
    if (ahead <= 0 || aside > ahead) return;
    const cost = ahead + ASIDE * aside;
    if (cost < least) [best, least] = [place, cost];
  });
  return best;
}
