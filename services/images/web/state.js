// What is seen, as the address says it, and who wants to know when that changes.

import { address } from "./shared/address.js";

export const TABS = ["search", "anchors", "duplicates", "map"];

const USUAL = {
  tab: TABS[0],
  anchor: "", // the picture of the index that is searched with
  text: "",
  k: 12,
  embedding: "",
  by: "look",
  box: "",
  show: "", // the picture that is open
  pair: "", // the picture that is compared, with `left` or, where that is empty, with the query
  left: "",
  filter: "",
  page: 1,
  tier: "edited",
  threshold: "",
  x: 0,
  y: 0,
  zoom: 1,
  at: "", // the picture that is pointed at on the map
};

const watchers = new Set();
let version = 0; // of the index: rises when we changed it

const { state, set } = address(USUAL, tell);

export { state };

/** The tab that is seen; an address may name another. */
export const tabNow = () => (TABS.includes(state.tab) ? state.tab : TABS[0]);

/** Changes what is seen; with `step` the reader can go back to what was. */
export function go(changes, options) {
  set(changes, options);
  tell();
}

/** The same without telling anybody: for what is seen already, such as a map that was moved. */
export const note = set;

/** `work` is called whenever what `read` gives is another. */
export function watch(read, work) {
  let last = read();
  watchers.add(() => {
    const now = read();
    if (now === last) return;
    last = now;
    work();
  });
}

/** `work` is called once `tab` is seen, and then whenever `read` gives another or the index was changed. */
export function live(tab, read, work) {
  let done;
  const check = () => {
    if (tabNow() !== tab) return;
    const now = `${version} ${read()}`;
    if (now === done) return;
    done = now;
    work();
  };
  watchers.add(check);
  check();
}

/** To be called when pictures came, went, or were renamed. */
export function indexChanged() {
  version += 1;
  tell();
}

export const indexVersion = () => version;

function tell() {
  watchers.forEach((watcher) => watcher());
}
