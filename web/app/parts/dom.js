/** What several views do with the document. */

/** What was typed or chosen. @param {Event} event */
export const valueOf = (event) => /** @type {HTMLInputElement} */ (event.target).value;

/** Puts the focus on an element of the view's own. @param {import("../vendor/lit.js").LitElement} view @param {string} selector */
export const focusOn = (view, selector) =>
  /** @type {HTMLElement | null} */ (view.renderRoot.querySelector(selector))?.focus({ preventScroll: true });

/**
 * Gives the focus back to a view that was put elsewhere in its list, which takes it away: to `selector`, else to the first `instead`.
 * @param {import("../vendor/lit.js").LitElement} view
 * @param {string} selector
 * @param {string} instead
 */
export async function focusAgain(view, selector, instead) {
  await new Promise((resolve) => requestAnimationFrame(resolve));
  await view.updateComplete;
  const found = view.renderRoot.querySelector(selector) ?? view.renderRoot.querySelector(instead);
  /** @type {HTMLElement | null} */ (found)?.focus();
}

/** Asks the frame to open another view, with a model where `id` is given. @param {Element} from @param {string} view @param {number | null} [id] */
export const openView = (from, view, id) => ask(from, { view, id: id ?? undefined });

/** Asks the frame for the models that fit. @param {Element} from @param {import("../../types/lorakeeper").LibraryFilter} query */
export const openFilter = (from, query) => ask(from, { view: "library", query });

/** Asks the frame for a search of the site: `{ query, types, base_models, sort, period, tag, username, target }`, any of them. @param {Element} from @param {Record<string, unknown>} search */
export const openSearch = (from, search) => ask(from, { view: "discover", search });

/** Asks the frame for what a report's button leads to. @param {Element} from @param {import("../../types/lorakeeper").Way} way */
export function openWay(from, { view, query, setting }) {
  ask(from, { view, query: view === "library" ? query : undefined, setting: setting ?? undefined });
}

/** Asks the frame to show a setting. @param {Element} from @param {string} setting */
export const openSetting = (from, setting) => ask(from, { view: "settings", setting });

/** Asks the frame to open a plan. @param {Element} from @param {import("../queue/intake.js").Origin} plan */
export const openPlan = (from, plan) => ask(from, { plan });

/** @param {Element} from @param {object} detail */
const ask = (from, detail) => from.dispatchEvent(new CustomEvent("lk-open", { detail, bubbles: true, composed: true }));

/** Lets Escape close a view, and nothing around it. @param {HTMLElement} view @param {() => void} close */
export const closeByEscape = (view, close) =>
  view.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });

/** The element with the focus, in this root or deeper. @param {Document | ShadowRoot | null} root @returns {Element | null} */
export function deepFocus(root) {
  const element = root?.activeElement ?? null;
  return element?.shadowRoot ? (deepFocus(element.shadowRoot) ?? element) : element;
}
