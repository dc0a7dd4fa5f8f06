/** Moves a model to a folder of a kind: says first where it will lie and what goes along. Dispatches `lk-close`. */
import { LitElement, css, html } from "../vendor/lit.js";
import { actions, library } from "../api.js";
import { done } from "./done.js";
import { kindName } from "../library/filters.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { closeByEscape, focusOn, valueOf } from "../parts/dom.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").ActionPlan} ActionPlan */

const TYPING_MS = 250;

class LkMove extends LitElement {
  static properties = {
    model: { attribute: false },
    kinds: { state: true },
    folders: { state: true },
    kind: { state: true },
    folder: { state: true },
    plan: { state: true },
    error: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: block; }
      form { display: grid; gap: 8px; padding: 10px; border: 1px solid var(--lk-line); border-radius: 10px; }
      .fields { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 8px; }
      label { display: grid; gap: 4px; }
      label span { font-size: 12px; color: var(--lk-quiet); }
      .plan { display: grid; gap: 2px; font-size: 12px; overflow-wrap: anywhere; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    /** @type {string[]} */
    this.kinds = [];
    /** Those of the kind that have models. @type {string[]} */
    this.folders = [];
    this.kind = "";
    this.folder = "";
    /** @type {ActionPlan | null} */
    this.plan = null;
    this.error = "";
    this.turns = new Turns();
    closeByEscape(this, () => this.close());
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  firstUpdated() {
    this.kind = this.model?.kind ?? "";
    this.folder = this.model?.folder ?? "";
    void this.turns.take("kinds", async () => {
      const { kind = [] } = await library.facets({});
      this.kinds = [...new Set([this.kind, ...kind.map(({ value }) => value).filter(Boolean)])];
    });
    void this.suggest();
    void this.updateComplete.then(() => focusOn(this, "input"));
  }

  disconnectedCallback() {
    clearTimeout(this.typing);
    super.disconnectedCallback();
  }

  suggest() {
    return this.turns.take("folders", async () => {
      const { folder = [] } = await library.facets({ kind: [this.kind] });
      this.folders = folder.map(({ value }) => value).filter(Boolean);
    });
  }

  get wanted() {
    return { action: /** @type {const} */ ("move"), ids: [this.model?.id ?? 0], kind: this.kind, folder: this.folder.trim() };
  }

  look() {
    clearTimeout(this.typing);
    this.plan = null;
    this.error = "";
    const { kind, folder } = this;
    this.typing = setTimeout(async () => {
      try {
        const plan = await actions.plan(this.wanted);
        if (kind === this.kind && folder === this.folder) this.plan = plan;
      } catch (error) {
        if (kind === this.kind && folder === this.folder) this.error = /** @type {Error} */ (error).message;
      }
    }, TYPING_MS);
  }

  /** @param {Event} event */
  move(event) {
    event.preventDefault();
    return this.turns.take("move", async () => {
      done(await actions.run(this.wanted));
      this.close();
    });
  }

  render() {
    const pick = (/** @type {Event} */ event) => {
      this.kind = valueOf(event);
      this.look();
      void this.suggest();
    };
    const type = (/** @type {Event} */ event) => {
      this.folder = valueOf(event);
      this.look();
    };
    return html`
      <form @submit=${this.move}>
        <div class="fields">
          <label>
            <span>${t("details.move.kind")}</span>
            <select @change=${pick}>
              ${this.kinds.map((kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${kindName(kind)}</option>`)}
            </select>
          </label>
          <label>
            <span>${t("details.move.folder")}</span>
            <input list="folders" maxlength="2000" placeholder=${t("details.move.own")} .value=${this.folder} @input=${type} />
            <datalist id="folders">${this.folders.map((folder) => html`<option value=${folder}></option>`)}</datalist>
          </label>
        </div>
        <div class="plan" role="status">${this.said()}</div>
        <div class="row">
          <span class="grow"></span>
          <button type="button" class="plain" @click=${this.close}>${t("common.cancel")}</button>
          <button type="submit" ?disabled=${!this.plan?.changes}>${t("details.move.do")}</button>
        </div>
      </form>
    `;
  }

  /** What would happen. */
  said() {
    if (this.error) return html`<p class="bad">${this.error}</p>`;
    const [step] = this.plan?.steps ?? [];
    if (!step) return null;
    if (step.outcome !== "change") return html`<p>${step.why ?? t("details.move.same")}</p>`;
    return html`
      <p class="row">${icon("folder")}<span>${step.to}</span></p>
      ${step.beside.length ? html`<p class="quiet">${t("details.move.beside", { names: step.beside.join(", ") })}</p>` : null}
      ${step.copied ? html`<p class="quiet">${t("details.move.copied")}</p>` : null}
    `;
  }
}
customElements.define("lk-move", LkMove);
