/** What the library's list was narrowed to, in words, a part of it at a time. */
import { number } from "../format.js";
import { has, t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */
/** @typedef {{ key: string, value: unknown, text: string }} Part */

/** What is said together with another key, or has its own place in the view. */
const UNSAID = new Set(["query", "limit", "cursor", "sort", "descending"]);

/** Of these several values may be asked for at once. */
export const LISTS = new Set(["kind", "base_model", "family", "tag", "without_tag", "creator"]);

/** @param {string} kind */
export const kindName = (kind) => (has(`kind.${kind}`) ? t(`kind.${kind}`) : kind);

/** @param {Filter} filter @returns {Part[]} */
export function partsOf(filter) {
  const said = Object.entries(filter).filter(([key, value]) => value !== null && value !== "" && !UNSAID.has(key));
  return said.flatMap(([key, value]) => [value].flat().map((each) => ({ key, value: each, text: wording(key, each) })));
}

/** @param {Filter} filter @param {Part} part @returns {Filter} */
export function without(filter, { key, value }) {
  const { [key]: before, ...rest } = filter;
  const left = [before ?? []].flat().filter((each) => each !== value);
  return left.length ? { ...rest, [key]: left } : rest;
}

/** Whether a list is asked for anything but an order. @param {Filter} filter */
export const searched = (filter) => Boolean(filter.query) || partsOf(filter).length > 0;

/** One thing that is asked for. @param {string} key @param {unknown} value @returns {string} */
export function wording(key, value) {
  if (typeof value === "boolean") return t(`library.filter.${key}.${value ? "yes" : "no"}`);
  if (key === "unused_days") return t("library.filter.unused_days", { count: number(Number(value)) });
  if (key === "kind" && value !== "") return kindName(String(value));
  if (value === "") return t(`library.filter.${key}.none`);
  const named = `library.filter.${key}`;
  return has(named) ? t(named, { value: String(value) }) : String(value);
}
