/** Models of the site on their way here: put into a plan that waits, or fetched at once where nothing speaks against it. */
import { civitai, instructions, jobs as routes } from "../api.js";
import { jobs } from "../queue/jobs.js";
import { isFeasible } from "../queue/plan.js";
import { plans } from "../queue/plans.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").Found} Found */
/** @typedef {import("../../types/lorakeeper").Resolved} Resolved */
/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */
/** @typedef {{ target: string, name?: string, kind?: string, file_id?: number }} Target as a plan holds it */

/** What is said of a file and needs nobody's yes. */
const CALM = new Set(["size", "name"]);

/** The newest version of a model. @param {Found} found */
export const targetOf = ({ id, versions: [newest] }) => (newest ? `${id}@${newest.id}` : String(id));

/** @param {Found[]} found @returns {Target[]} */
export const targetsOf = (found) => found.map((each) => ({ target: targetOf(each), name: each.name.slice(0, 300) }));

/** What to call a plan for these. @param {Target[]} targets */
export function titleOf([first, ...others]) {
  const name = (first?.name ?? first?.target ?? "").slice(0, 150);
  return others.length ? t("adding.title", { name, count: others.length }) : name;
}

/** @param {Target[]} targets @param {string} title @returns {Promise<Instruction>} */
export async function planFor(targets, title) {
  const plan = await instructions.create({ kind: "download", title, payload: { targets } });
  plans.put(plan);
  return plan;
}

/**
 * Puts targets into a plan, each once, which makes it a draft again.
 * @param {string} id
 * @param {Target[]} targets
 * @returns {Promise<{ plan: Instruction, added: number }>}
 */
export async function addTo(id, targets) {
  const plan = await instructions.get(id);
  const before = /** @type {Target[]} */ (plan.payload.targets ?? []);
  const known = new Set(before.map(keyOf));
  const more = targets.filter((each) => !known.has(keyOf(each)));
  if (!more.length) return { plan, added: 0 };
  const changed = await instructions.change(id, { payload: { ...plan.payload, targets: [...before, ...more] } });
  plans.put(changed);
  return { plan: changed, added: more.length };
}

/**
 * Fetches the newest version where it is clear what that is and where it goes.
 * @param {Found} found
 * @returns {Promise<Resolved | null>} what the user has to look at first
 */
export async function fetchOne(found) {
  const target = targetOf(found);
  const resolved = await civitai.resolve(target);
  if (!resolved.kind || resolved.warnings.length || resolved.owned !== null) return resolved;
  jobs.put(await routes.add({ target }));
  return null;
}

/**
 * Fetches many as one job, where there is nothing to decide of any.
 * @param {Target[]} targets
 * @returns {Promise<{ plan: Instruction, started: boolean }>} the plan, which waits for the user where it wasn't started
 */
export async function fetchAll(targets) {
  const { id } = await planFor(targets, titleOf(targets));
  const plan = await instructions.validate(id);
  plans.put(plan);
  const lines = plan.validation?.lines ?? [];
  const isClear = lines.every(({ outcome, remarks }) => outcome === "owned" || (outcome === "do" && remarks.every(({ kind }) => CALM.has(kind))));
  if (!isClear || !isFeasible(plan)) return { plan, started: false };
  await instructions.approve(id);
  plans.put(await instructions.execute(id));
  return { plan, started: true };
}

/** @param {Target} target */
const keyOf = ({ target, file_id }) => `${target.replace(/^civitai:/, "")} ${file_id ?? ""}`;
