/** How much of Gemini's answers is kept, so that the same need not be paid for twice, and a way to drop them. */
import { LitElement, css, html } from "../vendor/lit.js";
import { variations } from "../api.js";
import { bytes, number } from "../format.js";
import { messages } from "../messages.js";
import { runs } from "./runs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Sure } from "../parts/sure.js";

/** Runs tell of each picture; the folder is not looked at for every one of them. */
const REST_MS = 2_000;

class LkKeptAnswers extends LitElement {
  static properties = { shown: { attribute: false }, kept: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      div { padding: 6px 8px 6px 14px; border-top: 1px solid var(--lk-line); font-size: 12px; }
      button { min-height: 26px; }
      @container app (width >= 880px) { div { padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** In bytes. @type {{ bytes: number, limit: number } | null} */
    this.kept = null;
    this.sure = new Sure(this);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.changed = () => {
      if (this.shown) this.timer ??= setTimeout(() => this.load(), REST_MS);
    };
  }

  connectedCallback() {
    super.connectedCallback();
    runs.addEventListener("change", this.changed);
  }

  disconnectedCallback() {
    runs.removeEventListener("change", this.changed);
    clearTimeout(this.timer);
    this.sure.spare();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown) void this.load();
  }

  async load() {
    clearTimeout(this.timer);
    this.timer = undefined;
    // The list above says why, where the server can't be asked.
    this.kept = await variations.cache().catch(() => null);
  }

  async clear() {
    if (!this.sure.asks("clear")) return;
    try {
      const { dropped } = await variations.clearCache();
      messages.info(t("variations.cache.cleared", { count: number(dropped) }));
    } catch (error) {
      messages.error(error);
    }
    await this.load();
  }

  render() {
    const { kept } = this;
    if (!kept?.bytes) return null;
    return html`
      <div class="row">
        <span class="grow quiet" title=${t("variations.cache.about")}>${t("variations.cache", { size: bytes(kept.bytes), limit: bytes(kept.limit) })}</span>
        <button type="button" class="plain ${this.sure.of ? "bad" : ""}" @click=${this.clear}>${t(this.sure.of ? "variations.cache.sure" : "variations.cache.clear")}</button>
      </div>
    `;
  }
}
customElements.define("lk-kept-answers", LkKeptAnswers);
