/**
 * The files that are held back, each with its reason and the two ways out: released by whoever types that, or deleted.
 * Dispatches `lk-changed` when one has left.
 */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { security } from "../api.js";
import { kindName } from "../library/filters.js";
import { bytes, day } from "../format.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { focusOn } from "../parts/dom.js";
import { KINDS } from "../library/lk-library.js";
import { Sure } from "../parts/sure.js";

/** @typedef {import("../../types/lorakeeper").QuarantineEntry} Entry */

class LkQuarantine extends LitElement {
  static properties = {
    entries: { attribute: false },
    releasing: { state: true },
    refusal: { state: true },
  };

  static styles = [
    base,
    css`
      :host, section, form, li { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
      ul { display: grid; gap: 10px; }
      li { padding: 12px; border: 1px solid var(--lk-line); border-radius: 12px; gap: 6px; }
      b, p { overflow-wrap: anywhere; }
      .small { font-size: 12px; }
      label { display: grid; gap: 4px; font-weight: 600; }
      label > * { font-weight: 400; }
      select { max-width: 260px; }
      form { padding-top: 4px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Entry[]} */
    this.entries = [];
    /** The file whose release is being filled in, by its hash. */
    this.releasing = "";
    this.refusal = "";
    this.busy = false;
    this.sure = new Sure(this);
  }

  disconnectedCallback() {
    this.sure.spare();
    super.disconnectedCallback();
  }

  changed() {
    this.dispatchEvent(new CustomEvent("lk-changed"));
  }

  /** @param {string} sha256 */
  async openRelease(sha256) {
    this.releasing = this.releasing === sha256 ? "" : sha256;
    this.refusal = "";
    await this.updateComplete;
    if (this.releasing) focusOn(this, "textarea");
  }

  /** @param {Entry} entry @param {SubmitEvent} event */
  async release(entry, event) {
    event.preventDefault();
    if (this.busy) return;
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.busy = true;
    this.refusal = "";
    try {
      const { name, path } = await security.release(entry.sha256, String(data.get("reason")), String(data.get("kind")));
      this.releasing = "";
      messages.info(t("quarantine.released", { name, path }));
      this.changed();
    } catch (error) {
      this.refusal = /** @type {Error} */ (error).message;
      focusOn(this, "textarea");
    }
    this.busy = false;
  }

  /** @param {Entry} entry */
  async destroy({ sha256, name }) {
    if (!this.sure.asks(sha256)) return;
    try {
      await security.remove(sha256);
      messages.info(t("quarantine.deleted", { name }));
    } catch (error) {
      messages.error(error);
    }
    this.changed();
  }

  render() {
    const { entries } = this;
    return html`
      <section aria-label=${t("quarantine.title")}>
        <h2 class="small">${t("quarantine.title")}</h2>
        <p class="quiet">${t("quarantine.hint")}</p>
        ${entries.length
          ? html`<ul aria-label=${t("quarantine.title")}>${repeat(entries, ({ sha256 }) => sha256, (entry) => html`<li>${this.entry(entry)}</li>`)}</ul>`
          : html`<p>${t("quarantine.none")}</p>`}
      </section>
    `;
  }

  /** @param {Entry} entry */
  entry(entry) {
    const { sha256, name } = entry;
    const sure = this.sure.of === sha256;
    const open = this.releasing === sha256;
    const remove = t(sure ? "quarantine.delete.sure" : "quarantine.delete");
    return html`
      <b>${name}</b>
      <p class="bad">${entry.reason}</p>
      <p class="quiet small">${[entry.source, bytes(entry.size), day(entry.quarantined_at)].filter(Boolean).join(" · ")}</p>
      <div class="row wrap">
        <button type="button" aria-expanded=${open} aria-label=${t("job.label", { action: t("quarantine.release"), name })}
          @click=${() => this.openRelease(sha256)}>
          ${t("quarantine.release")}
        </button>
        <button type="button" class="plain ${sure ? "bad" : ""}" aria-label=${t("job.label", { action: remove, name })} @click=${() => this.destroy(entry)}>
          ${remove}
        </button>
      </div>
      ${open ? this.form(entry) : null}
    `;
  }

  /** @param {Entry} entry */
  form(entry) {
    return html`
      <form @submit=${(/** @type {SubmitEvent} */ event) => this.release(entry, event)}>
        <label>${t("quarantine.reason")}<textarea name="reason" rows="2" required spellcheck="false"></textarea></label>
        ${this.refusal ? html`<p class="bad" role="alert">${this.refusal}</p>` : null}
        <label>
          ${t("quarantine.kind")}
          <select name="kind" ?required=${!entry.folder}>
            <option value="">${t(entry.folder ? "quarantine.kind.same" : "quarantine.kind.choose")}</option>
            ${KINDS.map((kind) => html`<option value=${kind}>${kindName(kind)}</option>`)}
          </select>
        </label>
        <div class="row"><button class="primary">${t("quarantine.release.now")}</button></div>
      </form>
    `;
  }
}
customElements.define("lk-quarantine", LkQuarantine);
