/** The downloads, live: plans that wait, those to come in their order, then those that are over; and how fast they are. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { jobs as routes } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { ofGraph } from "./intake.js";
import { isOver, isWorking, jobs, rank } from "./jobs.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { openPlan, openView } from "../parts/dom.js";
import "./lk-job.js";
import "./lk-past-plans.js";
import "./lk-plans.js";
import "./lk-speed.js";

/** @typedef {import("../../types/lorakeeper").Job} Job */

class LkQueue extends LitElement {
  static styles = [
    base,
    css`
      :host { position: absolute; inset: 0; display: grid; grid-template-rows: auto minmax(0, 1fr) auto; }
      .bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: end; gap: 2px 6px; min-height: 46px; padding: 8px 8px 4px 14px; }
      .bar .grow { flex: 1 0 auto; max-width: 100%; }
      ul { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; align-content: start; padding: 4px 12px 24px; max-width: 860px; }
      li { padding: 12px; border: 1px solid var(--lk-line); border-radius: 12px; background: color-mix(in srgb, var(--lk-raised) 45%, transparent); }
      @container app (width >= 880px) { .bar, ul { padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    this.turns = new Turns();
    this.changed = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    jobs.addEventListener("change", this.changed);
  }

  disconnectedCallback() {
    jobs.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  clear() {
    const over = jobs.list.filter(isOver).map(({ id }) => id);
    jobs.hide(over, true);
    messages.undoable(
      t("queue.cleared"),
      () => jobs.hide(over, false),
      () => jobs.forget(over),
    );
  }

  /** Pauses all that goes on, or lets all go on that is paused. @param {"pause" | "resume"} action */
  all(action) {
    const wanted = jobs.open.filter((job) => isWorking(job) === (action === "pause"));
    return this.turns.take(action, async () => {
      for (const { id } of wanted) jobs.put(await routes.act(id, action));
    });
  }

  render() {
    const rows = jobs.list;
    const over = rows.filter(isOver).length;
    const paused = jobs.open.length - jobs.working.length;
    const counts = [
      jobs.working.length && t("queue.running", { count: jobs.working.length }),
      paused && t("queue.paused", { count: paused }),
      over && t("queue.finished", { count: over }),
    ];
    return html`
      <div class="bar">
        <span class="grow quiet" role="status">${counts.filter(Boolean).join(" · ")}</span>
        ${comfy
          ? html`<button type="button" class="plain" title=${t("discover.missing.title")} @click=${() => openPlan(this, ofGraph())}>
              ${icon("missing")}${t("discover.missing.short")}
            </button>`
          : null}
        ${jobs.open.length > 1 ? this.allButton(jobs.working.length ? "pause" : "resume") : null}
        ${over ? html`<button type="button" class="plain" @click=${this.clear}>${t("queue.clear")}</button>` : null}
      </div>
      <div class="scroll"><lk-plans></lk-plans>${rows.length ? this.list(rows) : jobs.loaded && this.empty()}<lk-past-plans></lk-past-plans></div>
      <lk-speed></lk-speed>
    `;
  }

  /** @param {"pause" | "resume"} action */
  allButton(action) {
    return html`<button type="button" class="plain" @click=${() => this.all(action)}>
      ${icon(action === "pause" ? "pause" : "play")}${t(`queue.all.${action}`)}
    </button>`;
  }

  /** @param {Job[]} rows */
  list(rows) {
    /** @type {Record<number, number>} */
    const seen = {};
    /** How many are ahead of it, of those of its priority. @param {Job} job */
    const ahead = (job) => {
      const before = seen[rank(job)] ?? 0;
      seen[rank(job)] = before + Number(!isOver(job));
      return before;
    };
    const row = (/** @type {Job} */ job) => html`<li><lk-job .job=${job} .ahead=${ahead(job)}></lk-job></li>`;
    return html`<ul aria-label=${t("queue.list")}>${repeat(rows, ({ id }) => id, row)}</ul>`;
  }

  empty() {
    return html`
      <div class="empty">
        ${icon("queue")}
        <h2>${t("queue.empty")}</h2>
        <p>${t("queue.empty.hint")}</p>
        <button type="button" class="primary" @click=${() => openView(this, "discover")}>${t("queue.empty.action")}</button>
      </div>
    `;
  }
}
customElements.define("lk-queue", LkQueue);
