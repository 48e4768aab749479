// What is seen stands in the address, so that a link shows the same to somebody else.

/**
 * The state of a page: `defaults` with what the address says instead. Numbers stay numbers, switches switches. Only what
 * differs from its default is written; `changed` is called when the reader goes back or forward.
 */
export function address(defaults, changed) {
  const state = {};
  const read = () => {
    const query = new URLSearchParams(location.search);
    for (const [name, usual] of Object.entries(defaults))
      state[name] = query.has(name) ? like(usual, query.get(name)) : usual;
  };
  addEventListener("popstate", () => {
    read();
    changed(state);
  });
  read();
  return { state, set: (changes, options) => write(state, defaults, changes, options) };
}

function like(usual, text) {
  if (typeof usual === "boolean") return text === "true";
  if (typeof usual === "number") return Number.isFinite(Number(text)) && text !== "" ? Number(text) : usual;
  return text;
}

function write(state, defaults, changes, { step = false } = {}) {
  Object.assign(state, changes);
  const query = new URLSearchParams(location.search);
  for (const [name, usual] of Object.entries(defaults)) {
    if (state[name] === usual) query.delete(name);
    else query.set(name, state[name]);
  }
  const there = `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`;
  if (there === `${location.pathname}${location.search}${location.hash}`) return; // no step back to the same
  history[step ? "pushState" : "replaceState"](null, "", there);
}
