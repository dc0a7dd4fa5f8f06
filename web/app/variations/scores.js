/** How well a picture did, as bars with their figures. */
import { css, html, styleMap } from "../vendor/lit.js";
import { LANGUAGE, has, t } from "../strings.js";

export const scoreStyles = css`
  .scores { display: grid; grid-template-columns: minmax(0, 1fr); gap: 3px; margin: 0; font-size: 12px; }
  .scores div { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 6px; }
  .scores dt { color: var(--lk-quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .scores dd { font-variant-numeric: tabular-nums; }
  .scores div::after { content: ""; grid-column: 1 / 3; height: 3px; border-radius: 2px;
    background: linear-gradient(var(--lk-accent) 0 0) 0 0 / var(--part) 100% no-repeat, var(--lk-line); }
`;

/** @param {Record<string, number>} scores each 0 to 1, a likeness also a little below */
export const scoreBars = (scores) => {
  const rows = Object.entries(scores);
  if (!rows.length) return null;
  return html`<dl class="scores">${rows.map(([name, value]) => bar(name, value))}</dl>`;
};

/** @param {string} name @param {number} value */
const bar = (name, value) => html`
  <div title=${has(`variations.score.${name}.about`) ? t(`variations.score.${name}.about`) : ""}
    style=${styleMap({ "--part": `${100 * Math.min(1, Math.max(0, value))}%` })}>
    <dt>${has(`variations.score.${name}`) ? t(`variations.score.${name}`) : name.replaceAll("_", " ")}</dt>
    <dd>${value.toLocaleString(LANGUAGE, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}</dd>
  </div>
`;
