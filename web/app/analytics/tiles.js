/** Figures side by side, each with how it changed. */
import { css, html } from "../vendor/lit.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").Tile} Tile */

export const tileStyles = css`
  .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(118px, 1fr)); gap: 8px; }
  .tile { display: grid; align-content: start; gap: 1px; min-width: 0; padding: 8px 10px; border-radius: var(--lk-radius); background: var(--lk-hover); }
  .tile dt { font-size: 12px; color: var(--lk-quiet); overflow-wrap: anywhere; }
  .tile .value { font-size: 19px; font-weight: 650; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
  .tile .change { font-size: 12px; font-variant-numeric: tabular-nums; }
  .tile .change i { font-style: normal; font-size: 10px; margin-inline-end: 3px; }
`;

/** @param {Tile[]} list */
export const tiles = (list) => html`<dl class="tiles">${list.map(tile)}</dl>`;

/** @param {Tile} tile */
const tile = ({ label, value, change, good }) => html`
  <div class="tile">
    <dt>${label}</dt>
    <dd class="value">${value}</dd>
    ${change ? changed(change, good) : null}
  </div>
`;

/** @param {string} change @param {boolean | null} good */
function changed(change, good) {
  const judged = good === null ? "" : t(good ? "statistics.better" : "statistics.worse");
  const looks = good === null ? "quiet" : good ? "good" : "bad";
  return html`<dd class="change ${looks}" title=${judged || t("statistics.before")}>
    ${arrow(change)}${change}${judged ? html`<span class="heard">, ${judged}</span>` : null}
  </dd>`;
}

/** @param {string} change */
function arrow(change) {
  const shape = change.startsWith("+") ? "▲" : /^[-−–]/.test(change) ? "▼" : "";
  return shape ? html`<i aria-hidden="true">${shape}</i>` : null;
}
