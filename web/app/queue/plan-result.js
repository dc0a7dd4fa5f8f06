/** What a plan has brought, in a few figures and sentences: each kind of plan says it in its own way. */
import { dollars, duration, number } from "../format.js";
import { jobs } from "./jobs.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */
/** @typedef {{ figures: { name: string, value: string }[], sentences: string[] }} Result */

/** Figures by the kind of plan, in their order. @type {Record<string, string[]>} */
const FIGURES = {
  download: ["files"],
  metadata: ["files", "failed"],
  scan: ["files", "new", "changed", "moved", "missing", "broken", "seconds"],
  variations: ["images", "successful", "rejected", "failed", "from_cache", "attempts", "estimated_cost"],
  report: [],
};
/** These are always said, also where they are none. */
const ALWAYS = new Set(["files", "successful"]);

/** @param {Instruction} plan @returns {Result} */
export function resultOf({ kind, result }) {
  if (!result) return { figures: [], sentences: [] };
  const shown = (FIGURES[kind] ?? []).filter((name) => typeof result[name] === "number" && (result[name] || ALWAYS.has(name)));
  const figures = shown.map((name) => ({ name: t(`result.${name}`), value: worded(name, Number(result[name])) }));
  const job = jobs.rows.get(String(result.job ?? ""));
  if (job) figures.push({ name: t("result.job"), value: t(`bulk.state.${job.state}`) });
  if (job?.failed_files) figures.push({ name: t("result.failed"), value: number(job.failed_files) });
  for (const name of ["file", "report"]) if (typeof result[name] === "string") figures.push({ name: t(`result.${name}`), value: String(result[name]) });
  const sentences = ["problems", "findings"].flatMap((name) => (Array.isArray(result[name]) ? result[name].map(String) : []));
  return { figures, sentences };
}

/** @param {string} name @param {number} value */
function worded(name, value) {
  if (name === "estimated_cost") return dollars(value);
  return name === "seconds" ? duration(value) : number(value);
}
