/** What the library's list was narrowed to, in words, a part of it at a time. */
import { number } from "./format.js";
import { has, t } from "./strings.js";

/** @typedef {import("../types/lorakeeper").LibraryFilter} Filter */
/** @typedef {{ key: string, value: unknown, text: string }} Part */

/** What is said together with another key, or has its own place in the view. */
const UNSAID = new Set(["query", "limit", "cursor", "descending"]);

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
  if (key === "sort") delete rest.descending;
  const left = [before ?? []].flat().filter((each) => each !== value);
  return left.length ? { ...rest, [key]: left } : rest;
}

/** @param {string} key @param {unknown} value */
function wording(key, value) {
  if (typeof value === "boolean") return t(`library.filter.${key}.${value ? "yes" : "no"}`);
  if (key === "unused_days") return t("library.filter.unused_days", { count: number(Number(value)) });
  if (key === "sort") return t(`library.filter.sort.${value}`);
  if (key === "kind" && value !== "") return kindName(String(value));
  if (value === "") return t(`library.filter.${key}.none`);
  const named = `library.filter.${key}`;
  return has(named) ? t(named, { value: String(value) }) : String(value);
}
