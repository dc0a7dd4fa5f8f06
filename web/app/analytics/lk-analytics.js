/**
 * What was done in a period, as the server words it: figures, charts, tables and advice, whose buttons open the view where
 * something can be done about them. It is read while it is to be seen, and again when something ended.
 */
import { LitElement, classMap, css, html, live, repeat } from "../vendor/lit.js";
import { analytics, settings } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { openSetting, openView, openWay, valueOf } from "../parts/dom.js";
import { tables, tableStyles } from "./table.js";
import { tiles, tileStyles } from "./tiles.js";
import "./lk-chart.js";
import "./lk-kept-reports.js";
import "./lk-save-report.js";

/** @typedef {import("../../types/lorakeeper").Analytics} Analytics */
/** @typedef {import("../../types/lorakeeper").Section} Section */
/** @typedef {import("../../types/lorakeeper").Chart} Chart */

const KEPT_PERIOD = "lorakeeper.period";
/** Between two readings, and between what happened and the first of them. */
const REST_MS = 5_000;
const SOON_MS = 400;
/** What jobs, files and variations are when nothing more happens to them. */
const OVER = new Set(["completed", "failed", "cancelled", "installed", "owned", "quarantined", "done"]);
const PERIODS = ["7d", "30d", "90d", "year", "all"];

export class LkAnalytics extends LitElement {
  static properties = {
    shown: { type: Boolean },
    period: { state: true },
    answer: { state: true },
    isOff: { state: true },
    busy: { state: true },
    failure: { state: true },
  };

