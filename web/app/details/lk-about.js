/** What the author says of a model: what may be done with it, and the description, of which only the beginning is shown first. */
import { LitElement, classMap, css, html } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { licenceWords } from "./licence.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */

class LkAbout extends LitElement {
  static properties = { model: { attribute: false }, open: { state: true }, long: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; gap: 20px; }
      section { display: grid; gap: 8px; justify-items: start; }
      ul { display: grid; gap: 4px; }
      li { display: flex; gap: 8px; }
      li .icon { width: 16px; height: 16px; margin-top: 1px; }
      .text { white-space: pre-line; overflow-wrap: anywhere; user-select: text; overflow: hidden; width: 100%; }
      .text.folded { max-height: 9em; }
      .text.folded.long { mask-image: linear-gradient(#000 75%, transparent); }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    this.open = false;
    /** Whether there is more than what is shown first. */
    this.long = false;
  }

  firstUpdated() {
    const text = this.renderRoot.querySelector(".text");
    this.long = text !== null && text.scrollHeight > text.clientHeight + 4;
  }

  render() {
    const terms = licenceWords(this.model?.licence ?? null);
    const text = this.model?.description ?? "";
    return [
      text
        ? html`
            <section aria-labelledby="description">
              <h3 id="description">${t("details.description")}</h3>
              <p class=${classMap({ text: true, folded: !this.open, long: this.long })}>${text}</p>
              ${this.long
                ? html`<button type="button" class="plain" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>
                    ${this.open ? t("details.description.less") : t("common.more")}
                  </button>`
                : null}
            </section>
          `
        : null,
      terms.length
        ? html`
            <section aria-labelledby="licence">
              <h3 id="licence">${t("details.licence")}</h3>
              <ul>
                ${terms.map(({ text, good }) => html`<li>${icon(good ? "check" : "cancel")}<span>${text}</span></li>`)}
              </ul>
            </section>
          `
        : null,
    ];
  }
}
customElements.define("lk-about", LkAbout);
