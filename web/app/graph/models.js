/**
 * Where the files that a node names can be had, in its properties, as ComfyUI's own templates keep it: its dialog of missing
 * models reads it on the machine of whoever opens the workflow.
 */

/** @typedef {import("../../types/lorakeeper").KnownFile} KnownFile */
/** @typedef {{ name: string, url: string, directory: string, hash: string, hash_type: "SHA256" }} CoreModel */

/** A file as ComfyUI writes it down; null where nobody knows its address. @param {KnownFile} known @param {string} name what the widget calls it @returns {CoreModel | null} */
export const coreModel = ({ url, kind, sha256 }, name) => (url && sha256 ? { name, url, directory: kind, hash: sha256, hash_type: "SHA256" } : null);

/**
 * What a node's `properties.models` is to be: what is known now, and of files that aren't here what it says already.
 * @param {unknown} before
 * @param {string[]} names
 * @param {(KnownFile | null)[]} files in the names' order
 * @returns {unknown[]}
 */
export function modelsProperty(before, names, files) {
  const said = Array.isArray(before) ? before : [];
  return names.flatMap((name, index) => {
    const known = files[index];
    return (known ? coreModel(known, name) : null) ?? said.filter((each) => each?.name === name);
  });
}
