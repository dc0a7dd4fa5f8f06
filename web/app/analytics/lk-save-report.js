/** A button that unfolds what a report is to be like, and saves it, or plans to have it made again and again. */
import { LitElement, css, html } from "../vendor/lit.js";
import { analytics, instructions, settings } from "../api.js";
import { icon } from "../icons.js";
import { ofPlan } from "../queue/intake.js";
import { save } from "../parts/saving.js";
import { LANGUAGE, t } from "../strings.js";
import { base } from "../theme.js";
import { closeByEscape, focusOn, openPlan } from "../parts/dom.js";

const FORMATS = ["html", "pdf", "json"];
const THEMES = ["auto", "dark", "light"];
const EVERY = ["once", "day", "week", "month"];
/** What a report that is made so often is of. @type {Record<string, string>} */
const PERIODS = { day: "yesterday", week: "last-week", month: "last-month" };
/** Each by its own name. @type {[string, string][]} */
const LANGUAGES = [["en", "English"], ["ja", "日本語"], ["ko", "한국어"], ["zh", "中文"]];

class LkSaveReport extends LitElement {
  static properties = {
    period: { attribute: false },
    open: { state: true },
    format: { state: true },
    busy: { state: true },
    failure: { state: true },
  };

  static styles = [
    base,
    css`
      :host { position: relative; display: block; }
      form { position: absolute; inset-block-start: calc(100% + 6px); inset-inline-end: 0; z-index: 3; width: min(264px, 100cqw - 24px); display: grid;
        gap: 10px; padding: 14px; border: 1px solid var(--lk-line); border-radius: 12px; background: var(--lk-bg); box-shadow: 0 8px 24px #0005; }
      label { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); align-items: center; gap: 8px; }
    `,
  ];

  constructor() {
    super();
    this.period = "30d";
    this.open = false;
    this.format = "";
    this.busy = false;
    this.failure = "";
    closeByEscape(this, () => this.open && this.close());
    this.pressed = (/** @type {Event} */ event) => event.composedPath().includes(this) || (this.open = false);
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("pointerdown", this.pressed, true);
  }

  disconnectedCallback() {
    document.removeEventListener("pointerdown", this.pressed, true);
    this.open = false;
    super.disconnectedCallback();
  }

  async toggle() {
    this.open = !this.open;
    this.failure = "";
    if (!this.open) return;
    // The format that is set is proposed; without it any is.
    this.format ||= await settings.get().then(({ report_format: format }) => String(format), () => "");
    await this.updateComplete;
    focusOn(this, "select");
  }

  close() {
    this.open = false;
    focusOn(this, ".fold");
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [format = "html", language = LANGUAGE, theme = "auto", every = "once"] = ["format", "language", "theme", "every"].map((name) => String(data.get(name)));
    this.busy = true;
    this.failure = "";
    try {
      if (every === "once") save(await analytics.report({ format, period: this.period, theme, language }));
      else {
        const payload = { format, period: PERIODS[every], theme, language };
        const plan = await instructions.create({ kind: "report", title: t(`plans.report.${every}`), payload, every });
        openPlan(this, ofPlan(plan.id, plan.title));
      }
      this.format = format;
      this.close();
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  render() {
    return html`
      <button type="button" class="fold" aria-expanded=${this.open} aria-haspopup="dialog" @click=${this.toggle}>
        ${icon("queue")}${t("statistics.save")}
      </button>
      ${this.open ? this.form() : null}
    `;
  }

  form() {
    return html`
      <form role="dialog" aria-label=${t("statistics.save.label")} @submit=${this.submit}>
        ${this.select("format", FORMATS.map((each) => [each, each.toUpperCase()]), this.format)}
        ${this.select("language", LANGUAGES, LANGUAGE)}
        ${this.select("every", EVERY.map((each) => [each, t(`statistics.save.every.${each}`)]), "once")}
        ${this.select("theme", THEMES.map((each) => [each, t(`statistics.save.theme.${each}`)]), "auto")}
        ${this.failure ? html`<p class="bad" role="alert">${this.failure}</p>` : null}
        <button class="primary" aria-disabled=${this.busy}>${t(this.busy ? "statistics.save.busy" : "statistics.save.now")}</button>
      </form>
    `;
  }

  /** @param {string} name @param {[string, string][]} options @param {string} chosen */
  select(name, options, chosen) {
    return html`<label>
      ${t(`statistics.save.${name}`)}
      <select name=${name}>${options.map(([value, label]) => html`<option value=${value} ?selected=${value === chosen}>${label}</option>`)}</select>
    </label>`;
  }
}
customElements.define("lk-save-report", LkSaveReport);
