/** Which pictures are hidden until somebody points at them: those from the level on that the user has set. */
import { settings } from "../api.js";
import { listen } from "../events.js";

/** The site counts levels as powers of two; what is of several has the sum of them. @type {Record<string, number>} */
const LEVELS = { PG13: 2, R: 4, X: 8, XXX: 16 };

/** `null` until it was asked for. @type {number | null} */
let from = null;

/** @param {Record<string, unknown>} values settings, as many as are known */
function take({ blur_from }) {
  if (blur_from === undefined) return;
  const before = from;
  from = LEVELS[String(blur_from)] ?? Infinity;
  if (from !== before) document.dispatchEvent(new Event("lk-veil"));
}

/** Reads the setting, now and when it was changed. */
function begin() {
  from = LEVELS.R ?? Infinity;
  const read = () => void settings.get().then(take, () => {});
  listen(document, "lk-settings", (event) => {
    const { detail } = /** @type {CustomEvent<Record<string, unknown> | null>} */ (event);
    if (detail) take(detail);
    else read();
  });
  read();
}

/** Whether a picture of this level is veiled. @param {number | null | undefined} level */
export function veiled(level) {
  if (from === null) begin();
  return from !== null && (level ?? 0) >= from;
}

/** Calls `changed` whenever other pictures are veiled, until the returned function is called. @param {() => void} changed */
export function followVeil(changed) {
  if (from === null) begin();
  return listen(document, "lk-veil", changed);
}
