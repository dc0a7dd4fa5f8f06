/**
 * Several out of a long list: words narrow it, arrows move in it, and what isn't in it can be typed. Dispatches `lk-changed`,
 * whose `detail` is what is chosen.
 */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { valueOf } from "./dom.js";

class LkChoices extends LitElement {
  static properties = {
    label: { attribute: false },
    options: { attribute: false },
    chosen: { attribute: false },
    words: { state: true },
    at: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; }
      ul { max-height: 178px; padding: 3px; border: 1px solid var(--lk-line); border-radius: var(--lk-radius); }
      li { display: flex; align-items: center; gap: 8px; min-height: 28px; padding: 2px 8px; border-radius: 6px; cursor: pointer; }
      li:hover { background: var(--lk-hover); }
      li[aria-selected="true"] { font-weight: 600; }
      li:focus-visible { outline-offset: -2px; }
      li .icon { width: 15px; height: 15px; visibility: hidden; color: var(--lk-accent); }
      li[aria-selected="true"] .icon { visibility: visible; }
      p { padding: 4px 2px; }
    `,
  ];

  constructor() {
    super();
    this.label = "";
    /** @type {readonly string[]} */
    this.options = [];
    /** @type {readonly string[]} */
    this.chosen = [];
    this.words = "";
    /** The option that Tab reaches. */
    this.at = 0;
  }

  /** What was typed and isn't in the list stands before it. */
  get shown() {
    const words = this.words.trim().toLowerCase();
    const all = [...this.chosen.filter((each) => !this.options.includes(each)), ...this.options];
    return words ? all.filter((each) => each.toLowerCase().includes(words)) : all;
  }

  /** @param {string} option */
  toggle(option) {
    const chosen = this.chosen.includes(option) ? this.chosen.filter((each) => each !== option) : [...this.chosen, option];
    this.dispatchEvent(new CustomEvent("lk-changed", { detail: chosen }));
  }

  /** Takes what was typed: what is called so, else the only one that fits, else the words themselves. @param {Event} event */
  take(event) {
    event.preventDefault();
    const words = this.words.trim();
    if (!words) return;
    const { shown } = this;
    const same = shown.find((each) => each.toLowerCase() === words.toLowerCase());
    const option = same ?? (shown.length === 1 ? shown[0] : words) ?? words;
    this.words = "";
    if (!this.chosen.includes(option)) this.toggle(option);
  }

  /** @param {KeyboardEvent} event */
  async move(event) {
    const last = this.shown.length - 1;
    const option = this.shown[this.at];
    if ((event.key === "Enter" || event.key === " ") && option !== undefined) {
      event.preventDefault();
      this.toggle(option);
      await this.updateComplete;
      // What isn't in the list is gone with its mark.
      this.at = Math.max(0, this.shown.indexOf(option));
    } else {
      const to = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: last }[event.key];
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.at = Math.min(last, Math.max(0, to));
    }
    await this.updateComplete;
    /** @type {HTMLElement | undefined} */ (this.renderRoot.querySelectorAll("li")[this.at])?.focus();
  }

  render() {
    const { shown } = this;
    const at = Math.min(this.at, Math.max(0, shown.length - 1));
    return html`
      <form @submit=${this.take}>
        <input type="text" autocomplete="off" spellcheck="false" aria-label=${t("choices.find", { label: this.label })}
          placeholder=${t("choices.placeholder")} .value=${this.words} @input=${(/** @type {Event} */ event) => {
            this.words = valueOf(event);
            this.at = 0;
          }} />
      </form>
      ${shown.length
        ? html`
            <ul class="scroll" role="listbox" aria-multiselectable="true" aria-label=${this.label} @keydown=${this.move}>
              ${repeat(
                shown,
                (each) => each,
                (each, index) => html`
                  <li role="option" aria-selected=${this.chosen.includes(each)} tabindex=${index === at ? 0 : -1}
                    @focus=${() => (this.at = index)} @click=${() => this.toggle(each)}>
                    ${icon("check")}<span class="cut">${each}</span>
                  </li>
                `,
              )}
            </ul>
          `
        : html`<p class="quiet">${t("choices.none", { words: this.words.trim() })}</p>`}
    `;
  }
}
customElements.define("lk-choices", LkChoices);
