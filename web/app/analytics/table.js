/** Tables whose rows have bars behind them, and may lead somewhere. */
import { css, html, styleMap } from "../vendor/lit.js";
import { icon } from "../icons.js";

/** @typedef {import("../../types/lorakeeper").Table} Table */
/** @typedef {import("../../types/lorakeeper").TableRow} TableRow */
/** @typedef {import("../../types/lorakeeper").Way} Way */

export const tableStyles = css`
  .tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); align-items: start; gap: 16px 24px; }
  .table { overflow-x: auto; scrollbar-width: thin; scrollbar-color: var(--lk-line) transparent; }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  caption { padding: 0 0 4px; font-weight: 600; text-align: start; }
  th, td { padding: 3px 0 3px 12px; text-align: end; white-space: nowrap; font-weight: 400; }
  thead th { white-space: normal; word-break: keep-all; font-size: 12px; color: var(--lk-quiet); vertical-align: bottom; }
  tbody tr { border-top: 1px solid var(--lk-line); }
  th:first-child { width: 100%; min-width: 110px; padding-inline-start: 0; text-align: start; white-space: normal; overflow-wrap: anywhere; }
  .part { position: relative; display: flex; align-items: center; min-height: 26px; padding: 1px 7px; }
  .part > :not(i) { position: relative; }
  bdi { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; }
  .part i { position: absolute; inset: 0 auto 0 0; min-width: 2px; border-radius: 4px; background: color-mix(in srgb, var(--lk-accent) 26%, transparent); }
  .part button { min-height: 24px; margin-inline: -5px; padding: 0 5px; justify-content: flex-start; text-align: start; border-radius: 5px; }
  .part button .icon { width: 13px; height: 13px; color: var(--lk-quiet); }
`;

/** @param {Table[]} list @param {(way: Way) => void} open */
export const tables = (list, open) => html`<div class="tables">${list.map((each) => table(each, open))}</div>`;

/** @param {Table} table @param {(way: Way) => void} open */
const table = ({ title, columns, rows }, open) => html`
  <div class="table">
    <table>
      <caption>${title}</caption>
      <thead><tr>${columns.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
      <tbody>${rows.map((each) => row(each, open))}</tbody>
    </table>
  </div>
`;

/** @param {TableRow} row @param {(way: Way) => void} open */
function row({ cells: [name = "", ...figures], bar, action }, open) {
  const length = Math.min(1, Math.max(0, bar ?? 0));
  return html`
    <tr>
      <th scope="row">
        <span class="part">
          ${length ? html`<i style=${styleMap({ width: `${100 * length}%` })}></i>` : null}
          ${action ? leading(name, action, open) : html`<bdi title=${name}>${name}</bdi>`}
        </span>
      </th>
      ${figures.map((each) => html`<td>${each}</td>`)}
    </tr>
  `;
}

/** @param {string} name @param {Way} way @param {(way: Way) => void} open */
const leading = (name, way, open) => html`
  <button type="button" class="plain" title="${name}: ${way.label}" aria-label="${name}: ${way.label}" @click=${() => open(way)}>
    <bdi>${name}</bdi>${icon("unfold")}
  </button>
`;
