/** One download: what it is, how far it is, and what can be done about it. */
import { LitElement, css, html, nothing } from "../vendor/lit.js";
import { jobs as routes, library } from "../api.js";
import { comfy } from "../comfy.js";
import { bytes, duration, rate } from "../format.js";
import { icon } from "../icons.js";
import { isOver, jobs } from "../jobs.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { openView } from "./dom.js";
import { addToGraph } from "./lk-library.js";

/** @typedef {import("../../types/lorakeeper").Job} Job */

/** @type {Partial<Record<Job["state"], Parameters<typeof icon>[0]>>} */
const MARKS = { installed: "check", owned: "check", failed: "broken", quarantined: "broken", paused: "pause", cancelled: "cancel" };
const LOOKS = /** @type {Record<string, string>} */ ({ installed: "good", owned: "good", failed: "bad", quarantined: "bad", paused: "warn" });

class LkJob extends LitElement {
  static properties = { job: { attribute: false } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; }
      .small { min-height: 22px; width: 22px; margin: -2px -4px 0 0; color: var(--lk-quiet); }
      .small .icon { width: 15px; height: 15px; }
      .name { font-weight: 600; }
      .state { display: inline-flex; gap: 4px; align-items: center; flex: 1 0 auto; max-width: 100%; }
      .state .icon { width: 15px; height: 15px; }
      .facts { display: flex; flex-wrap: wrap; gap: 0 8px; align-items: center; font-size: 12px; min-height: 20px; font-variant-numeric: tabular-nums; }
      progress { appearance: none; display: block; width: 100%; height: 5px; border: 0; border-radius: 3px; overflow: hidden;
        background: var(--lk-line); }
      progress::-webkit-progress-bar { background: var(--lk-line); }
      progress::-webkit-progress-value { background: var(--lk-accent); border-radius: 3px; transition: width 0.25s linear; }
      progress::-moz-progress-bar { background: var(--lk-accent); border-radius: 3px; }
      progress.paused::-webkit-progress-value { background: var(--lk-quiet); }
      progress:indeterminate { animation: wait 1.2s linear infinite;
        background: linear-gradient(90deg, transparent 30%, var(--lk-accent), transparent 70%) -100% 0 / 200% 100%, var(--lk-line); }
      progress:indeterminate::-webkit-progress-bar { background: none; }
      @keyframes wait { to { background-position: 100% 0, 0 0; } }
      .error { overflow-wrap: anywhere; }
      .acts { display: flex; flex-wrap: wrap; gap: 6px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Job | null} */
    this.job = null;
    this.busy = false;
  }

  /** @param {"pause" | "resume" | "cancel" | "retry"} action */
  async act(action) {
    const { job } = this;
    if (!job || this.busy) return;
    this.busy = true;
    try {
      jobs.put(await routes.act(job.id, action));
      if (action === "cancel")
        messages.undoable(t("queue.cancelled", { name: title(job) }), async () => jobs.put(await routes.act(job.id, "retry")));
    } catch (error) {
      messages.error(error);
    }
    this.busy = false;
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

  async add() {
    try {
      await addToGraph(await library.get(Number(this.job?.library_id)));
    } catch (error) {
      messages.error(error);
    }
  }

  render() {
    const { job } = this;
    if (!job) return null;
    const name = title(job);
    const state = t(`job.state.${job.state}`);
    const moving = job.state === "downloading" || job.state === "paused";
    const mark = MARKS[job.state];
    return html`
      <div class="row">
        <div class="name cut grow" title=${job.target}>${name}</div>
        ${isOver(job)
          ? html`
              <button type="button" class="plain square small" title=${t("job.forget")} @click=${this.forget}
                aria-label=${t("job.label", { action: t("job.forget"), name })}>
                ${icon("cancel")}
              </button>
            `
          : null}
      </div>
      ${isOver(job)
        ? null
        : html`<progress class=${job.state} aria-label=${name} max=${job.total || 1}
            value=${moving && job.total ? job.received : nothing}></progress>`}
      <div class="facts quiet">
        <span class="state ${LOOKS[job.state] ?? ""}">${mark ? icon(mark) : null}${state}</span>
        ${moving ? html`<span>${this.numbers(job)}</span>` : null}
        ${isOver(job) && job.total && !job.error ? html`<span>${bytes(job.total)}</span>` : null}
      </div>
      ${job.error ? html`<p class="error" role="alert">${job.error}</p>` : null}
      <div class="acts">${this.actions(job, name)}</div>
      <span class="heard" role="status">${t("job.announce", { name, state })}</span>
    `;
  }

  /** @param {Job} job */
  numbers(job) {
    const received = bytes(job.received);
    const amount = job.total === null ? received : t("job.progress", { received, total: bytes(job.total) });
    const speed = job.state === "downloading" && job.rate > 0 ? rate(job.rate) : null;
    const left = job.state === "downloading" && job.eta !== null ? t("job.left", { time: duration(job.eta) }) : null;
    return [amount, speed, left].filter(Boolean).join(" · ");
  }

  /** @param {Job} job @param {string} name */
  actions(job, name) {
    const button = (/** @type {string} */ key, /** @type {Parameters<typeof icon>[0]} */ sign, /** @type {() => void} */ act, look = "") =>
      html`<button type="button" class=${look} aria-label=${t("job.label", { action: t(key), name })} @click=${act}>
        ${icon(sign)}${t(key)}
      </button>`;
    if (!isOver(job))
      return [
        job.state === "paused" ? button("job.resume", "play", () => this.act("resume")) : button("job.pause", "pause", () => this.act("pause")),
        button("job.cancel", "cancel", () => this.act("cancel"), "plain"),
      ];
    const own = job.library_id !== null && (job.state === "installed" || job.state === "owned");
    return [
      own && comfy?.canLoad(job.kind ?? "") ? button("item.add", "graph", () => this.add(), "primary") : null,
      own ? button("preview.owned.show", "library", () => openView(this, "library", job.library_id)) : null,
      job.state === "failed" || job.state === "cancelled" ? button("job.retry", "retry", () => this.act("retry")) : null,
    ];
  }
}
customElements.define("lk-job", LkJob);

/** @param {Job} job */
const title = (job) => job.name ?? job.target;
