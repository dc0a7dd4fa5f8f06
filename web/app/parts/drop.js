/** Files dropped on an element are the element's own: what is around it, such as ComfyUI, never sees them. */

/** @param {DragEvent} event */
const hasFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));

/**
 * @param {HTMLElement} element
 * @param {(over: boolean) => void} onOver tells whether files are held over it
 * @param {(files: File[]) => void} onFiles
 */
export function takeFiles(element, onOver, onFiles) {
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!hasFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    onOver(true);
  };
  element.addEventListener("dragenter", over);
  element.addEventListener("dragover", over);
  element.addEventListener("dragleave", (event) => {
    const { relatedTarget } = event;
    if (!(relatedTarget instanceof Node && element.contains(relatedTarget))) onOver(false);
  });
  element.addEventListener("drop", (event) => {
    onOver(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}