  static styles = [
    base,
    tileStyles,
    tableStyles,
    css`
      :host { position: absolute; inset: 0; display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); }
      .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 12px 8px 8px; }
      .bar .span { flex: 1 1 150px; font-size: 12px; font-variant-numeric: tabular-nums; }
      .span span { white-space: nowrap; }
      .periods { display: flex; flex: 1 1 280px; max-width: 380px; min-width: 0; margin: 0; padding: 2px; border: 0; border-radius: 10px; background: var(--lk-hover); }
      .periods label { position: relative; flex: 1 1 auto; text-align: center; cursor: pointer; }
      .periods input { position: absolute; inset: 0; width: 100%; height: 100%; min-height: 0; margin: 0; opacity: 0; cursor: pointer; }
      .periods span { display: block; padding: 5px 4px; border-radius: var(--lk-radius); font-size: 12px; white-space: nowrap; color: var(--lk-quiet); }
      .periods :checked + span { background: var(--lk-bg); color: var(--lk-text); font-weight: 600; box-shadow: 0 0 0 1px var(--lk-line); }
      .periods :focus-visible + span { outline: 2px solid var(--lk-accent); outline-offset: 1px; }
      .body { display: grid; align-content: start; grid-template-columns: minmax(0, 1fr); gap: 12px; padding: 4px 8px 32px; }
      .body > * { max-width: 1180px; }
      .body.busy section { opacity: 0.55; transition: opacity 0.2s 0.2s; }
      .body section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 12px; padding: 12px; border: 1px solid var(--lk-line); border-radius: 12px; }
      .sentences { display: grid; gap: 4px; max-width: 78ch; overflow-wrap: anywhere; }
      .advice { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 8px; }
      .advice li { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; padding: 8px 10px; border-radius: var(--lk-radius); background: var(--lk-hover); }
      .advice p { flex: 1 1 220px; min-width: 0; overflow-wrap: anywhere; }
      .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); align-items: start; gap: 16px 24px; }
      figure { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; margin: 0; min-width: 0; }
      figcaption { font-weight: 600; }
      @container app (width >= 880px) { .bar { padding: 16px 20px 8px; } .body { padding-inline: 20px; gap: 16px; } .body section { padding: 16px; } }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    this.period = PERIODS.find((each) => each === localStorage.getItem(KEPT_PERIOD)) ?? "30d";
    /** @type {Analytics | null} */
    this.answer = null;
    this.isOff = false;
    this.busy = false;
    this.failure = "";
    /** Whether something has happened since it was read. */
    this.isStale = true;
    this.readAt = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {AbortController | undefined} */
    this.request = undefined;
    /** @type {(() => void)[]} */
    this.stops = [];
    this.looked = () => this.plan();
  }

  connectedCallback() {
    super.connectedCallback();
    const hear = () => this.hear();
    const hearEnd = (/** @type {{ state?: string, phase?: string }} */ { state, phase }) => OVER.has(state ?? phase ?? "") && hear();
    this.stops = [
      onEvent("job", hearEnd),
      onEvent("item", hearEnd),
      onEvent("scan", hearEnd),
      onEvent("variation", hearEnd),
      onEvent("library", hear),
      onResync(hear),
    ];
    document.addEventListener("visibilitychange", this.looked);
    // What happened while the panel was closed was not heard.
    hear();
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    document.removeEventListener("visibilitychange", this.looked);
    clearTimeout(this.timer);
    this.timer = undefined;
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    // The setting may have been changed, or what is recorded deleted, in the view that was open.
    if (changed.has("shown") && this.shown) this.hear();
  }

  hear() {
    this.isStale = true;
    this.plan();
  }

  /** Reads what is stale as soon as may be, if anybody looks. */
  plan() {
    if (!this.isStale || !this.shown || !this.isConnected || document.hidden || this.timer) return;
    const since = performance.now() - this.readAt;
    const wait = this.answer ? Math.max(SOON_MS, REST_MS - since) : 0;
    this.timer = setTimeout(() => void this.read(), wait);
  }

  async read() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.request?.abort();
    const request = (this.request = new AbortController());
    this.isStale = false;
    this.busy = true;
    try {
      const [answer, values] = await Promise.all([analytics.summary(this.asked, request.signal), settings.get()]);
      if (request !== this.request) return;
      this.answer = answer;
      this.isOff = values.analytics === false;
      this.failure = "";
    } catch (error) {
      if (request !== this.request) return;
      this.failure = /** @type {Error} */ (error).message;
    }
    this.busy = false;
    this.readAt = performance.now();
    this.plan();
  }

  /** The period as the server takes it. */
  get asked() {
    return this.period === "year" ? String(new Date().getFullYear()) : this.period;
  }

  /** @param {string} period */
  choose(period) {
    this.period = period;
    localStorage.setItem(KEPT_PERIOD, period);
    void this.read();
  }

  render() {
    return html`
      <div class="bar">
        <fieldset class="periods">
          <legend class="heard">${t("statistics.period")}</legend>
          ${PERIODS.map((each) => this.option(each))}
        </fieldset>
        <p class="span quiet">${this.span()}</p>
        <lk-save-report .period=${this.asked}></lk-save-report>
      </div>
      <div class=${classMap({ body: true, scroll: true, busy: this.busy })} aria-busy=${this.busy}>
        ${this.content()}<lk-kept-reports .shown=${this.shown}></lk-kept-reports>
      </div>
    `;
  }

  span() {
    if (!this.answer) return null;
    const { period, zone } = this.answer.summary;
    return html`<span>${t("statistics.span", period)}</span> <span>${zone}</span>`;
  }

  /** @param {string} period */
  option(period) {
    const change = (/** @type {Event} */ event) => this.choose(valueOf(event));
    return html`<label>
      <input type="radio" name="period" value=${period} .checked=${live(period === this.period)} @change=${change} />
      <span>${t(`statistics.period.${period}`)}</span>
    </label>`;
  }

  content() {
    const { answer } = this;
    const failed = this.failure
      ? html`<p class="note bad" role="alert">${icon("broken")}<span class="grow">${this.failure}</span>
          <button type="button" @click=${() => this.read()}>${t("statistics.again")}</button></p>`
      : null;
    if (!answer) return failed ?? html`<p class="quiet" role="status">${t("common.loading")}</p>`;
    const { recorded_since: since, storage } = answer.summary;
    if (since === null && !storage.files) return [failed, this.isOff ? this.off() : this.empty()];
    return html`
      ${failed} ${this.isOff ? this.offNote() : null}
      ${repeat(answer.sections, ({ name }) => name, (section) => this.section(section))}
    `;
  }

  /** @param {Section} section */
  section({ name, title, sentences, tiles: figures, charts, tables: lists, advice }) {
    return html`
      <section aria-labelledby=${name}>
        <h2 id=${name}>${title}</h2>
        ${figures.length ? tiles(figures) : null}
        ${sentences.length ? html`<div class="sentences">${sentences.map((each) => html`<p>${each}</p>`)}</div>` : null}
        ${advice.length ? html`<ul class="advice">${advice.map((each) => this.advice(each))}</ul>` : null}
        ${charts.length ? html`<div class="charts">${charts.map((each) => this.chart(each))}</div>` : null}
        ${lists.length ? tables(lists, (way) => openWay(this, way)) : null}
      </section>
    `;
  }

  /** @param {Chart} chart */
  chart(chart) {
    return html`<figure><figcaption>${chart.title}</figcaption><lk-chart .chart=${chart}></lk-chart></figure>`;
  }

  /** @param {Section["advice"][number]} advice */
  advice({ text, action }) {
    return html`<li><p>${text}</p><button type="button" @click=${() => openWay(this, action)}>${action.label}</button></li>`;
  }

  offNote() {
    return html`<p class="note">${icon("pause")}<span class="grow">${t("statistics.off.note")}</span>${this.offButton("")}</p>`;
  }

  off() {
    return html`
      <div class="empty">
        ${icon("pause")}
        <h2>${t("statistics.off")}</h2>
        <p>${t("statistics.off.hint")}</p>
        ${this.offButton("primary")}
      </div>
    `;
  }

  /** @param {string} looks */
  offButton(looks) {
    return html`<button type="button" class=${looks} @click=${() => openSetting(this, "analytics")}>${t("statistics.off.action")}</button>`;
  }

  empty() {
    return html`
      <div class="empty">
        ${icon("analytics")}
        <h2>${t("statistics.empty")}</h2>
        <p>${t("statistics.empty.hint")}</p>
        <button type="button" class="primary" @click=${() => openView(this, "discover")}>${t("library.empty.action")}</button>
      </div>
    `;
  }
}
customElements.define("lk-analytics", LkAnalytics);
