/** The values of one filter, each with how many models it would leave: to tick, to search where there are many, and as a tree where they are folders. */
import { LitElement, css, html, live } from "../vendor/lit.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { valueOf } from "../parts/dom.js";

/** @typedef {{ value: string, count: number | null, text: string }} Choice */

const FEW = 7;
const MANY = 60;

class LkFacet extends LitElement {
  static properties = {
    choices: { attribute: false },
    chosen: { attribute: false },
    label: { attribute: false },
    tree: { type: Boolean },
    count: { state: true },
    words: { state: true },
    unfolded: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: grid; gap: 1px; }
      .line { display: flex; align-items: center; min-height: 28px; border-radius: 6px; }
      .line:hover { background: var(--lk-hover); }
      label { display: flex; align-items: center; gap: 8px; flex: 1; min-width: 0; padding: 3px 6px; cursor: pointer; }
      input[type="checkbox"] { width: 16px; height: 16px; margin: 0; flex: none; }
      input[type="search"] { min-height: 28px; margin-bottom: 4px; padding: 3px 8px; }
      .text { flex: 1; min-width: 0; overflow-wrap: anywhere; line-height: 1.3; }
      .number { font-size: 12px; font-variant-numeric: tabular-nums; }
      .unfold { width: 24px; min-height: 24px; margin-right: -4px; color: var(--lk-quiet); }
      .unfold .icon { width: 14px; height: 14px; transition: transform 0.12s; }
      .unfold[aria-expanded="true"] .icon { transform: rotate(90deg); }
      .leaf { width: 24px; margin-right: -4px; flex: none; }
      .more { justify-self: start; min-height: 26px; padding: 2px 6px; color: var(--lk-quiet); }
    `,
  ];

  constructor() {
    super();
    /** @type {Choice[]} */
    this.choices = [];
    /** The values that are asked for. @type {string[]} */
    this.chosen = [];
    this.label = "";
    /** Whether values are folders, of which one is asked for at a time. */
    this.tree = false;
    this.count = FEW;
    this.words = "";
    /** @type {Set<string>} */
    this.unfolded = new Set();
  }

  /** @param {string} value @param {boolean} on */
  pick(value, on) {
    this.dispatchEvent(new CustomEvent("lk-pick", { detail: { value, on } }));
  }

  render() {
    const { chosen, words, count } = this;
    const fits = words ? this.choices.filter(({ text }) => text.toLowerCase().includes(words.toLowerCase())) : this.choices;
    const isTree = this.tree && !words;
    const lines = isTree ? this.branches(fits) : fits;
    // What is asked for can always be taken back.
    const shown = lines.filter(({ value }, place) => place < count || chosen.includes(value));
    return html`
      ${this.choices.length > 2 * FEW
        ? html`<input type="search" placeholder=${t("library.facet.search")} aria-label="${this.label}: ${t("library.facet.search")}" .value=${words}
            @input=${(/** @type {Event} */ event) => (this.words = valueOf(event))} />`
        : null}
      ${shown.map((choice) => this.line(choice, isTree))}
      ${lines.length > shown.length
        ? html`<button type="button" class="plain more" aria-label="${this.label}: ${t("common.more")}" @click=${() => (this.count += MANY)}>${t("common.more")}</button>`
        : null}
      ${words && !lines.length ? html`<p class="quiet">${t("library.none")}</p>` : null}
    `;
  }

  /** Folders in their order, those below one that is folded left out. @param {Choice[]} choices */
  branches(choices) {
    const sorted = [...choices].sort((one, other) => one.value.localeCompare(other.value, undefined, { numeric: true }));
    return sorted.filter(({ value }) => above(value).every((each) => this.isOpen(each)));
  }

  /** @param {string} folder */
  isOpen(folder) {
    return this.unfolded.has(folder) || this.chosen.some((each) => each.startsWith(`${folder}/`));
  }

  /** @param {Choice} choice @param {boolean} isTree */
  line({ value, text, count }, isTree) {
    const depth = isTree ? above(value).length : 0;
    return html`
      <div class="line" style="padding-left: ${depth * 14}px">
        ${isTree ? this.unfolder(value) : null}
        <label>
          <input type="checkbox" .checked=${live(this.chosen.includes(value))}
            @change=${(/** @type {Event} */ { target }) => this.pick(value, /** @type {HTMLInputElement} */ (target).checked)} />
          <span class="text">${isTree ? value.split("/").at(-1) : text}</span>
          ${count === null ? null : html`<span class="number quiet">${number(count)}</span>`}
        </label>
      </div>
    `;
  }

  /** @param {string} value */
  unfolder(value) {
    if (!this.choices.some((each) => each.value.startsWith(`${value}/`))) return html`<span class="leaf"></span>`;
    const label = t("library.facet.unfold", { folder: value });
    const toggle = () => {
      const unfolded = new Set(this.unfolded);
      if (!unfolded.delete(value)) unfolded.add(value);
      this.unfolded = unfolded;
    };
    return html`<button type="button" class="plain square unfold" aria-expanded=${this.isOpen(value)} aria-label=${label} title=${label} @click=${toggle}>${icon("unfold")}</button>`;
  }
}
customElements.define("lk-facet", LkFacet);

/** The folders that one lies in. @param {string} folder */
const above = (folder) => folder.split("/").slice(0, -1).map((_, place, parts) => parts.slice(0, place + 1).join("/"));
