/** The plans that wait, above the downloads: nothing where there are none. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { bytes, moment, number } from "../format.js";
import { icon } from "../icons.js";
import { ofPlan } from "./intake.js";
import { messages } from "../messages.js";
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
      li { display: flex; align-items: center; gap: 4px; border-top: 1px solid var(--lk-line); }
      li:first-child { border-top: 0; }
      .open { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0; padding: 6px; text-align: start; }
      .open b { font-weight: 600; }
      .open span { font-size: 12px; overflow-wrap: anywhere; }
      .more { justify-self: start; }
      @container app (width >= 880px) { section { padding-inline: 20px; } }
    `,
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
    return html`
      <button type="button" class="plain open grow" title=${t("plans.open")} @click=${() => openPlan(this, ofPlan(id, title))}>
        <b class="cut">${title}</b>
        <span class=${status === "failed" || (due && error) ? "bad" : "quiet"}>
          ${[state, ...(due ? [] : facts), status === "failed" || due ? error : ""].filter(Boolean).join(" · ")}
        </span>
      </button>
      <button type="button" class="plain square quiet" title=${t("plans.remove")} aria-label=${t("job.label", { action: t("plans.remove"), name: title })}
        @click=${() => this.forget(row)}>
        ${icon("cancel")}
      </button>
    `;
  }
}
customElements.define("lk-plans", LkPlans);

/** @param {Row["kind"]} kind @param {number} files */
const counted = (kind, files) => t(kind === "variations" ? "plan.pictures" : "plan.files", { count: number(files) });
