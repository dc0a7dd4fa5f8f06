/** What is wrong with a model's file, and the ways out: get it again, put it back, or let it go. Dispatches `lk-gone` once it is off the list. */
import { LitElement, css, html } from "../vendor/lit.js";
import { actions } from "../api.js";
import { done } from "./done.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { openSearch } from "../parts/dom.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */

class LkTrouble extends LitElement {
  static properties = { model: { attribute: false } };

  static styles = [
    base,
    css`
      :host { display: block; }
      .box { display: grid; gap: 10px; padding: 10px; border-radius: var(--lk-radius); background: var(--lk-hover); }
      p { display: flex; gap: 8px; }
      p span { color: var(--lk-text); overflow-wrap: anywhere; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    this.turns = new Turns();
  }

  /** @param {"forget" | "trash"} action */
  drop(action) {
    return this.turns.take(action, async () => {
      if (!this.model) return;
      done(await actions.run({ action, ids: [this.model.id] }));
      this.dispatchEvent(new CustomEvent("lk-gone", { bubbles: true, composed: true }));
    });
  }

  restore() {
    return this.turns.take("restore", async () => {
      if (this.model) done(await actions.run({ action: "restore", ids: [this.model.id] }));
    });
  }

  render() {
    const { model } = this;
    if (!model || model.state === "present") return null;
    const { sha256, model_id, version_id } = model;
    // What the site knows is asked for as that; what it didn't know may be known by its hash by now.
    const target = version_id ? `${model_id ?? ""}@${version_id}` : sha256;
    const missing = model.state === "missing";
    const trashed = model.state === "trashed";
    return html`
      <div class="box">
        <p class="bad" role="alert">${icon("broken")}<span>${t(`details.${model.state}`)} ${model.broken ?? ""}</span></p>
        <div class="row wrap">
          ${trashed
            ? html`<button type="button" class="primary" @click=${this.restore}>${icon("retry")}${t("details.restore")}</button>`
            : null}
          ${target && !trashed ? html`<button type="button" class="primary" @click=${() => openSearch(this, { target })}>${icon("download")}${t("details.again")}</button>` : null}
          ${missing
            ? html`<button type="button" @click=${() => this.drop("forget")}>${icon("cancel")}${t("details.forget")}</button>`
            : trashed
              ? null
              : html`<button type="button" @click=${() => this.drop("trash")}>${icon("trash")}${t("details.trash")}</button>`}
        </div>
      </div>
    `;
  }
}
customElements.define("lk-trouble", LkTrouble);
