/**
 * One toggle for each trigger word on a Trigger Words node. `words` are those that came in when the node last ran, `off`
 * those that are switched off; dispatches `change` with the new `off` as its detail.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { t } from "../strings.js";

/** @param {string} one @param {string} other */
const same = (one, other) => one.toLowerCase() === other.toLowerCase();

class LkWordToggles extends LitElement {
  static properties = { words: { attribute: false }, off: { attribute: false } };

  static styles = css`
    :host { display: flex; flex-wrap: wrap; gap: 4px; align-content: flex-start; box-sizing: border-box; overflow-y: auto;
      width: 100%; height: 100%; padding: 6px; border-radius: 6px; font: 12px/1.3 system-ui, sans-serif;
      background: var(--comfy-input-bg, #222); color: var(--descrip-text, #999); }
    button { all: unset; box-sizing: border-box; max-width: 100%; padding: 2px 8px; border-radius: 10px; cursor: pointer;
      border: 1px solid var(--border-color, #4e4e4e); color: var(--input-text, #ddd); overflow-wrap: anywhere; }
    button::before { content: "✓"; display: inline-block; width: 1.2em; }
    button[aria-pressed="false"] { border-style: dashed; color: var(--descrip-text, #999); text-decoration: line-through; }
    button[aria-pressed="false"]::before { content: "○"; }
    button:focus-visible { outline: 2px solid var(--primary-background, #0b8ce9); outline-offset: 1px; }
    p { margin: 0; }
  `;

  constructor() {
    super();
    /** @type {string[]} */
    this.words = [];
    /** @type {string[]} */
    this.off = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", t("toggles.label"));
  }

  render() {
    // A word that is off but did not come in the last time is shown, so that it can be switched on again.
    const all = [...this.words, ...this.off.filter((word) => !this.words.some((each) => same(each, word)))];
    if (!all.length) return html`<p>${t("toggles.empty")}</p>`;
    return all.map((word) => {
      const on = !this.off.some((each) => same(each, word));
      return html`<button type="button" aria-pressed=${on} @click=${() => this.toggle(word, !on)}>${word}</button>`;
    });
  }

  /** @param {string} word @param {boolean} on */
  toggle(word, on) {
    const off = this.off.filter((each) => !same(each, word));
    this.off = on ? off : [...off, word];
    this.dispatchEvent(new CustomEvent("change", { detail: this.off }));
  }
}
customElements.define("lk-word-toggles", LkWordToggles);
