// A part of a page that shows an answer: while it waits, when it has one, when there is nothing, and when it failed.

import { announce, fill, h } from "./dom.js";
import { onLanguage, t } from "./language.js";

const TRIES = 20; // times that a question is repeated by itself while the service asks for patience

/**
 * Keeps `node` up to date. `ask(signal)` gives the answer, `draw(answer)` what to show of it: nodes, or null when there
 * is nothing to see, which is then said with the words for `empty`. What was seen stays, dimmed, until the next answer is
 * there, so nothing jumps; a newer question takes back the one before. `update` is done when the answer is drawn.
 */
export function region(node, { ask, draw, empty = "nothing" }) {
  let asking = new AbortController();
  let seen = () => {}; // draws what is seen: the last answer, or what went wrong
  const redraw = () => seen();
  onLanguage(redraw, node);

  async function update(tries = TRIES) {
    asking.abort();
    const mine = (asking = new AbortController());
    node.setAttribute("aria-busy", "true");
    if (!node.hasChildNodes()) fill(node, h("p", { class: "empty" }, t("loading")));
    try {
      const got = await ask(mine.signal);
      if (mine.signal.aborted) return undefined;
      seen = () => show(node, draw(got), empty);
      redraw();
      return got;
    } catch (error) {
      if (!mine.signal.aborted) fail(error, mine.signal, tries);
      return undefined;
    } finally {
      if (!mine.signal.aborted) node.removeAttribute("aria-busy");
    }
  }

  function fail(error, signal, tries) {
    if (!("status" in error)) throw error; // a mistake of ours: let it be seen
    seen = () =>
      fill(
        node,
        sorry(
          error,
          tries,
          signal,
          () => update(tries - 1),
          () => update(),
        ),
      );
    redraw();
    announce(error.detail);
  }

  return { update: () => update(), redraw };
}

function show(node, drawn, empty) {
  const nothing = drawn === null || (Array.isArray(drawn) && drawn.length === 0);
  fill(node, nothing ? h("p", { class: "empty" }, t(empty)) : drawn);
}

/** What went wrong, in words; where it passes, the seconds until it is tried again are counted down. */
function sorry(error, tries, signal, again, now) {
  const waiting = h("span", { class: "waiting" });
  if (error.passes && tries > 0) countDown(waiting, error.retryAfter, signal, again);
  return h(
    "div",
    { class: error.passes ? "trouble passing" : "trouble" },
    h("strong", {}, t(headline(error))),
    h("p", { lang: error.status ? "en" : null }, error.detail), // as services say it
    error.passes || error.status >= 500
      ? h("p", {}, h("button", { type: "button", onclick: now }, t("again")), " ", waiting)
      : null,
  );
}

function headline({ status, passes }) {
  if (status === 429) return "busy";
  if (status === 0) return "unreachable";
  if (passes) return "down";
  return status >= 500 ? "broken" : "refused";
}

function countDown(node, seconds, signal, then) {
  if (signal.aborted) return;
  if (seconds <= 0) return void then();
  node.textContent = t("soon", { seconds });
  setTimeout(() => countDown(node, seconds - 1, signal, then), 1000);
}
