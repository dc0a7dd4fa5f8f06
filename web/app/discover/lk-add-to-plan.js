/** Where to put models of the site: a new plan, or one that waits. Dispatches `lk-close`, and `lk-added` with what became of it. */
import { LitElement, css, html } from "../vendor/lit.js";
import { addTo, planFor, titleOf } from "./adding.js";
import { moment } from "../format.js";
import { icon } from "../icons.js";
import { plans } from "../queue/plans.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { closeByEscape, focusOn, valueOf } from "../parts/dom.js";

/** @typedef {import("./adding.js").Target} Target */
/** @typedef {{ plan: import("../../types/lorakeeper").Instruction, added: number }} Added */

/** The most that a plan is called by. */
const LONGEST = 200;

class LkAddToPlan extends LitElement {
  static properties = { targets: { attribute: false }, name: { state: true }, busy: { state: true }, error: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; align-items: end; background: #0006; animation: show 0.12s ease-out; }
      @keyframes show { from { opacity: 0; } }
      .sheet { display: grid; grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr); gap: 12px; width: 100%; max-width: 520px; max-height: min(100%, 460px);
        margin-inline: auto; padding: 12px 14px 16px; border-radius: 14px 14px 0 0; background: var(--lk-bg); border: 1px solid var(--lk-line); border-bottom: 0; }
      .bar { display: flex; align-items: center; gap: 8px; }
      .bar h2 { flex: 1; overflow-wrap: anywhere; }
      form { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; }
      label { grid-column: 1 / -1; font-size: 12px; color: var(--lk-quiet); margin-bottom: -4px; }
      .plans { min-height: 0; display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); gap: 4px; }
      li + li { border-top: 1px solid var(--lk-line); }
      li button { width: 100%; min-height: 44px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 0; justify-items: start; padding: 6px; text-align: start; }
      li b { font-weight: 600; max-width: 100%; }
      li span { font-size: 12px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Target[]} */
    this.targets = [];
    this.name = "";
    this.busy = false;
    this.error = "";
    this.changed = () => this.requestUpdate();
    closeByEscape(this, () => this.close());
    this.addEventListener("click", (event) => event.composedPath()[0] === this && this.close());
  }

  connectedCallback() {
    super.connectedCallback();
    plans.addEventListener("change", this.changed);
    plans.start().catch((error) => (this.error = error.message));
  }

  disconnectedCallback() {
    plans.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("targets")) this.name = titleOf(this.targets);
  }

  firstUpdated() {
    focusOn(this, "input");
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {() => Promise<Added>} deed */
  async put(deed) {
    if (this.busy) return;
    this.busy = true;
    this.error = "";
    try {
      this.dispatchEvent(new CustomEvent("lk-added", { detail: await deed() }));
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  /** @param {Event} event */
  begin(event) {
    event.preventDefault();
    const title = this.name.trim() || titleOf(this.targets);
    void this.put(async () => ({ plan: await planFor(this.targets, title), added: this.targets.length }));
  }

  render() {
    const waiting = plans.list.filter(({ kind, status }) => kind === "download" && (status === "draft" || status === "validated"));
    const count = this.targets.length;
    return html`
      <div class="sheet" role="dialog" aria-labelledby="title" aria-busy=${this.busy}>
        <div class="bar">
          <h2 id="title">${count === 1 ? t("adding.one", { name: titleOf(this.targets) }) : t("adding.many", { count })}</h2>
          <button type="button" class="plain square" title=${t("common.close")} aria-label=${t("common.close")} @click=${this.close}>${icon("cancel")}</button>
        </div>
        <form @submit=${this.begin}>
          <label for="name">${t("adding.name")}</label>
          <input id="name" type="text" maxlength=${LONGEST} autocomplete="off" .value=${this.name}
            @input=${(/** @type {Event} */ event) => (this.name = valueOf(event))} />
          <button class="primary" aria-disabled=${this.busy}>${t("adding.new")}</button>
        </form>
        <div class="plans">
          ${this.error ? html`<p class="bad" role="alert">${this.error}</p>` : waiting.length ? html`<h3 id="others">${t("adding.others")}</h3>` : null}
          <ul class="scroll" ?hidden=${!waiting.length} aria-label=${t("adding.others")}>
            ${waiting.map(
              ({ id, title, files, created }) => html`
                <li>
                  <button type="button" class="plain" aria-disabled=${this.busy} @click=${() => this.put(() => addTo(id, this.targets))}>
                    <b class="cut">${title}</b>
                    <span class="quiet">${[files === null ? "" : t("plan.files", { count: files }), moment(created)].filter(Boolean).join(" · ")}</span>
                  </button>
                </li>
              `,
            )}
          </ul>
        </div>
      </div>
    `;
  }
}
customElements.define("lk-add-to-plan", LkAddToPlan);
