/**
 * Every sentence of the views by key. They lie in `words/`, one catalogue a language, which the reports read too. `{name}` is
 * replaced by `vars.name`; where `count` is 1, `<key>.one` is said if there is such.
 */

/** The languages that there is a catalogue of, each by its own name. */
export const LANGUAGES = /** @type {const} */ ({ en: "English", ja: "日本語", ko: "한국어", zh: "中文" });

/** @typedef {keyof typeof LANGUAGES} Language */

/** The language that is spoken here; the server writes its own sentences in it. @type {Language} */
export let LANGUAGE = "en";

/** What is said where the catalogue can't be had: it comes from the server as everything does. */
const OFFLINE = "Lorakeeper's server can't be reached. Is it still running?";

/** Where this browser keeps which language its user has chosen for us. */
const KEPT = "lorakeeper.language";

/** @type {Record<string, string> | null} */
let words = null;

/** @type {Promise<void> | null} */
let loading = null;

/** What the page around us speaks. */
let around = navigator.language;

/** What was chosen for us alone, "" where it is what the page around us speaks. */
export const chosenLanguage = () => /** @type {Language | ""} */ (localStorage.getItem(KEPT) ?? "");

/** Speaks another language from now on; who has drawn already has to draw again. @param {Language | ""} language */
export async function chooseLanguage(language) {
  if (language) localStorage.setItem(KEPT, language);
  else localStorage.removeItem(KEPT);
  loading = null;
  await loadWords();
}

/**
 * Fetches the sentences once; nothing is drawn before. Rejects with a sentence where they can't be had, and may be tried again.
 * @param {string} [page] what the page around us speaks
 */
export function loadWords(page) {
  if (page) around = page;
  loading ??= fetchWords(spoken(chosenLanguage() || around)).catch((error) => {
    loading = null;
    throw new Error(OFFLINE, { cause: error });
  });
  return loading;
}

/** The language that we have of one such as `zh-TW`. @param {string} tag @returns {Language} */
const spoken = (tag) => /** @type {Language[]} */ (Object.keys(LANGUAGES)).find((each) => each === tag.toLowerCase().split("-")[0]) ?? "en";

/** @param {Language} language */
async function fetchWords(language) {
  const answer = await fetch(new URL(`words/${language}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
  words = await answer.json();
  LANGUAGE = language;
}

/** The sentence for `key`. @param {string} key @param {Record<string, string | number>} [vars] */
export function t(key, vars = {}) {
  if (!words) return OFFLINE;
  const one = String(vars.count) === "1" ? words[`${key}.one`] : undefined;
  return (one ?? words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in vars ? String(vars[name]) : whole));
}

/** Whether there is a sentence for `key`. @param {string} key */
export const has = (key) => words !== null && key in words;
