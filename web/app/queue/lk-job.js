/** A download of one file or many: what it is, how far it is, and what can be done about it. The files of many fold out. */
import { LitElement, css, html, live } from "../vendor/lit.js";
import { jobs as routes, library } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { bytes, number } from "../format.js";
import { icon } from "../icons.js";
import { expected, isOver, isWorking, jobs, stateOf } from "./jobs.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { focusAgain, openView, valueOf } from "../parts/dom.js";
import { addToGraph } from "../library/lk-library.js";
import { amounts, bar, progressStyles, stateMark } from "./progress.js";
import "./lk-items.js";

/** @typedef {import("../../types/lorakeeper").Job} Job */
/** @typedef {import("../../types/lorakeeper").JobItem} JobItem */
/** @typedef {import("../../types/lorakeeper").Priority} Priority */

const PRIORITIES = /** @type {const} */ (["high", "normal", "low"]);

class LkJob extends LitElement {
  static properties = { job: { attribute: false }, ahead: { attribute: false }, open: { state: true } };

  static styles = [
    base,
    progressStyles,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; }
      .small { min-height: 22px; width: 22px; margin: -2px -4px 0 0; color: var(--lk-quiet); }
      .small .icon { width: 15px; height: 15px; }
      .name { font-weight: 600; }
      .acts { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
      .acts:empty { display: none; }
      select { width: auto; min-height: 30px; padding-block: 3px; font-size: 12px; }
      .fold { justify-content: flex-start; margin-inline-start: -6px; padding-inline: 4px 8px; }
      .fold .icon { width: 15px; height: 15px; transition: rotate 0.12s; }
      .fold[aria-expanded="true"] .icon { rotate: 90deg; }
    `,
  ];

  constructor() {
    super();
    /** @type {Job | null} */
    this.job = null;
    /** How many jobs there are before which it can be moved. */
    this.ahead = 0;
    this.open = false;
    this.turns = new Turns();
  }

  /** @param {string} what @param {(job: Job) => Promise<unknown>} deed */
  turn(what, deed) {
    return this.turns.take(what, () => this.job && deed(this.job));
  }

  /** @param {import("../../types/lorakeeper").Action} action */
  act(action) {
    return this.turn(action, async (job) => {
      // The one file of a job that isn't paused may be so by itself.
      if (action === "resume" && job.item && job.state !== "paused") await routes.actItem(job.item, action);
      else jobs.put(await routes.act(job.id, action));
      if (action === "cancel")
        messages.undoable(t("queue.cancelled", { name: title(job) }), async () => jobs.put(await routes.act(job.id, "retry")));
    });
  }

  /** @param {Priority} priority */
  async setPriority(priority) {
    await this.turn(priority, async (job) => jobs.put(await routes.change(job.id, { priority })));
    // Where it was refused, the old one holds.
    this.requestUpdate();
  }

  /** @param {number} place among the jobs ahead; -1 is the nearest @param {string} name */
  move(place, name) {
    return this.turn(name, async (job) => {
      const before = jobs.ahead(job).at(place);
      if (!before) return;
      await jobs.move(job.id, before.id);
      await focusAgain(this, `[name="${name}"]`, ".acts button");
    });
  }

  forget() {
    const { job } = this;
    if (!job) return;
    jobs.hide([job.id], true);
    messages.undoable(
      t("queue.forgotten", { name: title(job) }),
      () => jobs.hide([job.id], false),
      () => jobs.forget([job.id]),
    );
  }

  add() {
    return this.turn("add", async (job) => addToGraph(await library.get(Number(job.item?.library_id))));
  }

  render() {
    const { job } = this;
    if (!job) return null;
    const name = title(job);
    return html`
      <div class="row">
        <div class="name cut grow" title=${job.item?.target ?? name}>${name}</div>
        ${isOver(job)
          ? html`
              <button type="button" class="plain square small" title=${t("job.forget")} @click=${this.forget}
                aria-label=${t("job.label", { action: t("job.forget"), name })}>
                ${icon("cancel")}
              </button>
            `
          : null}
      </div>
      ${job.item ? this.single(job, job.item, name) : this.many(job, name)}
    `;
  }

  /** @param {Job} job @param {JobItem} item @param {string} name */
  single(job, item, name) {
    const state = stateOf(job, item);
    const label = t(`job.state.${state}`);
    const moving = state === "downloading" || state === "paused";
    return html`
      ${isOver(job) ? null : bar(name, state, moving && item.total ? item.received / item.total : null)}
      <div class="facts quiet">
        ${stateMark(state, label)}
        ${moving ? html`<span>${amounts(item, { moving: state === "downloading" })}</span>` : null}
        ${isOver(job) && item.total && !item.error ? html`<span>${bytes(item.total)}</span>` : null}
      </div>
      ${item.error ? html`<p class="error" role="alert">${item.error}</p>` : null}
      <div class="acts">
        ${isOver(job) ? this.ends(item, state, name) : [...this.controls(state === "paused", name), ...this.moves(job, name)]}
      </div>
      <span class="heard" role="status">${t("job.announce", { name, state: label })}</span>
    `;
  }

  /** @param {Job} job @param {string} name */
  many(job, name) {
    const label = t(`bulk.state.${job.state}`);
    const whole = expected(job);
    const counts = [
      t("bulk.files", { done: number(job.downloaded_files), count: number(job.total_files) }),
      job.cancelled_files ? t("bulk.cancelled", { count: number(job.cancelled_files) }) : null,
    ];
    const sizes = isOver(job)
      ? job.received > 0 && bytes(job.received)
      : job.received > 0 && amounts({ ...job, total: whole }, { moving: isWorking(job), about: whole !== job.total });
    const retry = job.state === "cancelled" ? "job.retry" : "bulk.retry";
    return html`
      ${isOver(job) ? null : bar(name, job.state, whole ? job.received / whole : job.state === "processing" ? null : 0)}
      <div class="facts quiet">
        ${stateMark(job.state, label)}
        <span>${counts.filter(Boolean).join(" · ")}</span>
        ${job.failed_files ? html`<span class="bad">${t("job.failed", { count: number(job.failed_files) })}</span>` : null}
        ${sizes ? html`<span>${sizes}</span>` : null}
      </div>
      <div class="acts">
        ${isOver(job) ? null : this.controls(job.state === "paused", name)}
        ${job.failed_files || job.state === "cancelled" ? this.button(retry, "retry", name, () => this.act("retry")) : null}
        ${this.moves(job, name)}
      </div>
      <div class="row">
        <button type="button" class="plain fold quiet" aria-expanded=${this.open} aria-label=${t("job.label", { action: t("bulk.items"), name })}
          @click=${() => (this.open = !this.open)}>
          ${icon("unfold")}${t("bulk.items")}
        </button>
        <span class="grow"></span>
        ${isOver(job) ? null : this.priority(job, name)}
      </div>
      ${this.open ? html`<lk-items .job=${job}></lk-items>` : null}
      <span class="heard" role="status">${t("job.announce", { name, state: label })}</span>
    `;
  }

  /** @param {boolean} paused @param {string} name */
  controls(paused, name) {
    return [
      paused ? this.button("job.resume", "play", name, () => this.act("resume")) : this.button("job.pause", "pause", name, () => this.act("pause")),
      this.button("job.cancel", "cancel", name, () => this.act("cancel"), "plain"),
    ];
  }

  /** What can be done with one file at its end. @param {JobItem} item @param {string} state @param {string} name */
  ends(item, state, name) {
    const own = item.library_id !== null && (state === "installed" || state === "owned");
    return [
      own && comfy?.canLoad(item.kind ?? "") ? this.button("item.add", "graph", name, () => this.add(), "primary") : null,
      own ? this.button("preview.owned.show", "library", name, () => openView(this, "library", item.library_id)) : null,
      state === "quarantined" ? this.button("quarantine.show", "broken", name, () => openView(this, "security")) : null,
      state === "failed" || state === "cancelled" ? this.button("job.retry", "retry", name, () => this.act("retry")) : null,
    ];
  }

  /** @param {Job} job @param {string} name */
  priority(job, name) {
    const set = (/** @type {Event} */ event) => this.setPriority(/** @type {Priority} */ (valueOf(event)));
    return html`<select aria-label=${t("job.label", { action: t("bulk.priority"), name })} .value=${live(job.options.priority)} @change=${set}>
      ${PRIORITIES.map((each) => html`<option value=${each} ?selected=${each === job.options.priority}>${t(`bulk.priority.${each}`)}</option>`)}
    </select>`;
  }

  /** Ways ahead of jobs of the same priority, for one that waits. @param {Job} job @param {string} name */
  moves(job, name) {
    const ahead = job.state === "pending" ? this.ahead : 0;
    return [
      ahead > 0 ? this.button("job.up", "up", name, () => this.move(-1, "job.up"), "plain") : null,
      ahead > 1 ? this.button("job.front", "front", name, () => this.move(0, "job.front"), "plain") : null,
    ];
  }

  /**
   * @param {string} key
   * @param {Parameters<typeof icon>[0]} sign
   * @param {string} name
   * @param {() => void} act
   * @param {string} [look]
   */
  button(key, sign, name, act, look = "") {
    return html`<button type="button" class=${look} name=${key} aria-label=${t("job.label", { action: t(key), name })} @click=${act}>
      ${icon(sign)}${t(key)}
    </button>`;
  }
}
customElements.define("lk-job", LkJob);

/** @param {Job} job */
const title = (job) => (job.item ? (job.item.name ?? job.item.target) : job.name);
