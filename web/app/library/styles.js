/** How the library is laid out: the list, with the filters before it and the details behind it where there is room. */
import { css } from "../vendor/lit.js";

export const libraryStyles = css`
  :host { position: absolute; inset: 0; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); --lk-edge: 12px; }
  .list { position: relative; grid-column: 1; display: flex; flex-direction: column; min-height: 0; min-width: 0; }
  form { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; padding: 12px var(--lk-edge) 6px; }
  .search { position: relative; }
  .search .icon { position: absolute; inset: 0 auto 0 9px; margin: auto; width: 16px; color: var(--lk-quiet); pointer-events: none; }
  .search input { padding-left: 32px; }
  .filters { position: relative; min-width: 34px; padding-inline: 8px; }
  .filters[aria-expanded="true"] { background: color-mix(in srgb, var(--lk-accent) 22%, transparent); }
  .number { min-width: 18px; padding: 0 5px; border-radius: 9px; font-size: 11px; font-weight: 700; line-height: 18px; text-align: center; background: var(--lk-strong); color: #fff; }
  .tools { display: flex; align-items: center; gap: 2px; padding: 0 8px 4px calc(var(--lk-edge) + 2px); }
  .count { flex: 1; min-width: 0; font-size: 12px; white-space: nowrap; }
  .count, .order { align-self: baseline; }
  .order { width: auto; max-width: 132px; min-height: 30px; border-color: transparent; background: none; color: var(--lk-quiet); padding: 2px; text-align-last: end; }
  .order:hover { background: var(--lk-hover); color: var(--lk-text); }
  .direction, .layout { color: var(--lk-quiet); }
  .direction span { display: block; transition: transform 0.15s; }
  .direction .down { transform: rotate(180deg); }
  .direction .icon, .layout .icon { width: 17px; height: 17px; }
  .parts { display: flex; align-items: start; gap: 6px; padding: 2px var(--lk-edge) 6px; max-height: 96px; overflow: auto; }
  .parts ul { display: flex; flex-wrap: wrap; gap: 6px; flex: 1; min-width: 0; }
  .parts .icon { width: 13px; height: 13px; }
  .parts > button { min-height: 24px; padding: 2px 8px; color: var(--lk-quiet); }
  .note { margin: 6px var(--lk-edge); }
  lk-grid, .rest { flex: 1; min-height: 0; }
  .under { height: 92px; }
  lk-bulk { position: absolute; inset: auto 0 0; z-index: 1; }
  lk-details, lk-filters { position: absolute; inset: 0; z-index: 2; background: var(--lk-bg); animation: slide 0.16s ease-out; }
  lk-details { z-index: 3; }
  @keyframes slide { from { transform: translateX(24px); opacity: 0; } }
  @container app (width >= 880px) {
    :host { grid-template-columns: auto minmax(0, 1fr) auto; --lk-edge: 20px; }
    .list { grid-column: 2; }
    form { padding-top: 16px; grid-template-columns: minmax(0, 520px) auto; justify-content: start; }
    .tools { padding-right: 14px; }
    lk-details { position: relative; inset: auto; grid-column: 3; width: clamp(360px, 34cqw, 520px); border-left: 1px solid var(--lk-line); }
  }
  @container app (width >= 1000px) {
    lk-filters { position: relative; inset: auto; grid-column: 1; width: 248px; border-right: 1px solid var(--lk-line); animation: none; }
  }
`;
