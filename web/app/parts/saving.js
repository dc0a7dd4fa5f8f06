/** Files that the server makes, saved by the browser as any download. */

/** How long a browser may take to begin. */
const BEGIN_MS = 60_000;

/** @param {{ name: string, content: Blob }} file */
export function save({ name, content }) {
  const href = URL.createObjectURL(content);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), BEGIN_MS);
}
