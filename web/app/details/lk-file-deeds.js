/** What can be done with a file: another name, another folder, the trash, and asking the site again. Each deed on disk can be taken back. Dispatches `lk-gone` once the file is in the trash, `lk-asked` after the site has answered. */
import { LitElement, css, html } from "../vendor/lit.js";
import { actions, library } from "../api.js";
import { done } from "./done.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { focusOn } from "../parts/dom.js";
import "./lk-move.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */

class LkFileDeeds extends LitElement {
  static properties = { model: { attribute: false }, open: { state: true }, asking: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; gap: 8px; }
      form { display: grid; gap: 8px; padding: 10px; border: 1px solid var(--lk-line); border-radius: 10px; }
      label { display: grid; gap: 4px; }
      label span { font-size: 12px; color: var(--lk-quiet); }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    /** The form that is open. @type {"" | "rename" | "move"} */
    this.open = "";
    this.asking = false;
    this.turns = new Turns();
  }

  /** @param {"" | "rename" | "move"} form */
  async show(form) {
    const before = this.open;
    this.open = form;
    await this.updateComplete;
    focusOn(this, form === "rename" ? "form input" : `[name="${before}"]`);
  }

  /** @param {Event} event */
  rename(event) {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (this.renderRoot.querySelector("form input"));
    const name = input.value.trim();
    return this.turns.take("rename", async () => {
      if (name && this.model) done(await actions.run({ action: "rename", id: this.model.id, name }));
      await this.show("");
    });
  }

  trash() {
    return this.turns.take("trash", async () => {
      if (!this.model) return;
      done(await actions.run({ action: "trash", ids: [this.model.id] }));
      this.dispatchEvent(new CustomEvent("lk-gone", { bubbles: true, composed: true }));
    });
  }

  ask() {
    return this.turns.take("ask", async () => {
      if (!this.model) return;
      this.asking = true;
      try {
        const { found, errors } = await library.askSite([this.model.id], true);
        if (errors[0]) messages.error(errors[0]);
        else messages.info(t(found ? "details.asked.found" : "details.asked.none"));
        this.dispatchEvent(new CustomEvent("lk-asked", { bubbles: true, composed: true }));
      } finally {
        this.asking = false;
      }
    });
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const here = model.state === "present" || model.state === "broken";
    /** @param {"rename" | "move"} form @param {Parameters<typeof icon>[0]} sign @param {string} key */
    const opens = (form, sign, key) => html`
      <button type="button" name=${form} aria-expanded=${this.open === form} @click=${() => this.show(this.open === form ? "" : form)}>${icon(sign)}${t(key)}</button>
    `;
    return html`
      <div class="row wrap">
        ${here ? [opens("rename", "edit", "details.rename"), opens("move", "folder", "details.move")] : null}
        <button type="button" aria-disabled=${this.asking} @click=${this.ask}>
          ${icon("retry")}${this.asking ? t("details.asking") : t("details.ask")}
        </button>
        ${here ? html`<button type="button" @click=${this.trash}>${icon("trash")}${t("details.trash")}</button>` : null}
      </div>
      ${this.open === "rename" ? this.renameForm(model) : null}
      ${this.open === "move" ? html`<lk-move .model=${model} @lk-close=${() => this.show("")}></lk-move>` : null}
    `;
  }

  /** @param {Detail} model */
  renameForm({ file_name }) {
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      void this.show("");
    };
    return html`
      <form @submit=${this.rename} @keydown=${escape}>
        <label><span>${t("details.rename.name")}</span><input required maxlength="500" .value=${file_name.replace(/\.[^.]+$/, "")} /></label>
        <div class="row">
          <span class="grow"></span>
          <button type="button" class="plain" @click=${() => this.show("")}>${t("common.cancel")}</button>
          <button type="submit">${t("details.rename.do")}</button>
        </div>
      </form>
    `;
  }
}
customElements.define("lk-file-deeds", LkFileDeeds);
