/** One run: what was asked for, what it cost and why it ended, and its pictures, those accepted beside those that were not. */
import { LitElement, css, html } from "../vendor/lit.js";
import { comfy } from "../graph/comfy.js";
import { dollars, duration, moment, number } from "../format.js";
import { icon } from "../icons.js";
import { forget, keep, toCanvas } from "./run-deeds.js";
import { accepted, rejected, runs } from "./runs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { closeByEscape, focusOn } from "../parts/dom.js";
import { bar, progressStyles } from "../queue/progress.js";
import { stateOf } from "./run-state.js";
import "./lk-run-picture.js";
import "./lk-run-pictures.js";

/** @typedef {import("../../types/lorakeeper").RunView} RunView */
/** @typedef {import("../../types/lorakeeper").RunPicture} RunPicture */

class LkRun extends LitElement {
  static properties = { run: { attribute: false }, chosen: { state: true }, large: { state: true } };

  static styles = [
    base,
    progressStyles,
    css`
      :host { position: absolute; inset: 0; z-index: 2; display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr); background: var(--lk-bg); }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 4px 6px; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; align-content: start; padding: 4px 14px 24px; }
      .prompt { max-width: 78ch; overflow-wrap: anywhere; white-space: pre-wrap; max-height: 8lh; overflow: auto; }
      dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(124px, 1fr)); gap: 8px 16px; max-width: 1000px; }
      dt { font-size: 12px; color: var(--lk-quiet); }
      dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
      .troubles { display: grid; gap: 6px; max-width: 78ch; }
      .note { overflow-wrap: anywhere; }
      .both { display: grid; grid-template-columns: minmax(0, 1fr); gap: 22px; }
      .both section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; align-content: start; }
      .foot p { flex: 1 1 200px; }
      .foot { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; padding: 10px 14px 12px; border-top: 1px solid var(--lk-line); }
      @container app (width >= 560px) { .both { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 20px; }
        .both section + section { padding-inline-start: 20px; border-inline-start: 1px solid var(--lk-line); } }
      @container app (width >= 880px) { .body, .foot { padding-inline: 20px; } .bar { padding-inline: 12px; } }
    `,
  ];

  constructor() {
    super();
    /** @type {RunView | null} */
    this.run = null;
    /** The numbers of the pictures that are chosen. @type {Set<number>} */
    this.chosen = new Set();
    /** The picture that is seen large. @type {number | null} */
    this.large = null;
    this.turns = new Turns();
    closeByEscape(this, () => this.close());
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {number} picture */
  choose(picture) {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(picture)) chosen.add(picture);
    this.chosen = chosen;
  }

  /** @param {CustomEvent<number>} event */
  async lookAway({ detail: picture }) {
    this.large = null;
    await this.updateComplete;
    const lists = /** @type {NodeListOf<import("./lk-run-pictures.js").LkRunPictures>} */ (this.renderRoot.querySelectorAll("lk-run-pictures"));
    for (const list of lists) await list.focusPicture(picture);
  }

  /** @param {RunView} run */
  forget(run) {
    this.close();
    forget(run);
  }

  render() {
    const { run } = this;
    if (!run) return null;
    const isLarge = this.large !== null;
    return html`
      <div class="bar" ?inert=${isLarge}>
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <h2 class="grow cut" title=${run.title}>${run.title}</h2>
        ${run.state === "running"
          ? html`<button type="button" @click=${() => this.turns.take("stop", () => runs.stop(run.id))}>${icon("cancel")}${t("variations.stop")}</button>`
          : html`<button type="button" class="plain" @click=${() => this.forget(run)}>${icon("trash")}${t("variations.forget")}</button>`}
      </div>
      <div class="scroll" tabindex="-1" ?inert=${isLarge}>
        <article class="body" aria-label=${run.title}>${this.facts(run)} ${this.pictures(run)}</article>
      </div>
      <div class="foot" ?inert=${isLarge}>${this.foot(run)}</div>
      ${isLarge ? html`<lk-run-picture .run=${run} .number=${this.large} .pictures=${[...accepted(run), ...rejected(run)]}
            @lk-close=${this.lookAway}></lk-run-picture>` : null}
    `;
  }

