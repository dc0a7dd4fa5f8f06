/** The plans that wait, above the downloads: nothing where there are none. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { bytes, moment, number } from "../format.js";
import { ofPlan } from "./intake.js";
import { messages } from "../messages.js";
import { planRow, planRowStyles } from "./plan-row.js";
import { plans } from "./plans.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { openPlan } from "../parts/dom.js";

/** @typedef {import("./plans.js").Row} Row */

class LkPlans extends LitElement {
  static styles = [
    base,
    css`
      section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; padding: 4px 12px 14px; max-width: 860px; }
      h3 { padding-inline: 2px; }
    `,
    planRowStyles,
  ];

  constructor() {
    super();
    this.changed = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    plans.addEventListener("change", this.changed);
    plans.start().catch((error) => messages.error(error));
  }

  disconnectedCallback() {
    plans.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  /** @param {Row} row */
  forget({ id, title }) {
    plans.hide(id, true);
    messages.undoable(t("plan.removed", { title }), () => plans.hide(id, false), () => plans.end(id, "remove"));
  }

  render() {
    const rows = plans.list;
    if (!rows.length) return null;
    return html`
      <section aria-label=${t("plans.title")}>
        <h3>${t("plans.title")}</h3>
        <ul>${repeat(rows, ({ id }) => id, (row) => html`<li>${this.row(row)}</li>`)}</ul>
        ${plans.cursors.size
          ? html`<button type="button" class="more" @click=${() => plans.more().catch((error) => messages.error(error))}>${t("common.more")}</button>`
          : null}
      </section>
    `;
  }

  /** @param {Row} row */
  row(row) {
    const { id, title, kind, status, error, every, due, files, bytes: size } = row;
    const state = due ? t(`plans.every.${every}`, { time: moment(due) }) : t(`plans.status.${status}`);
    const sums = [files === null ? "" : counted(kind, files), size ? bytes(size) : ""];
    const facts = status === "draft" || status === "failed" ? [] : sums;
    return planRow({
      title,
      says: [state, ...(due ? [] : facts), status === "failed" || due ? error : ""].filter(Boolean).join(" · "),
      looks: status === "failed" || (due && error) ? "bad" : "quiet",
      hint: t("plans.open"),
      open: () => openPlan(this, ofPlan(id, title)),
      forget: () => this.forget(row),
    });
  }
}
customElements.define("lk-plans", LkPlans);

/** @param {Row["kind"]} kind @param {number} files */
const counted = (kind, files) => t(kind === "variations" ? "plan.pictures" : "plan.files", { count: number(files) });
