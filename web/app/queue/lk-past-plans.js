/** The plans that were carried out, beneath the downloads: folded, each with a way to what came of it. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { instructions } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { moment } from "../format.js";
import { icon } from "../icons.js";
import { ofPlan } from "./intake.js";
import { messages } from "../messages.js";
import { resultOf } from "./plan-result.js";
import { planRow, planRowStyles } from "./plan-row.js";
import { plans } from "./plans.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { openPlan } from "../parts/dom.js";

/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */

class LkPastPlans extends LitElement {
  static properties = { rows: { state: true }, cursor: { state: true }, open: { state: true } };

  static styles = [
    base,
    css`
      section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; padding: 0 12px 24px; max-width: 860px; }
      .fold { justify-self: start; padding-inline: 4px 8px; }
      .fold .icon { width: 15px; height: 15px; transition: rotate 0.12s; }
      .fold[aria-expanded="true"] .icon { rotate: 90deg; }
    `,
    planRowStyles,
  ];

  constructor() {
    super();
    /** Newest first. @type {Instruction[]} */
    this.rows = [];
    /** @type {string | null} */
    this.cursor = null;
    this.open = false;
    /** Rows that the user has removed, while the removal can still be undone. @type {Set<string>} */
    this.removed = new Set();
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    const hear = (/** @type {import("../../types/lorakeeper").InstructionNews} */ { status }) => status === "executed" && void this.load();
    this.stops = [onEvent("instruction", hear), onResync(() => void this.load())];
    void this.load();
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    super.disconnectedCallback();
  }

  /** Reads the beginning, or what is behind it. @param {string | null} [cursor] */
  async load(cursor = null) {
    try {
      const page = await instructions.page("executed", cursor);
      this.rows = cursor ? [...this.rows, ...page.items] : page.items;
      this.cursor = page.next_cursor;
    } catch (error) {
      if (cursor) messages.error(error); // the waiting plans say what is wrong at the beginning
    }
  }

  /** @param {Instruction} plan */
  forget({ id, title }) {
    const hide = (/** @type {boolean} */ removed) => {
      if (removed) this.removed.add(id);
      else this.removed.delete(id);
      this.requestUpdate();
    };
    hide(true);
    messages.undoable(t("plan.removed", { title }), () => hide(false), async () => {
      await plans.end(id, "remove");
      this.rows = this.rows.filter((each) => each.id !== id);
    });
  }

  render() {
    const rows = this.rows.filter(({ id }) => !this.removed.has(id));
    if (!rows.length) return null;
    return html`
      <section aria-label=${t("plans.past")}>
        <button type="button" class="plain fold quiet" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>${icon("unfold")}${t("plans.past")}</button>
        ${this.open
          ? html`<ul>${repeat(rows, ({ id }) => id, (row) => html`<li>${this.row(row)}</li>`)}</ul>
              ${this.cursor ? html`<button type="button" class="more" @click=${() => this.load(this.cursor)}>${t("common.more")}</button>` : null}`
          : null}
      </section>
    `;
  }

  /** @param {Instruction} plan */
  row(plan) {
    const { id, title, changed_at } = plan;
    const { figures, sentences } = resultOf(plan);
    const [first] = figures;
    const facts = [moment(changed_at), first ? `${first.name}: ${first.value.split(/[\\/]/).at(-1)}` : "", sentences.length ? t("result.problems", { count: sentences.length }) : ""];
    return planRow({
      title,
      says: facts.filter(Boolean).join(" · "),
      looks: "quiet",
      hint: t("plans.report"),
      open: () => openPlan(this, ofPlan(id, title)),
      forget: () => this.forget(plan),
    });
  }
}
customElements.define("lk-past-plans", LkPastPlans);
