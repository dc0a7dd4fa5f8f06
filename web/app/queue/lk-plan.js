/**
 * A plan before its deed: what it would do, line by line, and the buttons that say yes, not now, or no. Dispatches `lk-close`,
 * whose `detail` is the view to go to, if any.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { bytes, dollars, duration, moment, number } from "../format.js";
import { icon } from "../icons.js";
import { isFeasible, isOver } from "./plan.js";
import { resultOf } from "./plan-result.js";
import { rowsOf } from "./plan-rows.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { closeByEscape, focusOn } from "../parts/dom.js";
import { bar, progressStyles } from "./progress.js";
import "./lk-lines.js";

/** @typedef {import("./plan.js").Plan} Plan */
/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */
/** @typedef {import("../../types/lorakeeper").Validation} Validation */

/** More notes than these fold. */
const NOTES = 5;

class LkPlan extends LitElement {
  static properties = { plan: { attribute: false }, allNotes: { state: true } };

  static styles = [
    base,
    progressStyles,
    css`
      :host { display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr); min-height: 0; }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 4px 6px; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; align-content: start; padding: 4px 14px 20px; max-width: 860px; }
      h2 { font-size: 17px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
      .notes { display: grid; gap: 4px; overflow-wrap: anywhere; }
      .notes button { justify-self: start; }
      dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 5px 16px; }
      dt { color: var(--lk-quiet); }
      dd { overflow-wrap: anywhere; font-weight: 500; font-variant-numeric: tabular-nums; }
      .waits { display: grid; gap: 8px; }
      .foot { padding: 10px 14px 14px; border-top: 1px solid var(--lk-line); display: grid; gap: 8px; }
      .foot > * { max-width: 832px; }
      .primary { min-height: 40px; border-radius: 10px; font-size: 14px; flex: 1 1 100%; }
      .acts button:not(.primary) { flex: 1 1 auto; }
      .note { overflow-wrap: anywhere; }
      @container app (width >= 620px) {
        .body, .foot { padding-inline: 20px; }
        .bar { padding-inline: 12px; }
        .acts { justify-content: flex-start; }
        .primary, .acts button:not(.primary) { flex: 0 0 auto; padding-inline: 18px; }
        .acts button { min-height: 40px; border-radius: 10px; }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Plan | null} */
    this.plan = null;
    this.allNotes = false;
    this.hadFocus = false;
    this.changed = () => this.requestUpdate();
    this.ended = () => this.close(this.plan?.next);
    closeByEscape(this, () => this.close());
  }

  disconnectedCallback() {
    this.leave(this.plan);
    super.disconnectedCallback();
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.plan);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    this.hadFocus = Boolean(this.shadowRoot?.activeElement);
    if (!changed.has("plan")) return;
    this.leave(/** @type {Plan | null | undefined} */ (changed.get("plan")));
    this.follow(this.plan);
    this.allNotes = false;
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  updated() {
    // The button that was pressed may be gone, and Escape with it.
    if (this.hadFocus && !this.shadowRoot?.activeElement) focusOn(this, ".scroll");
  }

  /** @param {Plan | null} plan */
  follow(plan) {
    plan?.addEventListener("change", this.changed);
    plan?.addEventListener("end", this.ended);
  }

  /** @param {Plan | null | undefined} plan */
  leave(plan) {
    plan?.removeEventListener("change", this.changed);
    plan?.removeEventListener("end", this.ended);
  }

  /** @param {string} [next] */
  close(next = "") {
    this.dispatchEvent(new CustomEvent("lk-close", { detail: next }));
  }

  render() {
    const { plan } = this;
    if (!plan) return null;
    return html`
      <div class="bar">
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${() => this.close()}>${icon("back")}</button>
      </div>
      <div class="scroll" tabindex="-1">
        <article class="body" aria-label=${t("plan.label", { title: plan.title })} aria-busy=${Boolean(plan.busy)}>
          <h2>${plan.title}</h2>
          ${this.body(plan)}
        </article>
      </div>
      <div class="foot">${this.foot(plan)}</div>
    `;
  }

  /** @param {Plan} plan */
  body(plan) {
    const { instruction, models, busy } = plan;
    const validation = instruction?.validation ?? null;
    const isLooking = busy === "plan.reading" || busy === "plan.looking";
    const rows = rowsOf(validation?.lines ?? [], models);
    const waits = busy === "plan.looking" && instruction && instruction.kind !== "download" ? "plan.lookingThrough" : busy;
    return html`
      ${models.length ? null : this.notes(instruction?.notes ?? [])}
      ${busy ? html`<div class="waits" role="status"><p class="quiet">${t(waits)}</p>${bar(t(waits), "", null)}</div>` : null}
      ${instruction?.status === "failed" && instruction.error ? this.trouble(instruction.error) : null}
      ${plan.error ? this.trouble(plan.error) : null}
      ${isLooking && !models.length ? null : this.sums(plan, validation)}
      ${instruction?.result ? this.result(instruction) : null}
      ${validation && !isLooking && !(instruction && isOver(instruction)) ? validation.remarks.map((remark) => this.remark(remark)) : null}
      ${rows.length && !busy ? html`<lk-lines .rows=${rows}></lk-lines>` : null}
    `;
  }

  /** @param {Instruction} plan */
  result(plan) {
    const { figures, sentences } = resultOf(plan);
    return html`
      <section class="notes" aria-labelledby="result">
        <h3 id="result">${t("result.title")}</h3>
        <dl>${figures.map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
        ${sentences.length ? this.notes(sentences) : null}
      </section>
    `;
  }

  /** @param {import("../../types/lorakeeper").Remark} remark */
  remark({ kind, text }) {
    return kind === "space" ? this.trouble(text) : html`<p class=${kind === "cost" ? "quiet" : "warn"}>${text}</p>`;
  }

  /** @param {string} text */
  trouble(text) {
    return html`<p class="note bad" role="alert">${icon("broken")}<span>${text}</span></p>`;
  }

  /** @param {string[]} notes */
  notes(notes) {
    if (!notes.length) return null;
    const folded = !this.allNotes && notes.length > NOTES;
    return html`
      <div class="notes quiet">
        ${(folded ? notes.slice(0, NOTES) : notes).map((note) => html`<p>${note}</p>`)}
        ${folded ? html`<button type="button" @click=${() => (this.allNotes = true)}>${t("common.more")}</button>` : null}
      </div>
    `;
  }

  /** @param {Plan} plan @param {Validation | null} validation */
  sums({ models, instruction }, validation) {
    if (!validation && !models.length) return null;
    const folder = instruction?.result?.folder;
    // What it would do is of no interest any more when it is done.
    const isDone = Boolean(instruction?.result && isOver(instruction));
    const here = (validation?.owned ?? 0) + models.filter(({ state }) => state === "here").length;
    const not = (validation?.refused ?? 0) + models.filter(({ state }) => state === "unknown").length;
    const rooms = validation?.files && !isDone ? validation.rooms.filter(({ after }) => after >= 0) : [];
    const room = (/** @type {{ folder: string, after: number }} */ { folder, after }) =>
      rooms.length > 1 ? t("plan.room", { size: bytes(after), folder }) : bytes(after);
    const sums = [
      { name: t("plan.sum.do"), value: !isDone && validation && (instruction?.kind === "variations" ? variations(instruction, validation) : todo(validation)) },
      { name: t("plan.sum.here"), value: here && number(here) },
      { name: t("plan.sum.not"), value: not && number(not) },
      { name: t("plan.sum.time"), value: !isDone && validation?.files && validation.seconds && t("plan.about", { time: duration(validation.seconds) }) },
      { name: t("plan.sum.cost"), value: !isDone && validation?.files && validation.cost !== null && t("plan.atMost", { cost: dollars(validation.cost) }) },
      ...rooms.map((each) => ({ name: t("plan.sum.room"), value: room(each) })),
      { name: t("plan.sum.folder"), value: typeof folder === "string" && folder },
    ];
    return html`<dl>${sums.filter(({ value }) => value).map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
  }

  /** @param {Plan} plan */
  foot(plan) {
    const { instruction, busy } = plan;
    const over = !instruction || isOver(instruction);
    const canStart = instruction && !over && !instruction.running && isFeasible(instruction) && instruction.status !== "failed";
    const isStuck = !busy && (plan.error ? !plan.isRefused : instruction?.status === "failed") && !(instruction && over);
    const says = instruction && !busy ? this.says(instruction) : "";
    return html`
      ${says ? html`<p class="quiet" role="status">${says}</p>` : null}
      <div class="row wrap acts">
        ${canStart && busy !== "plan.looking"
          ? html`<button type="button" class="primary" aria-disabled=${Boolean(busy)} @click=${() => plan.carryOut()}>
              ${icon(instruction.kind === "download" ? "queue" : "play")}${this.startLabel(instruction)}
            </button>`
          : null}
        ${isStuck ? html`<button type="button" class=${canStart ? "" : "primary"} @click=${() => plan.again()}>${icon("retry")}${t("plan.again")}</button>` : null}
        ${instruction?.running && !over
          ? html`<button type="button" aria-disabled=${Boolean(busy)} @click=${() => plan.halt()}>${icon("cancel")}${t("plan.stop")}</button>`
          : null}
        ${instruction?.kind === "download" && instruction.status === "executed"
          ? html`<button type="button" class="primary" @click=${() => this.close("queue")}>${icon("queue")}${t("plan.show")}</button>`
          : null}
        <button type="button" @click=${() => this.close()}>${t(over ? "common.close" : "plan.later")}</button>
        ${over || instruction.running || instruction.status === "failed" || busy === "plan.starting"
          ? null
          : html`<button type="button" class="plain" @click=${() => plan.reject()}>${t("plan.reject")}</button>`}
      </div>
    `;
  }

  /** How it stands, where no button says so. @param {Instruction} plan */
  says(plan) {
    if (plan.running) return t("plan.running");
    if (plan.status === "executed" || plan.status === "rejected") return t(`plan.is.${plan.status}`);
    if (plan.due) return t(`plans.every.${plan.every}`, { time: moment(plan.due) });
    if (plan.validation && !plan.validation.files) return t("plan.nothing");
    return plan.every === "once" ? "" : t(`plan.repeats.${plan.every}`, { at: plan.at });
  }

  /** @param {Instruction} plan */
  startLabel({ kind, validation }) {
    const files = validation?.files ?? 0;
    if (kind !== "download") return t("plan.start");
    return t("plan.download", { count: number(files) });
  }
}
customElements.define("lk-plan", LkPlan);

/** @param {Validation} validation */
function todo({ files, bytes: size, unsized }) {
  const count = t("plan.files", { count: number(files) });
  return [count, size ? bytes(size) : "", unsized ? t("plan.unsized", { count: number(unsized) }) : ""].filter(Boolean).join(" · ");
}

/** @param {Instruction} plan @param {Validation} validation */
function variations({ payload }, { files }) {
  const pictures = t("plan.pictures", { count: number(files) });
  const count = files * Number(payload.count);
  return t("plan.variations", { count: number(count), pictures });
}
