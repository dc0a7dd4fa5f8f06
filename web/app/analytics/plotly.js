/**
 * Plotly, imported when the first chart is drawn. It calls itself `window.Plotly` and puts its rules into the page's head;
 * inside ComfyUI both may be another pack's. What was there before is there again when this has been evaluated, which
 * happens in one go with the imports, so that nobody sees the page in between.
 */
import { STYLE, names, theirs } from "./plotly-before.js";
import "../vendor/plotly-basic.min.js";

export const Plotly = /** @type {any} */ (window).Plotly;

/** For the shadow root that a chart stands in. */
export const rules = new CSSStyleSheet();

const ours = /** @type {HTMLStyleElement | null} */ (document.getElementById(STYLE));
rules.replaceSync([...(ours?.sheet?.cssRules ?? [])].map(({ cssText }) => cssText).join("\n"));
ours?.remove();
theirs?.setAttribute("id", STYLE);
for (const { name, before } of names) {
  if (before) Object.defineProperty(window, name, before);
  else Reflect.deleteProperty(window, name);
}
