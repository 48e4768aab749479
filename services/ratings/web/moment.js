// A moment that stands for a time of day and a part of the week; the service counts both in UTC.

const DAY = 86_400_000;
const WEEK = 7 * DAY;
const HOURS = { day: 14, night: 22 };

/**
 * The first moment of that kind, such as "night weekend", after `after` (milliseconds), as ISO 8601. The
 * service answers no question about the future: from a moment that has not come yet it goes back whole weeks.
 */
export function momentOf(kind, after) {
  const [time, week] = kind.split(" ");
  const midnight = after - (after % DAY);
  let at = midnight + (HOURS[time] ?? HOURS.day) * 3_600_000;
  while (at <= after || isWeekend(at) !== (week === "weekend")) at += DAY;
  while (at > Date.now()) at -= WEEK;
  return written(at);
}

function isWeekend(at) {
  return [0, 6].includes(new Date(at).getUTCDay());
}

/** A minute of a newcomer's rating, a week earlier: what is asked about comes after it, and is not in the future. */
export const weekBefore = (minute) => minute * 60_000 - WEEK;

export const written = (at) => `${new Date(at).toISOString().slice(0, 19)}Z`;
