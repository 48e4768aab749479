// The scale of the stars: what may be given, and where a prediction lies on it.

const MOST_LEVELS = 11; // buttons that can still be told apart

/** Until the card says otherwise, MovieLens 100K's. */
export const scale = { low: 1, high: 5, step: 1 };

/** From the model card: `sizes` has the ends of the scale. Half stars where it begins at one. */
export function learnScale({ sizes }) {
  const { "lowest stars": low = scale.low, "highest stars": high = scale.high } = sizes;
  const step = Math.max(low % 1 === 0 ? 1 : 0.5, (high - low) / (MOST_LEVELS - 1));
  Object.assign(scale, { low, high, step });
}

export function levels() {
  const count = Math.floor((scale.high - scale.low) / scale.step + 1e-9) + 1;
  return Array.from({ length: count }, (_, level) => scale.low + level * scale.step);
}

/** How far along the scale, in percent. */
export const along = (stars) => (100 * (stars - scale.low)) / (scale.high - scale.low);
