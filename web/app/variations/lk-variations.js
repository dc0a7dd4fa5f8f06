/** The runs of variations, newest first; one that is open, or a new one that is being written, lies over them. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { variations } from "../api.js";
import { dollars, moment } from "../format.js";
import { icon } from "../icons.js";
import { forget } from "./run-deeds.js";
import { accepted, rejected, runs } from "./runs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { deepFocus, focusOn } from "../parts/dom.js";
import { bar, progressStyles } from "../queue/progress.js";
import { stateOf } from "./run-state.js";
import "./lk-kept-answers.js";
import "./lk-new-run.js";
import "./lk-run.js";

/** @typedef {import("../../types/lorakeeper").RunView} RunView */
/** @typedef {import("../../types/lorakeeper").RunPicture} RunPicture */

/** How many pictures a row shows. */
const FEW = 4;

class LkVariations extends LitElement {
  static properties = { shown: { attribute: false }, open: { state: true }, making: { state: true }, failure: { state: true } };

  static styles = [
    base,
    progressStyles,
    css`
      :host { position: absolute; inset: 0; display: block; }
      .under { position: absolute; inset: 0; display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr); }
      .bar { display: flex; align-items: center; gap: 8px; min-height: 46px; padding: 8px 8px 4px 14px; }
      ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); gap: 10px; align-content: start; padding: 4px 12px 24px; }
      li { position: relative; display: grid; grid-template-columns: minmax(0, 1fr); align-content: start; gap: 8px; padding: 12px; border: 1px solid var(--lk-line);
        border-radius: 12px; background: color-mix(in srgb, var(--lk-raised) 45%, transparent); }
      li:hover { border-color: color-mix(in srgb, var(--lk-text) 30%, transparent); }
      .open { display: grid; grid-template-columns: minmax(0, 1fr); justify-items: stretch; gap: 4px; padding: 0; background: none !important; text-align: start; }
      .open::before { content: ""; position: absolute; inset: 0; border-radius: 12px; }
      .open:focus-visible { outline: none; }
      .open:focus-visible::before { outline: 2px solid var(--lk-accent); outline-offset: 1px; }
      .title { padding-inline-end: 34px; font-weight: 600; }
      .end { position: absolute; top: 6px; inset-inline-end: 6px; color: var(--lk-quiet); }
      .strip { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 6px; margin-top: 4px; }
      .strip .picture { aspect-ratio: 1; border-radius: 8px; }
      .small { font-size: 12px; }
      .bad { overflow-wrap: anywhere; }
      @container app (width >= 880px) { .bar, ul { padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** The run that is open, by its id. */
    this.open = "";
    /** Whether a new run is being written; what was written stays until it is begun. */
    this.making = false;
    this.failure = "";
    /** What had the focus before something was opened. @type {Element | null} */
    this.opener = null;
    this.turns = new Turns();
    this.changed = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    runs.addEventListener("change", this.changed);
  }

  disconnectedCallback() {
    runs.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown) void this.load();
  }

  async load() {
    try {
      await runs.start();
      this.failure = "";
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  /** @param {string} id */
  openRun(id) {
    this.opener = deepFocus(document);
    this.open = id;
  }

  async closeRun() {
    this.open = "";
    await this.comeBack();
  }

  /** @param {{ run: RunView, picture: RunPicture } | null} [of] what is to be varied */
  async make(of = null) {
    if (!this.open) this.opener = deepFocus(document);
    this.making = true;
    await this.updateComplete;
    await this.form?.begin(of);
  }

  /** @param {CustomEvent<string>} event whose detail is the run that was begun, if one was */
  async closeForm({ detail: id }) {
    this.making = false;
    if (id) this.open = id;
    else if (!this.open) await this.comeBack();
  }

  async comeBack() {
    await this.updateComplete;
    if (this.opener?.isConnected) /** @type {HTMLElement} */ (this.opener).focus({ preventScroll: true });
    else focusOn(this, ".make");
  }

  /** @returns {import("./lk-new-run.js").LkNewRun | null} */
  get form() {
    return this.renderRoot.querySelector("lk-new-run");
  }

  render() {
    const open = runs.list.find(({ id }) => id === this.open);
    const vary = (/** @type {CustomEvent<RunPicture>} */ { detail: picture }) => open && this.make({ run: open, picture });
    return html`
      <div class="under" ?inert=${Boolean(open) || this.making}>${this.under()}</div>
      ${open ? html`<lk-run .run=${open} ?inert=${this.making} @lk-close=${this.closeRun} @lk-vary=${vary}></lk-run>` : null}
      <lk-new-run .shown=${this.shown && this.making} ?hidden=${!this.making} @lk-close=${this.closeForm}></lk-new-run>
    `;
  }

  under() {
    const { list } = runs;
    const running = list.filter(({ state }) => state === "running").length;
    const make = html`<button type="button" class="make" @click=${() => this.make()}>${icon("add")}${t("variations.new")}</button>`;
    return html`
      <div class="bar">
        <span class="grow quiet" role="status">${running ? t("queue.running", { count: running }) : null}</span>
        ${list.length ? make : null}
      </div>
      <div class="scroll">
        ${this.failure
          ? html`<p class="note bad" role="alert">${icon("broken")}<span class="grow">${this.failure}</span>
              <button type="button" @click=${() => this.load()}>${t("statistics.again")}</button></p>`
          : null}
        ${list.length
          ? html`<ul aria-label=${t("variations.list")}>${repeat(list, ({ id }) => id, (run) => html`<li>${this.row(run)}</li>`)}</ul>`
          : runs.loaded ? this.empty() : null}
      </div>
      <lk-kept-answers .shown=${this.shown}></lk-kept-answers>
    `;
  }

  /** @param {RunView} run */
  row(run) {
    const { report } = run;
    const cost = report.estimated_cost ? t("variations.cost", { cost: dollars(report.estimated_cost) }) : "";
    const ended = run.state === "done" ? "" : run.error || (run.state === "stopped" ? report.stopped : "");
    const pictures = run.dropped ? [] : [...accepted(run), ...rejected(run)].slice(0, FEW);
    return html`
      <button type="button" class="open" aria-label=${t("variations.open", { title: run.title })} @click=${() => this.openRun(run.id)}>
        <span class="title cut">${run.title}</span>
        <span class="facts quiet">${stateOf(run)}</span>
        <span class="small quiet cut">${[moment(run.created_at), run.model, cost].filter(Boolean).join(" · ")}</span>
      </button>
      ${run.state === "running"
        ? html`<button type="button" class="plain square end" title=${t("variations.stop")} aria-label=${t("job.label", { action: t("variations.stop"), name: run.title })}
            @click=${() => this.turns.take(`stop ${run.id}`, () => runs.stop(run.id))}>${icon("cancel")}</button>`
        : html`<button type="button" class="plain square end" title=${t("variations.forget")} aria-label=${t("job.label", { action: t("variations.forget"), name: run.title })}
            @click=${() => forget(run)}>${icon("trash")}</button>`}
      ${run.state === "running" ? bar(run.title, "", report.successful / run.count) : null}
      ${ended ? html`<p class="small ${run.state === "failed" ? "bad" : "quiet"}">${ended}</p>` : null}
      ${pictures.length
        ? html`<div class="strip">
            ${pictures.map(({ number }) => html`<span class="picture"><img src=${variations.picture(run.id, number)} alt="" loading="lazy" decoding="async" /></span>`)}
          </div>`
        : null}
    `;
  }

  empty() {
    return html`
      <div class="empty">
        ${icon("variations")}
        <h2>${t("variations.empty")}</h2>
        <p>${t("variations.empty.hint")}</p>
        <button type="button" class="primary make" @click=${() => this.make()}>${t("variations.empty.action")}</button>
      </div>
    `;
  }
}
customElements.define("lk-variations", LkVariations);
