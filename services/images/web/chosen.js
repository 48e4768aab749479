// Which points of a crowded plane get a thumbnail: as many as do not cover each other, the same while one moves about.

/** `chosen(scale)` gives { places, scale } for pixels a unit: places in `points`, `apart` pixels apart or more. */
export function chooser(points, apart) {
  const levels = new Map(); // scales are steps of the square root of two, so that most moves change nothing

  function level(power) {
    if (!levels.has(power))
      levels.set(power, spread(points, apart / scaleOf(power), power > LOWEST ? level(power - 1) : []));
    return levels.get(power);
  }

  return (scale) => {
    const power = Math.max(LOWEST, Math.floor(2 * Math.log2(scale)));
    return { places: level(power), scale: scaleOf(power) };
  };
}

const LOWEST = 12; // 64 pixels a unit: smaller is no canvas
const scaleOf = (power) => 2 ** (power / 2);

/** Those of `first`, then all others that keep their distance: who has a thumbnail keeps it when one comes nearer. */
function spread(points, distance, first) {
  const taken = new Map(); // a chosen point of each cell
  const chosen = [];
  const key = (column, row) => column * 1_000_003 + row;
  const offer = (place) => {
    const { x, y } = points[place];
    const [column, row] = [Math.floor(x / distance), Math.floor(y / distance)];
    for (let across = -1; across <= 1; across++) {
      for (let up = -1; up <= 1; up++) {
        const other = taken.get(key(column + across, row + up));
        if (other && Math.abs(other.x - x) < distance && Math.abs(other.y - y) < distance) return;
      }
    }
    taken.set(key(column, row), points[place]);
    chosen.push(place);
  };
  first.forEach(offer);
  for (let place = 0; place < points.length; place++) offer(place);
  return chosen;
}
