/** The lines of a plan, all of them or those of one outcome, a page at a time: a plan may have thousands. */
import { LitElement, css, html } from "../vendor/lit.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

/** @typedef {import("./plan-rows.js").Row} Row */
/** @typedef {import("./plan-rows.js").Outcome} Outcome */

const PAGE = 100;
const OUTCOMES = /** @type {const} */ (["do", "owned", "refused"]);
/** @type {Record<Outcome, { sign: Parameters<typeof icon>[0], look: string }>} */
const MARKS = { do: { sign: "queue", look: "" }, owned: { sign: "check", look: "good" }, refused: { sign: "broken", look: "bad" } };

class LkLines extends LitElement {
  static properties = { rows: { attribute: false }, only: { state: true }, count: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
      .chip { font-size: 12px; min-height: 26px; }
      .chip[aria-pressed="true"] { border-color: var(--lk-accent); background: color-mix(in srgb, var(--lk-accent) 18%, transparent); }
      li { display: grid; grid-template-columns: 18px minmax(0, 1fr) auto; gap: 0 8px; padding: 8px 0; border-top: 1px solid var(--lk-line); align-items: start; }
      li > .icon { width: 16px; height: 16px; margin-top: 2px; }
      .name { font-weight: 600; overflow-wrap: anywhere; }
      .no { font-weight: 400; font-size: 12px; white-space: nowrap; font-variant-numeric: tabular-nums; }
      .facts, .remark { font-size: 12px; overflow-wrap: anywhere; }
      a.button { margin: -4px -6px 0 0; color: var(--lk-quiet); }
      .more { justify-self: start; }
    `,
  ];

  constructor() {
    super();
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Outcome | ""} */
    this.only = "";
    this.count = PAGE;
  }

  /** @param {Outcome | ""} outcome */
  show(outcome) {
    this.only = outcome;
    this.count = PAGE;
  }

  render() {
    const { rows, only, count } = this;
    const counts = OUTCOMES.map((outcome) => ({ outcome, count: rows.filter((row) => row.outcome === outcome).length })).filter((each) => each.count);
    const shown = only && counts.some(({ outcome }) => outcome === only) ? rows.filter(({ outcome }) => outcome === only) : rows;
    return html`
      ${counts.length > 1
        ? html`<div class="row wrap" role="group" aria-label=${t("plan.filter")}>
            ${[{ outcome: /** @type {const} */ (""), count: rows.length }, ...counts].map((each) => this.filter(each.outcome, each.count))}
          </div>`
        : null}
      <ul aria-label=${t("plan.lines")}>${shown.slice(0, count).map((row) => this.line(row))}</ul>
      ${shown.length > count
        ? html`<button type="button" class="more" @click=${() => (this.count += PAGE)}>${t("common.more")}</button>`
        : null}
    `;
  }

  /** @param {Outcome | ""} outcome @param {number} count */
  filter(outcome, count) {
    return html`
      <button type="button" class="chip" aria-pressed=${this.only === outcome} @click=${() => this.show(outcome)}>
        ${t(`plan.filter.${outcome || "all"}`)} <span class="quiet">${number(count)}</span>
      </button>
    `;
  }

  /** @param {Row} row */
  line(row) {
    const { sign, look } = MARKS[row.outcome];
    const link = t(row.isSite ? "details.page" : "plan.row.elsewhere");
    return html`
      <li>
        <span class=${look} title=${t(`plan.filter.${row.outcome}`)}>${icon(sign)}<span class="heard">${t(`plan.filter.${row.outcome}`)}</span></span>
        <div>
          <div class="name" title=${row.target || row.name}>${row.name} ${row.number === null ? null : html`<span class="no quiet">${t("plan.row.number", { number: row.number })}</span>`}</div>
          ${row.facts ? html`<div class="facts quiet">${row.facts}</div>` : null}
          ${row.remarks.map((text) => html`<p class="remark ${row.outcome === "refused" ? "bad" : row.outcome === "do" ? "warn" : "quiet"}">${text}</p>`)}
        </div>
        ${row.page
          ? html`<a class="button plain square" href=${row.page} target="_blank" rel="noopener noreferrer" title=${link} aria-label="${link}: ${row.name}">
              ${icon("link")}
            </a>`
          : null}
      </li>
    `;
  }
}
customElements.define("lk-lines", LkLines);
