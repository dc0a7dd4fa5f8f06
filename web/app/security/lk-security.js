/** What is held back and why, what was scanned, and whether the files are still what they were. It is read while it is to be seen. */
import { LitElement, css, html } from "../vendor/lit.js";
import { security } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { tiles, tileStyles } from "../analytics/tiles.js";
import "./lk-folders.js";
import "./lk-integrity.js";
import "./lk-quarantine.js";
import "./lk-scans.js";

/** @typedef {import("../../types/lorakeeper").SecurityReport} Report */

/** Between what happened and the next reading: files end in swarms. */
const SOON_MS = 400;
/** What files are when they have been scanned. */
const SCANNED = new Set(["installed", "owned", "quarantined"]);
const COUNTS = /** @type {const} */ (["scanned", "safe", "unverifiable", "held", "released", "deleted"]);

class LkSecurity extends LitElement {
  static properties = { shown: { attribute: false }, report: { state: true }, failure: { state: true }, version: { state: true } };

  static styles = [
    base,
    tileStyles,
    css`
      :host { position: absolute; inset: 0; overflow: auto; scrollbar-width: thin; scrollbar-color: var(--lk-line) transparent; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 26px; align-content: start; padding: 16px 14px 32px; max-width: 860px; }
      @container app (width >= 880px) { .body { padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** @type {Report | null} */
    this.report = null;
    this.failure = "";
    /** Changes when there is something new to read. */
    this.version = 0;
    this.isStale = true;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.stops = [onEvent("item", ({ state }) => SCANNED.has(state) && this.hear()), onResync(() => this.hear())];
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    clearTimeout(this.timer);
    this.timer = undefined;
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown && this.isStale) void this.load();
  }

  hear() {
    this.isStale = true;
    if (this.shown) this.timer ??= setTimeout(() => this.load(), SOON_MS);
  }

  async load() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.isStale = false;
    try {
      this.report = await security.report();
      this.failure = "";
      this.version += 1;
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  render() {
    const { report, failure, version } = this;
    if (!report && !failure) return html`<div class="body"><p class="quiet" role="status">${t("common.loading")}</p></div>`;
    return html`
      <div class="body">
        ${failure
          ? html`<p class="note bad" role="alert">${icon("broken")}<span class="grow">${failure}</span>
              <button type="button" @click=${() => this.load()}>${t("statistics.again")}</button></p>`
          : null}
        ${report ? tiles(figures(report)) : null}
        ${report ? html`<lk-quarantine .entries=${report.entries} @lk-changed=${() => this.load()}></lk-quarantine>` : null}
        <lk-integrity .shown=${this.shown}></lk-integrity>
        <lk-folders .shown=${this.shown}></lk-folders>
        ${report?.total.scanned ? html`<lk-scans .shown=${this.shown} .version=${version}></lk-scans>` : null}
      </div>
    `;
  }
}
customElements.define("lk-security", LkSecurity);

/** @param {Report} report */
const figures = ({ total, held }) =>
  COUNTS.map((name) => ({ label: t(`security.count.${name}`), value: number(name === "held" ? held : total[name]), change: null, good: null }));
