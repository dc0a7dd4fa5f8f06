/**
 * What becomes a plan: a list of targets, a file of plans, a workflow, a picture with one inside, or the open graph. What it
 * is, its content says, never its name.
 */
import { instructions } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { pictureKind, withoutPixels } from "../variations/pictures.js";
import { t } from "../strings.js";
import { isTarget } from "../discover/targets.js";

/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */
/** @typedef {import("../../types/lorakeeper").WorkflowModel} WorkflowModel */
/** @typedef {{ instructions: Instruction[], models: WorkflowModel[] | null }} Taken the models are a workflow's */
/** @typedef {{ title: string, take: () => Promise<Taken> }} Origin */

/** More bytes than any list or workflow has, and than any picture. */
const LONGEST_TEXT = 24 << 20;
const LARGEST_PICTURE = 256 << 20;
const LONGEST_NAME = 200;
/** What A1111 and its kin write under a prompt. */
const PARAMETERS = /^Steps: \d+,/m;

/** The plan that is on the server already. @param {string} id @param {string} title @returns {Origin} */
export const ofPlan = (id, title) => ({ title, take: async () => ({ instructions: [await instructions.get(id)], models: null }) });

/** @param {string} text @returns {Origin} */
export const ofText = (text) => ({ title: t("plan.pasted"), take: () => takeText(text, "") });

/** @param {File} file @returns {Origin} */
export const ofFile = (file) => ({
  title: file.name,
  take: async () => {
    const name = file.name.slice(0, LONGEST_NAME);
    const kind = pictureKind(new Uint8Array(await file.slice(0, 12).arrayBuffer()));
    if (file.size > (kind ? LARGEST_PICTURE : LONGEST_TEXT)) throw new Error(t("intake.large", { name }));
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (kind) return missing({ data: await base64(withoutPixels(bytes)), name });
    const text = decoded(bytes);
    if (text.includes("\0")) throw new Error(t("intake.unknown", { name }));
    return takeText(text, name);
  },
});

/** The graph that is open in ComfyUI. @returns {Origin} */
export const ofGraph = () => ({
  title: t("plan.workflow"),
  take: async () => {
    if (!comfy) throw new Error(t("intake.noGraph"));
    const { name, text } = await comfy.workflow();
    return missing({ text, name: name.slice(0, LONGEST_NAME) });
  },
});

/** Whether a pasted text is rather a plan than a target or words. @param {string} text */
export function isPlan(text) {
  if (documentOf(text)) return true;
  const isLong = text.trim().includes("\n");
  return isLong && (isList(text) || PARAMETERS.test(text));
}

/** Whether at least half of the lines are targets. @param {string} text */
function isList(text) {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter(Boolean);
  const targets = lines.filter(isTarget).length;
  return targets > 0 && targets * 2 >= lines.length;
}

/** @param {string} text @returns {Record<string, unknown> | null} */
function documentOf(text) {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {string} text @param {string} name @returns {Promise<Taken>} */
async function takeText(text, name) {
  const document = documentOf(text);
  if (document ? "lorakeeper" in document : isList(text))
    return { instructions: await instructions.take(text, name.replace(/\.\w+$/, "")), models: null };
  return missing({ text, name });
}

/** @param {Parameters<typeof instructions.missing>[0]} workflow @returns {Promise<Taken>} */
async function missing(workflow) {
  const { instruction, models } = await instructions.missing(workflow);
  return { instructions: instruction ? [instruction] : [], models };
}

/** @param {Uint8Array} bytes */
function decoded(bytes) {
  const [first, second] = bytes;
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Takes the mark at the beginning off.
  return new TextDecoder(isWide ? (first === 0xff ? "utf-16le" : "utf-16be") : "utf-8").decode(bytes);
}

/** @param {Uint8Array[]} parts @returns {Promise<string>} */
const base64 = (parts) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob(/** @type {BlobPart[]} */ (parts)));
  });
