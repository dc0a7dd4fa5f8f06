/** One out of a few, each with what is known of it. A long list shows its beginning first. Dispatches `lk-changed`, whose `detail` is the value. */
import { LitElement, css, html, live, repeat } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

/** @typedef {{ value: number, title: string, facts: string, mark?: string }} Option */

/** So many are shown before the rest is asked for. */
const FEW = 5;

class LkOneOf extends LitElement {
  static properties = { label: { attribute: false }, options: { attribute: false }, value: { attribute: false }, all: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      fieldset { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; margin: 0; padding: 0; border: 0; min-width: 0; }
      legend { margin-bottom: 6px; padding: 0; font-size: 11px; font-weight: 600; letter-spacing: 0.04em; text-transform: uppercase; color: var(--lk-quiet); }
      label { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; gap: 0 10px; min-height: 44px; padding: 5px 10px;
        border: 1px solid var(--lk-line); border-radius: 10px; cursor: pointer; }
      label:hover { background: var(--lk-hover); }
      label:has(:checked) { border-color: var(--lk-accent); background: color-mix(in srgb, var(--lk-accent) 10%, transparent); }
      label:has(:focus-visible) { outline: 2px solid var(--lk-accent); outline-offset: 1px; }
      input { width: 16px; height: 16px; min-height: 0; padding: 0; margin: 0; accent-color: var(--lk-accent); }
      input:focus-visible { outline: none; }
      b { display: block; font-weight: 600; overflow-wrap: anywhere; }
      .facts { display: block; font-size: 12px; overflow-wrap: anywhere; }
      .mark { display: inline-flex; align-items: center; gap: 4px; font-size: 12px; }
      .mark .icon { width: 15px; height: 15px; }
    `,
  ];

  constructor() {
    super();
    this.label = "";
    /** @type {Option[]} */
    this.options = [];
    /** @type {number | null} */
    this.value = null;
    this.all = false;
  }

  render() {
    const { options, value } = this;
    const shown = this.all ? options : options.filter((each, index) => index < FEW || each.value === value);
    return html`
      <fieldset>
        <legend>${this.label}</legend>
        ${repeat(shown, ({ value }) => value, (each) => this.option(each))}
        ${shown.length < options.length
          ? html`<button type="button" class="plain" @click=${this.showAll}>${t("preview.all", { count: options.length })}</button>`
          : null}
      </fieldset>
    `;
  }

  /** @param {Option} option */
  option({ value, title, facts, mark }) {
    const change = () => this.dispatchEvent(new CustomEvent("lk-changed", { detail: value }));
    return html`
      <label>
        <input type="radio" name="one" value=${value} .checked=${live(value === this.value)} @change=${change} />
        <span><b>${title}</b>${facts ? html`<span class="facts quiet">${facts}</span>` : null}</span>
        ${mark ? html`<span class="mark good">${icon("check")}${mark}</span>` : null}
      </label>
    `;
  }

  async showAll() {
    this.all = true;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector("input:checked"))?.focus();
  }
}
customElements.define("lk-one-of", LkOneOf);
