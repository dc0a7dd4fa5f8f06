/** What is known, as names with their values; what isn't known is left out. Some can be copied. */
import { css, html } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { copy } from "../messages.js";
import { t } from "../strings.js";

/** @typedef {{ code?: boolean, copies?: boolean }} Look `code` is for what a machine reads */
/** @typedef {[name: string, value: string | number | null | undefined, look?: Look]} Fact */

export const factStyles = css`
  dl { display: grid; grid-template-columns: minmax(76px, auto) minmax(0, 1fr); gap: 5px 14px; }
  dt { color: var(--lk-quiet); overflow-wrap: anywhere; }
  dd { display: flex; align-items: flex-start; gap: 4px; min-width: 0; }
  dd span { flex: 0 1 auto; min-width: 0; overflow-wrap: anywhere; white-space: pre-line; user-select: text; }
  dd .code { font-family: ui-monospace, monospace; font-size: 12px; }
  dd button { flex: none; width: 24px; min-height: 24px; padding: 0; margin-block: -3px; color: var(--lk-quiet); }
  dd button:hover { color: var(--lk-text); }
  dd .icon { width: 14px; height: 14px; }
`;

/** @param {Fact[]} list */
export const facts = (list) => {
  const known = list.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return known.length ? html`<dl>${known.map(fact)}</dl>` : null;
};

/** @param {Fact} fact */
const fact = ([name, value, { code = false, copies = false } = {}]) => html`
  <dt>${name}</dt>
  <dd>
    <span class=${code ? "code" : ""}>${value}</span>
    ${copies
      ? html`<button type="button" class="plain" title=${t("details.copyFact", { name })} aria-label=${t("details.copyFact", { name })}
          @click=${() => copy(String(value))}>
          ${icon("copy")}
        </button>`
      : null}
  </dd>
`;
