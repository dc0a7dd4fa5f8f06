/** The messages at the bottom of the panel, newest last. */
import { LitElement, css, html } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

const SHOWN = 3;

class LkMessages extends LitElement {
  static styles = [
    base,
    css`
      :host { position: absolute; inset: auto 12px 12px; display: grid; gap: 8px; justify-items: center; z-index: 10; pointer-events: none; }
      .message { display: flex; align-items: center; gap: 8px; max-width: 440px; width: 100%; padding: 6px 6px 6px 12px;
        border-radius: 10px; pointer-events: auto; color: var(--lk-bg); background: var(--lk-text); box-shadow: 0 6px 24px #0005; animation: rise 0.16s ease-out; }
      .message span { flex: 1; padding: 4px 0; overflow-wrap: anywhere; overflow: hidden;
        display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; }
      button { color: inherit; background: color-mix(in srgb, var(--lk-bg) 18%, transparent); font-weight: 600; }
      button:hover:not(:disabled) { background: color-mix(in srgb, var(--lk-bg) 30%, transparent); }
      button.plain { background: none; }
      @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
    `,
  ];

  constructor() {
    super();
    this.changed = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    this.setAttribute("role", "status");
    messages.addEventListener("change", this.changed);
  }

  disconnectedCallback() {
    messages.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  render() {
    this.style.marginBottom = `${messages.above}px`;
    return messages.list.slice(-SHOWN).map(
      (message) => html`
        <div class="message">
          ${message.severity === "error" ? icon("broken") : null}<span>${message.text}</span>
          ${message.undo
            ? html`<button type="button" @click=${message.undo}>${t("common.undo")}</button>`
            : html`<button type="button" class="plain square" aria-label=${t("common.close")} @click=${message.end}>${icon("cancel")}</button>`}
        </div>
      `,
    );
  }
}
customElements.define("lk-messages", LkMessages);
