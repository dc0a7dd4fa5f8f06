/** The pictures that a new run starts from, as the page holds them until they are sent. */
import { t } from "../strings.js";

/** @typedef {{ name: string, content: Blob, url: string, data: Promise<string> }} Reference `data` is base64, `url` for showing it */

const TYPES = new Set(["image/png", "image/jpeg", "image/webp"]);
/** In base64 it is a third more, and a request must stay under 40 MB. */
const LARGEST = 28 << 20;

/** @param {string} name @param {Blob} content @returns {Reference} */
export function referenceOf(name, content) {
  if (!TYPES.has(content.type)) throw new Error(t("variations.image.unknown", { name }));
  if (content.size > LARGEST) throw new Error(t("variations.image.large", { name }));
  return { name, content, url: URL.createObjectURL(content), data: base64(content) };
}

/** @param {Reference} reference */
export const letGo = ({ url }) => URL.revokeObjectURL(url);

/** Whether these can be sent together. @param {Reference[]} references */
export const fit = (references) => references.reduce((sum, { content }) => sum + content.size, 0) <= LARGEST;

/** @param {Blob} content @returns {Promise<string>} */
const base64 = (content) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(content);
  });
