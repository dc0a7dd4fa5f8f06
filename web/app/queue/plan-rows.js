/** A plan as rows: its lines, and the models of its workflow that are no lines of it. */
import { bytes } from "../format.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").WorkflowModel} WorkflowModel */
/** @typedef {import("../../types/lorakeeper").PlanLine} PlanLine */
/** @typedef {PlanLine["outcome"]} Outcome */
/** @typedef {{ number: number | null, name: string, target: string, outcome: Outcome, facts: string, remarks: string[], page: string | null, isSite: boolean }} Row */

/** Of a stranger's link only what leads to a page is kept. @param {string | null} url */
const safe = (url) => (url && /^https?:\/\//i.test(url) ? url : null);

/** @param {PlanLine[]} lines @param {WorkflowModel[]} models @returns {Row[]} */
export function rowsOf(lines, models) {
  const wanted = new Map(models.filter(({ target }) => target).map((model) => [model.target, model]));
  const others = models.filter(({ state }) => state !== "found");
  return [...lines.map((line) => rowOfLine(line, wanted.get(line.text))), ...others.map(rowOfModel)];
}

/** @param {PlanLine} line @param {WorkflowModel} [model] @returns {Row} */
function rowOfLine({ number, text, outcome, name, size, kind, folder, path, page, remarks }, model) {
  const place = outcome === "do" ? (folder ?? kind) : path;
  return {
    // A workflow has no lines to count.
    number: model ? null : number,
    name: name ?? text,
    target: name ? text : "",
    outcome,
    facts: [size === null ? null : bytes(size), place, model && standing(model)].filter(Boolean).join(" · "),
    remarks: [...remarks.map((remark) => remark.text), ...(model ? doubts(model) : [])],
    page: safe(page),
    isSite: true,
  };
}

/** @param {WorkflowModel} model @returns {Row} */
function rowOfModel(model) {
  const { name, kind, state, path, url, note } = model;
  const isHere = state === "here";
  return {
    number: null,
    name,
    target: "",
    outcome: isHere ? "owned" : "refused",
    facts: [isHere ? path : kind, standing(model)].filter(Boolean).join(" · "),
    remarks: isHere ? [note].filter(Boolean) : [note || t("plan.row.lost")],
    page: isHere ? null : safe(url),
    isSite: false,
  };
}

/** @param {WorkflowModel} model */
const standing = ({ where }) => (where ? t("plan.row.where", { where }) : "");

/** @param {WorkflowModel} model */
const doubts = ({ by, note }) => [by === "name" ? t("plan.row.guessed") : "", note].filter(Boolean);
