/** The reports that plans have made, newest first, each to be saved: nothing where there are none. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { analytics } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { bytes, moment } from "../format.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { save } from "../parts/saving.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";

/** @typedef {import("../../types/lorakeeper").KeptReport} KeptReport */

/** More than these fold. */
const FEW = 5;

class LkKeptReports extends LitElement {
  static properties = { shown: { attribute: false }, reports: { state: true }, all: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 12px; border: 1px solid var(--lk-line); border-radius: 12px; }
      li { display: flex; align-items: center; gap: 8px; padding: 6px 0; border-top: 1px solid var(--lk-line); }
      li:first-child { border-top: 0; }
      .grow { display: grid; overflow-wrap: anywhere; }
      .small { font-size: 12px; }
      .more { justify-self: start; }
      @container app (width >= 880px) { section { padding: 16px; } }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** @type {KeptReport[]} */
    this.reports = [];
    this.all = false;
    this.turns = new Turns();
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    const hear = () => this.shown && void this.load();
    this.stops = [onEvent("instruction", ({ kind, result }) => kind === "report" && result && hear()), onResync(hear)];
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown) void this.load();
  }

  async load() {
    try {
      this.reports = await analytics.kept();
    } catch (error) {
      messages.error(error);
    }
  }

  render() {
    const { reports } = this;
    if (!reports.length) return null;
    const rows = this.all ? reports : reports.slice(0, FEW);
    return html`
      <section aria-labelledby="reports">
        <h2 id="reports">${t("reports.title")}</h2>
        <ul aria-labelledby="reports">${repeat(rows, ({ name }) => name, (row) => html`<li>${this.row(row)}</li>`)}</ul>
        ${rows.length < reports.length
          ? html`<button type="button" class="plain more" @click=${() => (this.all = true)}>${t("reports.all", { count: reports.length })}</button>`
          : null}
      </section>
    `;
  }

  /** @param {KeptReport} report */
  row({ name, size, made_at }) {
    const take = () => this.turns.take(name, async () => save(await analytics.keptReport(name)));
    return html`
      <span class="grow">${name}<span class="small quiet">${moment(made_at)} · ${bytes(size)}</span></span>
      <button type="button" aria-label=${t("job.label", { action: t("reports.save"), name })} @click=${take}>${icon("download")}${t("reports.save")}</button>
    `;
  }
}
customElements.define("lk-kept-reports", LkKeptReports);
