/** The model folders: what the last scan of them found, and what it left out and why. */
import { LitElement, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { openFilter } from "../parts/dom.js";
import { bar, progressStyles } from "../queue/progress.js";

/** @typedef {import("../../types/lorakeeper").ScanState} ScanState */

class LkFolders extends LitElement {
  static properties = { shown: { attribute: false }, state: { state: true }, failure: { state: true } };

  static styles = [
    base,
    progressStyles,
    css`
      :host, section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
      ul { display: grid; gap: 6px; }
      li { overflow-wrap: anywhere; }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** @type {ScanState | null} */
    this.state = null;
    this.failure = "";
    this.turns = new Turns();
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.stops = [onEvent("scan", (news) => "folders" in news && this.hear(news)), onResync(() => this.shown && void this.load())];
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown) void this.load();
  }

  /** @param {{ phase: string } & Omit<NonNullable<ScanState["scan"]>, "findings">} news */
  hear({ phase, ...scan }) {
    if (phase === "done") return void (this.shown && this.load());
    if (this.state?.scanning) this.state = { ...this.state, scan: { ...scan, findings: [] } };
  }

  async load() {
    try {
      this.state = await library.scanState();
      this.failure = "";
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  render() {
    const { state } = this;
    const scan = state?.scan;
    return html`
      <section aria-labelledby="folders">
        <h2 class="small" id="folders">${t("folders.title")}</h2>
        ${this.failure ? html`<p class="bad" role="alert">${this.failure}</p>` : null}
        ${state?.scanning ? bar(t("folders.title"), "", null) : null}
        ${scan ? html`<p role="status">${t("folders.found", { count: number(scan.files), folders: t("folders.count", { count: number(scan.folders) }) })}</p>` : null}
        ${scan?.findings.length
          ? html`<ul aria-label=${t("folders.findings")}>${scan.findings.map((each) => html`<li class="note">${icon("info")}<span>${each}</span></li>`)}</ul>`
          : scan && !state.scanning ? html`<p class="quiet">${t("folders.fine")}</p>` : null}
        <div class="row wrap">
          <button type="button" aria-disabled=${Boolean(state?.scanning)} @click=${() => this.turns.take("scan", async () => (this.state = await library.scan()))}>
            ${icon("retry")}${t(state?.scanning ? "folders.scanning" : "folders.scan")}
          </button>
          ${scan?.broken ? html`<button type="button" class="plain" @click=${() => openFilter(this, { broken: true })}>${t("folders.broken", { count: number(scan.broken) })}</button>` : null}
          ${scan?.missing ? html`<button type="button" class="plain" @click=${() => openFilter(this, { missing: true })}>${t("folders.missing", { count: number(scan.missing) })}</button>` : null}
        </div>
      </section>
    `;
  }
}
customElements.define("lk-folders", LkFolders);
