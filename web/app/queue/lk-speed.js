/** How fast downloads are, folded: the network, the connections, what was changed and why. It is read only while open. */
import { LitElement, css, html } from "../vendor/lit.js";
import { performanceReport } from "../api.js";
import { number, rate, time } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

/** @typedef {import("../../types/lorakeeper").PerformanceReport} Report */

const EVERY_MS = 5_000;
const CHANGES = 5;

class LkSpeed extends LitElement {
  static properties = { open: { state: true }, report: { state: true }, error: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr); max-height: 60cqh; border-top: 1px solid var(--lk-line); }
      .fold { justify-content: flex-start; border-radius: 0; min-height: 36px; padding-inline: 12px; width: 100%; }
      .fold .icon { width: 15px; height: 15px; transition: rotate 0.12s; }
      .fold[aria-expanded="true"] .icon { rotate: 90deg; }
      .fold:focus-visible { outline-offset: -2px; }
      .body { display: grid; gap: 12px; padding: 4px 14px 14px; max-width: 860px; max-height: 46vh; font-variant-numeric: tabular-nums; }
      dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 3px 14px; }
      dt { color: var(--lk-quiet); }
      section { display: grid; gap: 6px; }
      li { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 10px; font-size: 12px; padding: 2px 0; }
      @container app (width >= 880px) { .fold { padding-inline: 18px; } .body { padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    this.open = false;
    /** @type {Report | null} */
    this.report = null;
    this.error = "";
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.open) this.start();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    super.disconnectedCallback();
  }

  toggle() {
    this.open = !this.open;
    if (this.open) this.start();
    else clearInterval(this.timer);
  }

  start() {
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      // Another view may lie over this one, or another page over ours.
      if (!document.hidden && this.checkVisibility({ visibilityProperty: true })) void this.read();
    }, EVERY_MS);
    void this.read();
  }

  async read() {
    try {
      this.report = await performanceReport();
      this.error = "";
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
  }

  render() {
    return html`
      <button type="button" class="plain fold quiet" aria-expanded=${this.open} @click=${this.toggle}>${icon("unfold")}${t("speed.title")}</button>
      ${this.open ? html`<div class="body scroll" tabindex="0" role="group" aria-label=${t("speed.title")}>${this.body()}</div>` : null}
    `;
  }

  body() {
    const { report } = this;
    if (this.error) return html`<p class="bad" role="alert">${this.error}</p>`;
    if (!report) return html`<p class="quiet">${t("common.loading")}</p>`;
    const changes = report.changes.slice(0, CHANGES);
    return html`
      <dl>${this.facts(report).map(([key, text]) => html`<dt>${t(key)}</dt><dd>${text}</dd>`)}</dl>
      <section>
        <h3>${t("speed.changes")}</h3>
        ${changes.length
          ? html`<ul>${changes.map(({ at, before, after, why }) => html`<li>
              <span class="quiet">${time(at)}</span><span>${t("speed.change", { before, after })}. <span class="quiet">${why}</span></span>
            </li>`)}</ul>`
          : html`<p class="quiet">${t("speed.changes.none")}</p>`}
      </section>
      ${report.recommendations.length
        ? html`<section><h3>${t("speed.advice")}</h3>${report.recommendations.map((each) => html`<p class="note">${each}</p>`)}</section>`
        : null}
    `;
  }

  /** @param {Report} report @returns {[string, string][]} */
  facts({ condition, metrics, configuration }) {
    const { current, average, peak, cpu, memory, errors, refused, transfers, received } = metrics;
    /** @type {[string, string][]} */
    const trouble = errors ? [["speed.trouble", t("speed.errors", { errors: number(errors), refused: number(refused) })]] : [];
    return [
      ["speed.condition", received ? t(`speed.condition.${condition}`) : t("speed.condition.none")],
      ["speed.now", transfers ? rate(current) : t("speed.idle")],
      ["speed.average", rate(average)],
      ["speed.peak", rate(peak)],
      ["speed.connections", number(configuration.connections)],
      ["speed.mode", t(`speed.mode.${configuration.mode}`)],
      ["speed.machine", t("speed.load", { cpu: number(cpu), memory: number(memory) })],
      ...trouble,
    ];
  }
}
customElements.define("lk-speed", LkSpeed);
