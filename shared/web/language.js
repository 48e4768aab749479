// English and Korean. Each page gives its words once, as { key: [english, korean] }; nothing else holds a sentence.

export const LANGUAGES = ["en", "ko"];
const words = {};
const listeners = new Set(); // those of an element only weakly: who is thrown away takes its listener along
const listening = new WeakMap(); // the listeners of each element

let current = chosen();

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang") ?? remembered() ?? navigator.language;
  return asked.toLowerCase().startsWith("ko") ? "ko" : "en";
}

function remembered() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null; // a browser may forbid it
  }
}

export const language = () => current;

/** Adds the words of a page. */
export function learn(more) {
  Object.assign(words, more);
}

/** The words for `key`, with each `{name}` replaced by a value. */
export function t(key, values = {}) {
  if (!(key in words)) throw new Error(`no words for ${key}`);
  const text = words[key][LANGUAGES.indexOf(current)];
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Of a text that a service gives in both languages, { en, ko }. */
export const inLanguage = (texts) => texts[current] ?? texts.en;

export function speak(other) {
  current = other;
  try {
    localStorage.setItem("language", other);
  } catch {
    // then it holds for this page alone
  }
  document.documentElement.lang = other;
  rename(other);
  for (const one of listeners) one.deref() ? one.deref()() : listeners.delete(one);
}

/** A link that names a language names the one that is seen. */
function rename(other) {
  const url = new URL(location.href);
  if (!url.searchParams.has("lang")) return;
  url.searchParams.set("lang", other);
  history.replaceState(null, "", url);
}

/** `listener` is called whenever the reader switches: for good, or as long as there is `node`. */
export function onLanguage(listener, node) {
  if (!node) return void listeners.add({ deref: () => listener });
  listening.set(node, [...(listening.get(node) ?? []), listener]);
  listeners.add(new WeakRef(listener));
}

const formats = {}; // making one takes longer than using it a hundred times

/** A number as the reader writes it. */
export function number(value, digits = 2) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const format = (formats[`${current} ${digits}`] ??= new Intl.NumberFormat(current, options));
  return format.format(value);
}

export const whole = (value) => new Intl.NumberFormat(current).format(value);

document.documentElement.lang = current;
