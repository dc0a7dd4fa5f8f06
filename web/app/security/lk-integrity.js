/** The integrity check: every file is read again, and those that are not what they were are listed with a way to them. */
import { LitElement, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { bytes, number } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { openView } from "../parts/dom.js";
import { bar, progressStyles } from "../queue/progress.js";

/** @typedef {import("../../types/lorakeeper").CheckState} CheckState */
/** @typedef {import("../../types/lorakeeper").Verified} Verified */

/** More problems than these fold. */
const FEW = 20;

class LkIntegrity extends LitElement {
  static properties = { shown: { attribute: false }, state: { state: true }, files: { state: true }, failure: { state: true }, all: { state: true } };

  static styles = [
    base,
    progressStyles,
    css`
      :host, section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
      li { display: grid; grid-template-columns: 18px minmax(0, 1fr) auto; gap: 2px 8px; align-items: center; padding: 8px 0; border-top: 1px solid var(--lk-line); }
      .sign .icon { width: 16px; height: 16px; }
      .small { font-size: 12px; overflow-wrap: anywhere; }
      b { font-weight: 600; overflow-wrap: anywhere; }
      li p { grid-column: 2 / 4; }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** @type {CheckState | null} */
    this.state = null;
    /** How many there are in all, as far as is known. @type {number | null} */
    this.files = null;
    this.failure = "";
    this.all = false;
    this.turns = new Turns();
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.stops = [onEvent("scan", (news) => "checked" in news && this.hear(news)), onResync(() => this.shown && void this.load())];
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown) void this.load();
  }

  /** @param {{ phase: string, checked: number, ok: number, size: number }} news */
  hear({ phase, checked, ok, size }) {
    if (phase === "done") return void (this.shown && this.load());
    const problems = this.state?.report?.problems ?? [];
    this.state = { checking: true, report: { checked, ok, size, problems, next_cursor: null } };
  }

  async load() {
    try {
      const [state, page] = await Promise.all([library.checkState(), library.page({ limit: 1 })]);
      this.state = state;
      this.files = page.total ?? null;
      this.failure = "";
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  begin() {
    return this.turns.take("check", async () => (this.state = { ...(await library.check()), report: null }));
  }

  stop() {
    return this.turns.take("stop", async () => (this.state = await library.stopCheck()));
  }

  render() {
    const { state } = this;
    const checking = Boolean(state?.checking);
    return html`
      <section aria-labelledby="integrity">
        <h2 class="small" id="integrity">${t("integrity.title")}</h2>
        <p class="quiet">${t("integrity.hint")}</p>
        ${this.failure ? html`<p class="bad" role="alert">${this.failure}</p>` : null}
        ${checking ? bar(t("integrity.title"), "", this.done) : null}
        ${state ? html`<p role="status">${this.says(state)}</p>` : null}
        <div class="row">
          ${checking
            ? html`<button type="button" @click=${this.stop}>${icon("cancel")}${t("integrity.stop")}</button>`
            : html`<button type="button" @click=${this.begin}>${icon("security")}${t(state?.report ? "integrity.again" : "integrity.begin")}</button>`}
        </div>
        ${this.problems(state?.report?.problems ?? [])}
      </section>
    `;
  }

  /** How much of it is done, null where that isn't known. */
  get done() {
    const checked = this.state?.report?.checked ?? 0;
    return this.files ? Math.min(1, checked / this.files) : null;
  }

  /** @param {CheckState} state */
  says({ checking, report }) {
    if (!report) return checking ? t("integrity.begun") : null;
    const { checked, problems, size } = report;
    const whole = this.files ?? checked;
    const read = t("integrity.read", { checked: number(checked), count: number(Math.max(whole, checked)), size: bytes(size) });
    if (checking) return read;
    const found = problems.length ? t("integrity.found", { count: number(problems.length) }) : t("integrity.fine");
    return checked < whole ? `${t("integrity.part")} ${read}. ${found}` : `${read}. ${found}`;
  }

  /** @param {Verified[]} problems */
  problems(problems) {
    if (!problems.length) return null;
    const rows = this.all ? problems : problems.slice(0, FEW);
    return html`
      <ul aria-label=${t("integrity.problems")}>${rows.map((row) => this.row(row))}</ul>
      ${rows.length < problems.length ? html`<div class="row"><button type="button" @click=${() => (this.all = true)}>${t("common.more")}</button></div>` : null}
    `;
  }

  /** @param {Verified} problem */
  row({ id, path, verdict, why }) {
    const name = path.split(/[\\/]/).at(-1) ?? path;
    return html`<li>
      <span class="sign bad">${icon("broken")}</span>
      <b title=${path}>${name}</b>
      <button type="button" aria-label=${t("job.label", { action: t("preview.owned.show"), name })} @click=${() => openView(this, "library", id)}>
        ${icon("library")}${t("integrity.show")}
      </button>
      <p class="small bad">${t(`integrity.verdict.${verdict}`)}</p>
      ${why ? html`<p class="small quiet">${why}</p>` : null}
    </li>`;
  }
}
customElements.define("lk-integrity", LkIntegrity);
