/** Searches of the library that the user has given a name: applied, saved, renamed and removed. */
import { LitElement, css, html } from "../vendor/lit.js";
import { settings } from "../api.js";
import { LISTS, searched } from "./filters.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { focusOn } from "../parts/dom.js";

/** @typedef {import("../../types/lorakeeper").SavedFilter} Saved */
/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */

class LkSavedFilters extends LitElement {
  static properties = { query: { attribute: false }, saved: { state: true }, naming: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; gap: 2px; }
      :host(:not([hidden])) ul:empty { display: none; }
      li { display: flex; align-items: center; gap: 2px; border-radius: 6px; }
      li:hover { background: var(--lk-hover); }
      .apply { flex: 1; min-width: 0; justify-content: flex-start; text-align: start; padding: 4px 6px; overflow-wrap: anywhere; }
      .apply[aria-pressed="true"] { font-weight: 600; color: var(--lk-text); background: color-mix(in srgb, var(--lk-accent) 18%, transparent); }
      .apply .icon, .save .icon { width: 15px; height: 15px; color: var(--lk-quiet); }
      .square { width: 26px; min-height: 26px; color: var(--lk-quiet); }
      .square .icon { width: 15px; height: 15px; }
      form { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 6px; padding: 2px 6px 4px; }
      .save { justify-self: start; padding-inline: 6px; color: var(--lk-quiet); }
    `,
  ];

  constructor() {
    super();
    /** @type {Filter} */
    this.query = {};
    /** @type {Saved[]} */
    this.saved = [];
    /** What is being named: one of those, or "" for what is asked for now. @type {string | null} */
    this.naming = null;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.read();
  }

  async read() {
    try {
      this.saved = /** @type {Saved[] | undefined} */ ((await settings.get()).saved_filters) ?? [];
    } catch (error) {
      messages.error(error);
    }
  }

  /** @param {Saved[]} saved */
  async keep(saved) {
    const before = this.saved;
    this.saved = saved;
    try {
      await settings.update({ saved_filters: saved });
    } catch (error) {
      this.saved = before;
      throw error;
    }
  }

  /** What is asked for now, as the server keeps it. @returns {Filter} */
  get now() {
    const given = Object.entries(this.query).filter(([, value]) => value !== null && value !== "");
    return /** @type {Filter} */ (Object.fromEntries(given.map(([name, value]) => [name, LISTS.has(name) ? [value].flat() : value])));
  }

  /** @param {string} was @param {SubmitEvent} event */
  async name(was, event) {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("name")).trim();
    if (!name) return;
    const others = this.saved.filter((each) => each.name !== was && !isNamed(each, name));
    const query = this.saved.find((each) => each.name === was)?.query ?? this.now;
    try {
      await this.keep([...others, { name, query }].sort((one, other) => one.name.localeCompare(other.name)));
      await this.stopNaming(name);
    } catch (error) {
      messages.error(error);
    }
  }

  /** @param {string} [name] which gets the focus */
  async stopNaming(name) {
    const back = name ?? this.naming;
    this.naming = null;
    await this.updateComplete;
    focusOn(this, back ? `[data-name="${CSS.escape(back)}"]` : ".save");
  }

  /** @param {string} name */
  async startNaming(name) {
    this.naming = name;
    await this.updateComplete;
    focusOn(this, "form input");
  }

  /** @param {Saved} gone */
  async drop(gone) {
    const before = this.saved;
    try {
      await this.keep(this.saved.filter((each) => each !== gone));
      messages.undoable(t("library.saved.removed", { name: gone.name }), () => this.keep(before));
    } catch (error) {
      messages.error(error);
    }
    await this.updateComplete;
    focusOn(this, ".apply, .save");
  }

  render() {
    const now = sameText(this.now);
    const isSaved = this.saved.some(({ query }) => sameText(query) === now);
    return html`
      <ul aria-label=${t("library.saved")}>${this.saved.map((each) => html`<li>${this.naming === each.name ? this.form(each.name) : this.line(each, now)}</li>`)}</ul>
      ${this.naming === ""
        ? this.form("")
        : searched(this.query) && !isSaved
          ? html`<button type="button" class="plain save" @click=${() => this.startNaming("")}>${icon("add")}${t("library.saved.save")}</button>`
          : null}
    `;
  }

  /** @param {Saved} saved @param {string} now */
  line(saved, now) {
    const { name, query } = saved;
    const apply = () => this.dispatchEvent(new CustomEvent("lk-open-filter", { detail: query, bubbles: true, composed: true }));
    const rename = t("library.saved.rename", { name });
    const remove = t("library.saved.remove", { name });
    return html`
      <button type="button" class="plain apply" data-name=${name} aria-pressed=${sameText(query) === now} @click=${apply}>${icon("filter")}${name}</button>
      <button type="button" class="plain square" title=${rename} aria-label=${rename} @click=${() => this.startNaming(name)}>${icon("edit")}</button>
      <button type="button" class="plain square" title=${remove} aria-label=${remove} @click=${() => this.drop(saved)}>${icon("trash")}</button>
    `;
  }

  /** @param {string} name */
  form(name) {
    const press = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      void this.stopNaming();
    };
    return html`
      <form class="grow" @submit=${(/** @type {SubmitEvent} */ event) => this.name(name, event)} @keydown=${press}>
        <input name="name" .value=${name} maxlength="100" required placeholder=${t("library.saved.name")} aria-label=${t("library.saved.name")} />
        <button type="submit">${t("common.save")}</button>
      </form>
    `;
  }
}
customElements.define("lk-saved-filters", LkSavedFilters);

/** @param {Saved} saved @param {string} name */
const isNamed = (saved, name) => saved.name.toLowerCase() === name.toLowerCase();

/** The same for filters that ask for the same. @param {Filter} query */
const sameText = (query) => JSON.stringify(Object.entries(query).filter(([, value]) => value !== null && value !== "").sort());
