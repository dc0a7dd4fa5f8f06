/**
 * One model: what it is, its trigger words, what the user says of it, its versions and examples, who says what, and its file.
 * Dispatches `lk-close`, and `lk-changed` with the model whenever the user has changed something.
 */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { library } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { Examples } from "./examples.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { pageLink } from "../library/card.js";
import { closeByEscape, focusOn } from "../parts/dom.js";
import "./lk-about.js";
import "./lk-example.js";
import "./lk-examples.js";
import "./lk-file.js";
import "./lk-head.js";
import "./lk-layers.js";
import "./lk-trouble.js";
import "./lk-versions.js";
import "./lk-words.js";
import "./lk-yours.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").UserChanges} UserChanges */

class LkDetails extends LitElement {
  static properties = {
    itemId: { attribute: false },
    model: { state: true },
    examples: { state: true },
    large: { state: true },
    error: { state: true },
    saved: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); min-height: 0; }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 8px 6px; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 22px; align-content: start; padding: 4px 14px 28px; }
      .note { margin: 12px; }
      lk-example { position: absolute; inset: 0; z-index: 1; }
    `,
  ];

  constructor() {
    super();
    /** @type {number} */
    this.itemId = 0;
    /** @type {Detail | null} */
    this.model = null;
    /** Of the version that is shown; null where the site doesn't know the file. @type {Examples | null} */
    this.examples = null;
    /** The example that is seen large. @type {number | null} */
    this.large = null;
    this.error = "";
    /** The field that was saved last, for its tick. */
    this.saved = "";
    /** Only what the last reading says counts. */
    this.reading = 0;
    /** @type {(() => void)[]} */
    this.stops = [];
    closeByEscape(this, () => this.close());
  }

  connectedCallback() {
    super.connectedCallback();
    // No id is what many of them are told as.
    this.stops = [onEvent("library", ({ id }) => (id === this.itemId || id === null) && this.load()), onResync(() => this.load())];
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("itemId")) return;
    this.large = null;
    this.saved = "";
    void this.load();
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  async load() {
    const reading = (this.reading += 1);
    try {
      const model = await library.get(this.itemId);
      if (reading === this.reading) this.take(model);
    } catch (error) {
      if (reading === this.reading) this.error = /** @type {Error} */ (error).message;
    }
  }

  /** @param {Detail} model */
  take(model) {
    const version = model.version_id;
    if (version !== (this.examples?.version ?? null)) this.examples = version === null ? null : new Examples(version);
    this.model = model;
    this.error = "";
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** Saves what the user says of a model, which needn't be shown any more; whether that went well. @param {number} id @param {UserChanges} changes */
  async save(id, changes) {
    try {
      const model = await library.update(id, changes);
      if (id === this.itemId) {
        this.take(model);
        this.saved = Object.keys(changes)[0] ?? "";
      }
      this.dispatchEvent(new CustomEvent("lk-changed", { detail: model }));
      return true;
    } catch (error) {
      messages.error(error);
      return false;
    }
  }

  /** @param {CustomEvent<number>} event */
  show({ detail }) {
    this.large = detail;
  }

  async closeLarge() {
    const { large } = this;
    this.large = null;
    await this.updateComplete;
    if (large !== null) this.find("lk-examples")?.focusItem(large);
  }

  /** @param {string} name @returns {any} */
  find(name) {
    return this.renderRoot.querySelector(name);
  }

  showVersions() {
    this.find("lk-versions")?.scrollIntoView({ block: "start" });
    this.find("lk-versions")?.renderRoot.querySelector("li")?.focus({ preventScroll: true });
  }

  render() {
    const { model, large } = this;
    return html`
      <div class="bar" ?inert=${large !== null}>
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <span class="grow"></span>
        ${model ? [pageLink(model.url), this.favourite(model)] : null}
      </div>
      <div class="scroll" tabindex="-1" ?inert=${large !== null}>
        ${this.error ? html`<p class="note bad" role="alert">${icon("broken")}<span>${this.error}</span></p>` : null}
        ${repeat(model && model.id === this.itemId ? [model] : [], ({ id }) => id, (each) => this.body(each))}
      </div>
      ${large !== null && this.examples
        ? html`<lk-example .examples=${this.examples} .index=${large} @lk-go=${this.show} @lk-close=${this.closeLarge}></lk-example>`
        : null}
    `;
  }

  /** @param {Detail} model */
  favourite({ id, favourite }) {
    return html`
      <button type="button" class="plain square" aria-pressed=${favourite} aria-label=${t("item.favourite")}
        title=${t(favourite ? "details.favourite.remove" : "details.favourite.add")} @click=${() => this.save(id, { favourite: !favourite })}>
        ${icon(favourite ? "starred" : "star")}
      </button>
    `;
  }

  /** @param {Detail} model */
  body(model) {
    const save = (/** @type {UserChanges} */ changes) => this.save(model.id, changes);
    return html`
      <article class="body" aria-label=${t("details.label", { title: model.title })} @lk-gone=${this.close} @lk-asked=${this.load}>
        <lk-head .model=${model} @lk-versions=${this.showVersions}></lk-head>
        ${model.state === "present" ? null : html`<lk-trouble .model=${model}></lk-trouble>`}
        <lk-words .model=${model} .save=${save}></lk-words>
        <lk-yours .model=${model} .saved=${this.saved} .save=${save}></lk-yours>
        ${model.versions.length ? html`<lk-versions .model=${model} @lk-owned=${this.load}></lk-versions>` : null}
        ${this.examples
          ? repeat([this.examples], ({ version }) => version, (each) => html`<lk-examples .examples=${each} @lk-show=${this.show}></lk-examples>`)
          : null}
        <lk-about .model=${model}></lk-about>
        <lk-layers .model=${model}></lk-layers>
        <lk-file .model=${model}></lk-file>
      </article>
    `;
  }
}
customElements.define("lk-details", LkDetails);
