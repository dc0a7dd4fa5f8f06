/** The bar of what is selected: it rises from below, over the last row. */
import { css } from "../vendor/lit.js";

export const bulkStyles = css`
  :host { display: block; padding: 0 8px 8px; pointer-events: none; animation: rise 0.16s ease-out; container: bulk / inline-size; }
  @keyframes rise { from { transform: translateY(100%); opacity: 0; } }
  section { pointer-events: auto; max-width: 720px; margin: 0 auto; border: 1px solid var(--lk-line); border-radius: 12px; background: var(--lk-bg); box-shadow: 0 6px 28px #0006; }
  .bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 2px 8px; padding: 4px 6px; }
  .chosen { gap: 4px; font-weight: 600; min-height: 34px; }
  .all { font-weight: 400; color: var(--lk-quiet); padding-inline: 6px; }
  .deeds { gap: 0; flex: 1; justify-content: space-between; max-width: 280px; }
  .deeds button { min-width: 34px; min-height: 34px; padding: 0 8px; }
  .deeds button[aria-expanded="true"] { background: color-mix(in srgb, var(--lk-accent) 22%, transparent); }
  .deeds span { display: none; }
  .form { display: grid; gap: 6px; padding: 12px 12px 10px; border-bottom: 1px solid var(--lk-line); }
  .form label { font-weight: 600; font-size: 12px; }
  .form li { overflow-wrap: anywhere; }
  .form b { color: var(--lk-text); font-weight: 600; }
  progress { height: 3px; border-radius: 0 0 12px 12px; }
  .end { justify-content: flex-end; margin-top: 4px; flex-wrap: wrap; }
`;