  /** @param {RunView} run */
  facts(run) {
    const { report } = run;
    const cost = report.estimated_cost === null ? t("variations.cost.unknown") : t("variations.cost", { cost: dollars(report.estimated_cost) });
    const facts = [
      ["model", report.models.join(", ") || run.model],
      ["begun", moment(run.created_at)],
      ["requests", number(report.attempts)],
      ["spent", report.attempts || report.from_cache ? cost : ""],
      ["cached", report.from_cache ? number(report.from_cache) : ""],
      ["rephrased", report.rephrased ? number(report.rephrased) : ""],
      ["took", report.seconds ? duration(report.seconds) : ""],
    ];
    return html`
      <div class="facts quiet">${stateOf(run)}</div>
      ${run.state === "running" ? bar(run.title, "", report.successful / run.count) : null}
      ${!["", run.title].includes(run.prompt.trim()) ? html`<p class="prompt">${run.prompt}</p>` : null}
      <dl>${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${t(`variations.fact.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>
      <div class="troubles">
        ${run.error ? html`<p class="note bad" role="alert">${icon("broken")}<span>${run.error}</span></p>` : null}
        ${run.state === "running" || !report.stopped || report.stopped === run.error ? null : html`<p>${report.stopped}</p>`}
        ${report.problems.filter((each) => each !== run.error && each !== report.stopped).map((each) => html`<p class="note">${icon("info")}<span>${each}</span></p>`)}
        ${report.quality_changes.map((each) => html`<p class="quiet">${each}</p>`)}
        ${run.dropped ? html`<p class="note">${icon("info")}<span>${t("variations.dropped")}</span></p>` : null}
      </div>
    `;
  }

  /** @param {RunView} run */
  pictures(run) {
    return html`
      <div class="both" @lk-look=${(/** @type {CustomEvent<number>} */ event) => (this.large = event.detail)}
        @lk-choose=${(/** @type {CustomEvent<number>} */ event) => this.choose(event.detail)}>
        ${this.section(run, "accepted", accepted(run))} ${this.section(run, "rejected", rejected(run))}
      </div>
    `;
  }

  /** @param {RunView} run @param {"accepted" | "rejected"} which @param {RunPicture[]} pictures */
  section(run, which, pictures) {
    const title = t(`variations.${which}`);
    const none = t(run.state === "running" ? `variations.${which}.waits` : `variations.${which}.none`);
    return html`
      <section aria-labelledby=${which}>
        <h3 id=${which}>${title} · ${number(pictures.length)}</h3>
        ${pictures.length
          ? html`<lk-run-pictures .run=${run} .pictures=${pictures} .chosen=${this.chosen} .label=${title}></lk-run-pictures>`
          : html`<p class="quiet">${none}</p>`}
      </section>
    `;
  }

  /** @param {RunView} run */
  foot(run) {
    const chosen = run.pictures.filter(({ number: each }) => this.chosen.has(each));
    const good = accepted(run);
    if (run.dropped || !run.pictures.length) return null;
    if (!chosen.length) {
      if (!good.length) return html`<p class="quiet">${t("variations.choose.hint")}</p>`;
      const all = () => this.turns.take("keep", () => keep(run));
      return html`
        <button type="button" class="primary" @click=${all}>${icon("download")}${t("variations.keep.all", { count: good.length })}</button>
        <p class="quiet">${t("variations.choose.hint")}</p>
      `;
    }
    const count = chosen.length;
    const [first] = chosen;
    const some = () => this.turns.take("keep", () => keep(run, chosen.map((each) => each.number)));
    return html`
      <button type="button" class="primary" @click=${some}>${icon("download")}${t("variations.keep.chosen", { count })}</button>
      ${comfy
        ? html`<button type="button" @click=${() => this.turns.take("canvas", () => toCanvas(run, chosen))}>${icon("graph")}${t("variations.canvas")}</button>`
        : null}
      ${count === 1 && first ? html`<button type="button" @click=${() => this.vary(first)}>${icon("variations")}${t("variations.vary")}</button>` : null}
      <button type="button" class="plain" @click=${() => (this.chosen = new Set())}>${t("variations.choose.none")}</button>
    `;
  }

  /** @param {RunPicture} picture */
  vary(picture) {
    this.dispatchEvent(new CustomEvent("lk-vary", { detail: picture, bubbles: true, composed: true }));
  }
}
customElements.define("lk-run", LkRun);
