/** A plan in a list of plans: its name, what is to be said of it, and the way to be rid of it. */
import { css, html } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

export const planRowStyles = css`
  li { display: flex; align-items: center; gap: 4px; border-top: 1px solid var(--lk-line); }
  li:first-child { border-top: 0; }
  .open { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0; padding: 6px; text-align: start; }
  .open b { font-weight: 600; }
  .open span { font-size: 12px; overflow-wrap: anywhere; }
  .more { justify-self: start; }
  @container app (width >= 880px) { section { padding-inline: 20px; } }
`;

/** @param {{ title: string, says: string, looks: "quiet" | "bad", hint: string, open: () => void, forget: () => void }} row */
export const planRow = ({ title, says, looks, hint, open, forget }) => html`
  <button type="button" class="plain open grow" title=${hint} @click=${open}>
    <b class="cut">${title}</b>
    <span class=${looks}>${says}</span>
  </button>
  <button type="button" class="plain square quiet" title=${t("plans.remove")} aria-label=${t("job.label", { action: t("plans.remove"), name: title })}
    @click=${forget}>
    ${icon("cancel")}
  </button>
`;
