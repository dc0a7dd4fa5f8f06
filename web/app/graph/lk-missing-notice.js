/**
 * A line over the graph: models of the workflow are missing. Dispatches `lk-close`, with true where somebody wants to get
 * them. It takes no focus by itself.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base, tokens } from "../theme.js";
import { closeByEscape } from "../parts/dom.js";

const SHOWN = 8;

export class LkMissingNotice extends LitElement {
  static properties = { names: { attribute: false }, drawn: { state: true } };

  static styles = [
    tokens,
    base,
    css`
      :host { position: fixed; inset: auto 0 20px; z-index: 900; width: fit-content; max-width: min(560px, 100vw - 24px); margin-inline: auto;
        border: 1px solid var(--lk-line); border-radius: 10px; box-shadow: 0 4px 18px rgb(0 0 0 / 30%); animation: rise 0.16s ease-out; }
      @keyframes rise { from { transform: translateY(8px); opacity: 0; } }
      section { display: flex; flex-wrap: wrap; align-items: center; justify-content: flex-end; gap: 8px; padding: 8px 8px 8px 14px; }
      p { flex: 1 1 auto; display: flex; align-items: center; gap: 8px; min-height: 30px; }
      .icon { color: var(--lk-warn); }
    `,
  ];

  constructor() {
    super();
    /** @type {string[]} */
    this.names = [];
    this.drawn = false;
    closeByEscape(this, () => this.close(false));
  }

  firstUpdated() {
    // Screen readers hear what changes, not what is there from the beginning.
    requestAnimationFrame(() => (this.drawn = true));
  }

  /** @param {boolean} get */
  close(get) {
    this.dispatchEvent(new CustomEvent("lk-close", { detail: get }));
  }

  render() {
    const more = this.names.length - SHOWN;
    const names = [...this.names.slice(0, SHOWN), ...(more > 0 ? [t("notice.more", { count: more })] : [])];
    return html`
      <section aria-label=${t("app.name")}>
        <p role="status" title=${names.join("\n")}>
          ${icon("missing")}<span>${this.drawn ? t("notice.missing", { count: this.names.length, name: this.names[0] ?? "" }) : ""}</span>
        </p>
        <div class="row">
          <button type="button" class="plain" @click=${() => this.close(false)}>${t("notice.later")}</button>
          <button type="button" class="primary" @click=${() => this.close(true)}>${t("notice.get", { count: this.names.length })}</button>
        </div>
      </section>
    `;
  }
}
customElements.define("lk-missing-notice", LkMissingNotice);
