// What the page shows, kept in its address; whoever shows it is told of what changed.

import { address } from "./shared/address.js";

const TABS = ["movies", "why", "test", "model"];
const DEFAULTS = {
  tab: TABS[0],
  user: "", // an id; none: a newcomer
  rated: "", // by the newcomer, "50:5,172:4"; a third number is the minute it was given
  by: "rank",
  genre: "",
  seen: false,
  when: "", // "day weekday", or none
  many: 10,
  movie: "", // that is explained
  k: 5,
  age: "",
  gender: "",
  occupation: "",
};
const listeners = new Set();
const { state, set } = address(DEFAULTS, tell);
let last = { ...state };

export { state };

/** The tab that is seen; the first where the address names one that is none. */
export const tabSeen = () => (TABS.includes(state.tab) ? state.tab : TABS[0]);

/** `step`: the reader can go back to what was before. */
export function change(changes, options) {
  set(changes, options);
  tell();
}

function tell() {
  const names = Object.keys(state).filter((name) => state[name] !== last[name]);
  last = { ...state };
  touch(names);
}

/** Says that these changed; "given" is no part of the address: a rating on the disk of the service. */
export function touch(names) {
  for (const { wanted, listener } of listeners) if (names.some((name) => wanted.includes(name))) listener();
}

export function onChange(wanted, listener) {
  listeners.add({ wanted, listener });
}

/** Calls `update` now and whenever one of the names changes, but only while its tab is seen. */
export function whileSeen(tab, names, update) {
  let stale = true;
  const look = () => {
    if (!stale || tabSeen() !== tab) return;
    stale = false;
    update();
  };
  onChange(names, () => {
    stale = true;
    look();
  });
  onChange(["tab"], look);
  look();
}
