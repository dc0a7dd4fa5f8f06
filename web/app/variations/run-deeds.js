/** What can be done with pictures of a run: kept as files, put onto the canvas, or varied further. */
import { variations } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { number } from "../format.js";
import { messages } from "../messages.js";
import { runs } from "./runs.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").RunView} RunView */
/** @typedef {import("../../types/lorakeeper").RunPicture} RunPicture */

const LONGEST_NAME = 60;
/** @type {Record<string, string>} */
const ENDINGS = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };

/** Writes these pictures as files, or all that were accepted, and says where they are. @param {RunView} run @param {number[]} [numbers] */
export async function keep(run, numbers) {
  const [first = "", ...others] = await runs.keep(run, numbers);
  const folder = first.replace(/[\\/][^\\/]*$/, "");
  messages.info(others.length ? t("variations.kept.many", { count: number(others.length + 1), folder }) : t("variations.kept", { name: first }));
}

/** Adds a LoadImage node for each. @param {RunView} run @param {RunPicture[]} pictures */
export async function toCanvas(run, pictures) {
  for (const picture of pictures) {
    const { name, content } = await fileOf(run, picture);
    await comfy?.addImage(content, name);
  }
  messages.info(t("variations.canvas.done", { count: pictures.length }));
}

/** The picture itself, under a name that any disk takes. @param {RunView} run @param {RunPicture} picture */
export async function fileOf(run, { number: place, mime }) {
  const { content } = await variations.pictureFile(run.id, place);
  const stem = run.title.replace(/[^\p{L}\p{N} _-]+/gu, " ").trim().slice(0, LONGEST_NAME).trim() || "variation";
  return { name: `${stem}-${place + 1}.${ENDINGS[mime] ?? "png"}`, content };
}

/** Takes a run off the list; it is forgotten when that can't be undone any more. @param {RunView} run */
export function forget({ id, title }) {
  runs.hide(id, true);
  messages.undoable(t("variations.forgotten", { title }), () => runs.hide(id, false), () => runs.forget(id));
}
