/** What is recorded for the analytics, beneath their settings: taken along as a file, or deleted. */
import { LitElement, css, html } from "../vendor/lit.js";
import { analytics } from "../api.js";
import { messages } from "../messages.js";
import { save } from "../saving.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

const SURE_MS = 10_000;

class LkRecorded extends LitElement {
  static properties = { sure: { state: true }, busy: { state: true } };

  static styles = [base, css`:host { display: block; }`];

  constructor() {
    super();
    /** Whether the next press deletes. */
    this.sure = false;
    /** What is being done. @type {"" | "export" | "delete"} */
    this.busy = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  disconnectedCallback() {
    this.spare();
    super.disconnectedCallback();
  }

  /** The first press asks for a second one, which may come within ten seconds. */
  async destroy() {
    if (!this.sure) {
      this.sure = true;
      this.timer = setTimeout(() => this.spare(), SURE_MS);
      return;
    }
    this.spare();
    await this.take("delete", async () => {
      await analytics.remove();
      messages.info(t("statistics.deleted"));
    });
  }

  spare() {
    clearTimeout(this.timer);
    this.sure = false;
  }

  /** @param {"export" | "delete"} what @param {() => Promise<void>} deed */
  async take(what, deed) {
    if (this.busy) return;
    this.busy = what;
    try {
      await deed();
    } catch (error) {
      messages.error(error);
    }
    this.busy = "";
  }

  render() {
    const take = () => this.take("export", async () => save(await analytics.export()));
    return html`
      <div class="row wrap" role="group" aria-labelledby="recorded">
        <span id="recorded" class="quiet">${t("statistics.recorded")}:</span>
        <button type="button" aria-disabled=${this.busy !== ""} @click=${take}>${t("statistics.export")}</button>
        <button type="button" class="plain ${this.sure ? "bad" : ""}" aria-disabled=${this.busy !== ""} @click=${this.destroy}>
          ${t(this.sure ? "statistics.delete.sure" : "statistics.delete")}
        </button>
      </div>
    `;
  }
}
customElements.define("lk-recorded", LkRecorded);
