/** Moving through a grid of cards by keyboard: one of them is in the tab order, arrows, Home and End go to the others. */

/** For a list of `.card`s, each with one `.open` that takes the focus. @param {KeyboardEvent} event */
export function moveFocus(event) {
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const cells = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".card")]);
  const at = cells.findIndex((each) => each.contains(/** @type {Node} */ (event.target)));
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const columns = Math.max(1, cells.filter((each) => each.offsetTop === cells[0]?.offsetTop).length);
  const end = cells.length - 1;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: end }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  // The last row may be shorter than the one above it.
  const next = to > end && event.key === "ArrowDown" && Math.floor(at / columns) < Math.floor(end / columns) ? end : to;
  /** @type {HTMLElement | null | undefined} */ (cells[next]?.querySelector(".open"))?.focus();
}
