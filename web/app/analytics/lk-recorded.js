/** What is recorded for the analytics, beneath their settings: taken along as a file, or deleted. */
import { LitElement, css, html } from "../vendor/lit.js";
import { analytics } from "../api.js";
import { messages } from "../messages.js";
import { save } from "../parts/saving.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Sure } from "../parts/sure.js";

class LkRecorded extends LitElement {
  static properties = { busy: { state: true } };

  static styles = [base, css`:host { display: block; }`];

  constructor() {
    super();
    this.sure = new Sure(this);
    /** What is being done. @type {"" | "export" | "delete"} */
    this.busy = "";
  }

  disconnectedCallback() {
    this.sure.spare();
    super.disconnectedCallback();
  }

  async destroy() {
    if (!this.sure.asks("all")) return;
    await this.take("delete", async () => {
      await analytics.remove();
      messages.info(t("statistics.deleted"));
    });
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
        <button type="button" class="plain ${this.sure.of ? "bad" : ""}" aria-disabled=${this.busy !== ""} @click=${this.destroy}>
          ${t(this.sure.of ? "statistics.delete.sure" : "statistics.delete")}
        </button>
      </div>
    `;
  }
}
customElements.define("lk-recorded", LkRecorded);
