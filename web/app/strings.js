/**
 * Every sentence of the views by key. They lie in `words/`, one catalogue a language, which the reports read too. `{name}` is
 * replaced by `vars.name`; where `count` is 1, `<key>.one` is said if there is such.
 */

/** The language that is spoken here; the server writes its own sentences in it. */
export const LANGUAGE = "en";

/** What is said where the catalogue can't be had: it comes from the server as everything does. */
const OFFLINE = "Lorakeeper's server can't be reached. Is it still running?";

/** @type {Record<string, string> | null} */
let words = null;

/** @type {Promise<void> | null} */
let loading = null;

/** Fetches the sentences once; nothing is drawn before. Rejects with a sentence where they can't be had, and may be tried again. */
export function loadWords() {
  loading ??= fetchWords().catch((error) => {
    loading = null;
    throw new Error(OFFLINE, { cause: error });
  });
  return loading;
}

async function fetchWords() {
  const answer = await fetch(new URL(`words/${LANGUAGE}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  words = await answer.json();
}

/** The sentence for `key`. @param {string} key @param {Record<string, string | number>} [vars] */
export function t(key, vars = {}) {
  if (!words) return OFFLINE;
  const one = String(vars.count) === "1" ? words[`${key}.one`] : undefined;
  return (one ?? words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in vars ? String(vars[name]) : whole));
}

/** Whether there is a sentence for `key`. @param {string} key */
export const has = (key) => words !== null && key in words;
