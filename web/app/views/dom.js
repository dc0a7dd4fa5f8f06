/** What several views do with the document. */

/** What was typed or chosen. @param {Event} event */
export const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/** Puts the focus on an element of the view's own. @param {import("../vendor/lit.js").LitElement} view @param {string} selector */
export const focusOn = (view, selector) =>
  /** @type {HTMLElement | null} */ (view.renderRoot.querySelector(selector))?.focus({ preventScroll: true });

/** Asks the frame to open another view, with a model where `id` is given. @param {Element} from @param {string} view @param {number | null} [id] */
export const openView = (from, view, id) =>
  from.dispatchEvent(new CustomEvent("lk-open", { detail: { view, id: id ?? undefined }, bubbles: true, composed: true }));

/** Lets Escape close a view, and nothing around it. @param {HTMLElement} view @param {() => void} close */
export const closeByEscape = (view, close) =>
  view.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
