/** What a search of the site is narrowed to. Dispatches `lk-changed`, whose `detail` is the search, and `lk-close`. */
import { LitElement, css, html, live } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { BASES, NOTHING, PERIODS, SORTS, TYPES, partsOf, periodName, sortName } from "./site-wanted.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { focusOn, openSetting, valueOf } from "../parts/dom.js";
import "../parts/lk-choices.js";

/** @typedef {import("./site-wanted.js").Wanted} Wanted */

/** Types that are offered at once; the others unfold. */
const COMMON = 8;

class LkSearchFilters extends LitElement {
  static properties = { wanted: { attribute: false }, limit: { attribute: false }, over: { attribute: false }, seen: { attribute: false }, allTypes: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr) auto; min-height: 0; background: var(--lk-bg); }
      .bar { display: flex; align-items: center; gap: 4px; padding: 10px 8px 6px 14px; }
      .bar h2 { flex: 1; font-size: 14px; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; align-content: start; padding: 6px 14px 20px; }
      fieldset { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; margin: 0; padding: 0; border: 0; min-width: 0; }
      legend, .field > label:first-child { padding: 0; margin-bottom: 6px; font-size: 12px; color: var(--lk-quiet); }
      .field { display: grid; grid-template-columns: minmax(0, 1fr); }
      .types { display: flex; flex-wrap: wrap; gap: 6px; }
      .types .chip { font-size: 12px; min-height: 28px; }
      .types .chip[aria-pressed="true"] { background: var(--lk-strong); color: #fff; border-color: transparent; }
      .pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
      .safe { display: flex; gap: 10px; align-items: flex-start; cursor: pointer; }
      .safe input { flex: none; margin-top: 1px; }
      .limit { font-size: 12px; margin-top: 6px; }
      .limit button { min-height: 24px; padding: 0 4px; text-decoration: underline; font-size: 12px; }
      .foot { padding: 10px 14px 14px; border-top: 1px solid var(--lk-line); display: grid; }
      .foot button { min-height: 40px; border-radius: 10px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Wanted} */
    this.wanted = { ...NOTHING };
    /** The setting, "" while it isn't known. */
    this.limit = "";
    /** Base models of what was found, which may be newer than the list. @type {string[]} */
    this.seen = [];
    this.allTypes = false;
    /** Whether it lies over the list, and so can be closed. */
    this.over = false;
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.over) return;
      event.stopPropagation();
      this.close();
    });
  }

  focus() {
    focusOn(this, ".types button");
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {Partial<Wanted>} changes */
  change(changes) {
    this.dispatchEvent(new CustomEvent("lk-changed", { detail: { ...this.wanted, ...changes } }));
  }

  clear() {
    const { query } = this.wanted;
    this.dispatchEvent(new CustomEvent("lk-changed", { detail: { ...NOTHING, query } }));
    focusOn(this, ".types button");
  }

  render() {
    const { wanted } = this;
    return html`
      <div class="bar">
        <h2>${t("discover.filters")}</h2>
        ${partsOf(wanted).length ? html`<button type="button" class="plain clear" @click=${this.clear}>${t("discover.filters.clear")}</button>` : null}
        ${this.over
          ? html`<button type="button" class="plain square" title=${t("common.close")} aria-label=${t("common.close")} @click=${this.close}>${icon("cancel")}</button>`
          : null}
      </div>
      <div class="scroll" tabindex="-1">
        <div class="body">
          ${this.types(wanted.types)}
          <fieldset>
            <legend>${t("discover.base")}</legend>
            <lk-choices .label=${t("discover.base")} .options=${[...new Set([...BASES, ...this.seen])]} .chosen=${wanted.base_models}
              @lk-changed=${(/** @type {CustomEvent<string[]>} */ { detail }) => this.change({ base_models: detail })}></lk-choices>
          </fieldset>
          <div class="pair">
            ${this.choice("sort", SORTS, sortName, t("discover.sort.none"))} ${this.choice("period", PERIODS, periodName, t("discover.period.none"))}
          </div>
          <div class="pair">${this.field("username")} ${this.field("tag")}</div>
          ${this.safe(wanted.safe)}
        </div>
      </div>
      ${this.over ? html`<div class="foot"><button type="button" class="primary" @click=${this.close}>${t("discover.filters.show")}</button></div>` : null}
    `;
  }

  /** @param {string[]} chosen */
  types(chosen) {
    const others = chosen.filter((each) => !TYPES.includes(each));
    const shown = this.allTypes ? TYPES : TYPES.filter((each, index) => index < COMMON || chosen.includes(each));
    const toggle = (/** @type {string} */ type) =>
      this.change({ types: chosen.includes(type) ? chosen.filter((each) => each !== type) : [...chosen, type] });
    return html`
      <fieldset>
        <legend>${t("discover.type")}</legend>
        <div class="types">
          ${[...shown, ...others].map(
            (type) => html`
              <button type="button" class="chip" aria-pressed=${chosen.includes(type)} @click=${() => toggle(type)}>${type}</button>
            `,
          )}
          <button type="button" class="chip plain" aria-expanded=${this.allTypes} @click=${() => (this.allTypes = !this.allTypes)}>
            ${this.allTypes ? t("discover.type.fewer") : t("discover.type.more")}
          </button>
        </div>
      </fieldset>
    `;
  }

  /** @param {"sort" | "period"} key @param {string[]} values @param {(value: string) => string} name @param {string} none */
  choice(key, values, name, none) {
    const chosen = this.wanted[key];
    return html`
      <div class="field">
        <label for=${key}>${t(`discover.${key}`)}</label>
        <select id=${key} .value=${live(chosen)} @change=${(/** @type {Event} */ event) => this.change({ [key]: valueOf(event) })}>
          <option value="" ?selected=${!chosen}>${none}</option>
          ${values.map((each) => html`<option value=${each} ?selected=${each === chosen}>${name(each)}</option>`)}
        </select>
      </div>
    `;
  }

  /** @param {"username" | "tag"} key */
  field(key) {
    const change = (/** @type {Event} */ event) => {
      const value = valueOf(event).trim();
      if (value !== this.wanted[key]) this.change({ [key]: value });
    };
    const enter = (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && change(event);
    return html`
      <div class="field">
        <label for=${key}>${t(`discover.${key}`)}</label>
        <input id=${key} type="text" autocomplete="off" spellcheck="false" placeholder=${t(`discover.${key}.none`)} .value=${this.wanted[key]}
          @change=${change} @keydown=${enter} />
      </div>
    `;
  }

  /** @param {boolean} isOn */
  safe(isOn) {
    const isLimited = this.limit === "PG";
    return html`
      <div>
        <label class="safe">
          <input type="checkbox" .checked=${live(isOn || isLimited)} ?disabled=${isLimited}
            @change=${(/** @type {Event} */ event) => this.change({ safe: /** @type {HTMLInputElement} */ (event.target).checked })} />
          <span>${t("discover.safe")}</span>
        </label>
        ${this.limit
          ? html`<p class="quiet limit">${t("discover.limit", { limit: this.limit })}
              <button type="button" class="plain" @click=${() => openSetting(this, "nsfw_limit")}>${t("discover.limit.change")}</button></p>`
          : null}
      </div>
    `;
  }
}
customElements.define("lk-search-filters", LkSearchFilters);
