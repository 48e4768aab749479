// What stands around every page: where it is, the language, the colours; and what may be copied from it.

import { announce, fill, h } from "./dom.js";
import { LANGUAGES, language, learn, onLanguage, speak, t } from "./language.js";
import { WORDS } from "./words.js";

const NAMES = { en: "English", ko: "한국어" };
const THEMES = ["auto", "light", "dark"];
const SAID = 2500; // milliseconds that a button says what it did

learn(WORDS);

/** Puts header and announcements around <main>; `links` are pairs of a word and an address. */
export function frame(title, links) {
  const header = h("header", { class: "top" });
  document.body.prepend(h("a", { class: "skip", href: "#main" }), header);
  document.body.append(h("div", { id: "announcements", class: "unseen", "aria-live": "polite" }));
  const draw = () => {
    document.title = title();
    document.querySelector(".skip").textContent = t("skip");
    const focused = [...header.querySelectorAll("select")].indexOf(document.activeElement);
    fill(
      header,
      brand(),
      h(
        "nav",
        { "aria-label": title() },
        links.map(([word, href]) => h("a", { href }, t(word))),
      ),
      switches(),
    );
    header.querySelectorAll("select")[focused]?.focus();
  };
  useTheme(theme());
  onLanguage(draw);
  draw();
}

const brand = () =>
  h(
    "a",
    { class: "brand", href: "/", "aria-label": t("home") },
    h("span", { class: "leaves", "aria-hidden": "true" }),
    "Triptych",
  );

function switches() {
  return h(
    "div",
    { class: "switches" },
    choice("language", LANGUAGES, (one) => NAMES[one], language(), speak),
    choice("theme", THEMES, (one) => t(`theme_${one}`), theme(), useTheme),
  );
}

/** A labelled select; `label` is a key of words. */
export function choice(label, values, name, now, chosen) {
  const options = values.map((one) => h("option", { value: one, selected: one === now }, name(one)));
  return h(
    "label",
    {},
    h("span", { class: "unseen" }, t(label)),
    h("select", { onchange: (event) => chosen(event.target.value) }, options),
  );
}

function theme() {
  try {
    return localStorage.getItem("theme") ?? "auto";
  } catch {
    return "auto";
  }
}

function useTheme(chosen) {
  document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem("theme", chosen);
  } catch {
    // then it holds for this page alone
  }
  dispatchEvent(new Event("theme"));
}

/** A button that copies what `text()` gives, and says for a while that it did or could not. */
export function copier(label, text) {
  const copy = async () => {
    const done = await navigator.clipboard?.writeText(text()).then(
      () => "copied",
      () => "not_copied",
    );
    button.textContent = t(done ?? "not_copied"); // not even a clipboard: plain http
    announce(button.textContent);
    setTimeout(() => (button.textContent = label), SAID);
  };
  const button = h("button", { type: "button", class: "quiet", onclick: copy }, label);
  return button;
}

/** The command that asks the same, to be opened and copied. */
export function curl(command) {
  return h(
    "details",
    { class: "curl" },
    h("summary", {}, t("curl")),
    h("pre", { tabindex: "0" }, h("code", {}, command)),
    copier(t("copy"), () => command),
  );
}

/** `curl` of a question with JSON, or of an address alone. */
export function curlOf(place, json) {
  const url = new URL(place, location.href).href;
  if (json === undefined) return `curl -s '${quoted(url)}'`;
  return `curl -s ${url} \\\n  -H 'Content-Type: application/json' \\\n  -d '${quoted(JSON.stringify(json))}'`;
}

const quoted = (text) => text.replaceAll("'", "'\\''");
