/** What the library's list can be narrowed to: every value that leads to something, with how much; and searches that have a name. */
import { LitElement, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { LISTS, partsOf, wording } from "./filters.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { closeByEscape, focusOn } from "../parts/dom.js";
import "./lk-facet.js";
import "./lk-saved-filters.js";

/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */
/** @typedef {import("../../types/lorakeeper").Facets} Facets */
/** @typedef {import("./lk-facet.js").Choice} Choice */

const WAIT_MS = 120;
const KEPT_FOLDED = "lorakeeper.library.folded";
const SECTIONS = ["kind", "flags", "base_model", "family", "folder", "tag", "creator", "nsfw"];
const FLAGS = ["favourite", "has_words", "has_update", "unused", "duplicate", "missing", "broken", "trashed"];
const FOLDED = ["family", "creator", "nsfw"];
/** The levels as the site counts them, and their names. */
const LEVELS = { 1: "PG", 2: "PG13", 4: "R", 8: "X", 16: "XXX" };

export class LkFilters extends LitElement {
  static properties = { query: { attribute: false }, version: { attribute: false }, facets: { state: true }, folded: { state: true }, error: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr); min-width: 0; }
      header { display: flex; align-items: center; gap: 4px; padding: 8px 8px 8px 14px; border-bottom: 1px solid var(--lk-line); min-height: 47px; }
      header h2 { flex: 1; }
      .scroll { padding: 8px 8px 24px; }
      section { padding: 2px 0; }
      section + section { border-top: 1px solid var(--lk-line); }
      h3 { font: inherit; letter-spacing: 0; text-transform: none; color: inherit; }
      .fold { width: 100%; justify-content: flex-start; padding: 6px; font-weight: 600; min-height: 34px; }
      .fold .icon { width: 14px; height: 14px; color: var(--lk-quiet); transition: transform 0.12s; }
      .fold[aria-expanded="true"] .icon { transform: rotate(90deg); }
      .number { min-width: 18px; padding: 0 5px; border-radius: 9px; font-size: 11px; font-weight: 700; line-height: 18px; text-align: center; background: var(--lk-strong); color: #fff; }
      lk-facet, lk-saved-filters { padding: 0 2px 8px; }
      .note { margin: 8px; }
    `,
  ];

  constructor() {
    super();
    /** What the list is asked for. @type {Filter} */
    this.query = {};
    /** Something else when other models are there. @type {unknown} */
    this.version = 0;
    /** @type {Facets | null} */
    this.facets = null;
    this.error = "";
    /** @type {Set<string>} */
    this.folded = new Set(localStorage.getItem(KEPT_FOLDED)?.split(",") ?? FOLDED);
    this.asked = "";
    /** @type {AbortController | undefined} */
    this.request = undefined;
    closeByEscape(this, () => this.close());
  }

  disconnectedCallback() {
    clearTimeout(this.waiting);
    this.request?.abort();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    const { sort: _, descending: __, ...query } = this.query;
    const asked = JSON.stringify([query, this.version]);
    if (!(changed.has("query") || changed.has("version")) || asked === this.asked) return;
    this.asked = asked;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.read(query), this.facets ? WAIT_MS : 0);
  }

  firstUpdated() {
    focusOn(this, ".close");
  }

  /** @param {Filter} query */
  async read(query) {
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    try {
      this.facets = await library.facets(query, signal);
      this.error = "";
    } catch (error) {
      if (!signal.aborted) this.error = /** @type {Error} */ (error).message;
    }
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** What the list is narrowed to, without words and order. @returns {Filter} */
  get filter() {
    const { query: _, sort: __, descending: ___, ...filter } = this.query;
    return filter;
  }

  /** @param {string} name @returns {string[]} */
  chosen(name) {
    const value = this.query[name];
    return [value ?? []].flat().map(String);
  }

  /** @param {string} name @param {string} value @param {boolean} on */
  pick(name, value, on) {
    const { [name]: _, ...rest } = this.filter;
    let left;
    if (LISTS.has(name)) left = on ? [...this.chosen(name), value] : this.chosen(name).filter((each) => each !== value);
    else if (on) left = name === "nsfw" ? Number(value) : value;
    const filter = left === undefined || (Array.isArray(left) && !left.length) ? rest : { ...rest, [name]: left };
    this.dispatchEvent(new CustomEvent("lk-narrow", { detail: filter }));
  }

  /** @param {string} flag as `favourite true` @param {boolean} on */
  pickFlag(flag, on) {
    const [name = "", value] = flag.split(" ");
    const { [name]: _, ...rest } = this.filter;
    this.dispatchEvent(new CustomEvent("lk-narrow", { detail: on ? { ...rest, [name]: value === "true" } : rest }));
  }

  render() {
    return html`
      <header>
        <h2>${t("library.filters")}</h2>
        ${partsOf(this.filter).length
          ? html`<button type="button" class="plain" @click=${() => this.dispatchEvent(new CustomEvent("lk-narrow", { detail: {} }))}>${t("library.filter.clear")}</button>`
          : null}
        <button type="button" class="plain square close" title=${t("library.filters.close")} aria-label=${t("library.filters.close")} @click=${this.close}>${icon("cancel")}</button>
      </header>
      <div class="scroll" tabindex="-1">
        ${this.error ? html`<p class="note bad" role="alert">${icon("broken")}${this.error}</p>` : null}
        <lk-saved-filters .query=${this.query}></lk-saved-filters>
        ${SECTIONS.map((name) => this.section(name))}
      </div>
    `;
  }

  /** @param {string} name */
  section(name) {
    const choices = this.choices(name);
    const chosen = name === "flags" ? choices.map(({ value }) => value).filter((each) => this.isFlagged(each)) : this.chosen(name);
    if (!choices.length) return null;
    const open = !this.folded.has(name);
    const label = t(`library.section.${name}`);
    return html`
      <section aria-label=${label}>
        <h3><button type="button" class="plain fold" aria-expanded=${open} @click=${() => this.fold(name)}>
          ${icon("unfold")}<span class="grow" style="text-align: start">${label}</span>${chosen.length ? html`<span class="number">${chosen.length}</span>` : null}
        </button></h3>
        ${open
          ? html`<lk-facet .choices=${choices} .chosen=${chosen} .label=${label} ?tree=${name === "folder"}
              @lk-pick=${(/** @type {CustomEvent<{ value: string, on: boolean }>} */ { detail: { value, on } }) =>
                name === "flags" ? this.pickFlag(value, on) : this.pick(name, value, on)}></lk-facet>`
          : null}
      </section>
    `;
  }

  /** @param {string} name */
  fold(name) {
    const folded = new Set(this.folded);
    if (!folded.delete(name)) folded.add(name);
    this.folded = folded;
    localStorage.setItem(KEPT_FOLDED, [...folded].join());
  }

  /** @param {string} flag */
  isFlagged(flag) {
    const [name = "", value] = flag.split(" ");
    return String(this.query[name]) === value;
  }

  /** The values that lead to something, and those that are asked for. @param {string} name @returns {Choice[]} */
  choices(name) {
    if (!this.facets) return [];
    if (name === "flags") return this.flags();
    if (name === "nsfw") return this.levels();
    const counts = this.facets[name] ?? [];
    const known = new Set(counts.map(({ value }) => value));
    const lost = this.chosen(name).filter((value) => !known.has(value)).map((value) => ({ value, count: 0 }));
    return [...counts.filter(({ count }) => count), ...lost].map(({ value, count }) => ({ value, count, text: bare(name, value) }));
  }

  /** @returns {Choice[]} */
  flags() {
    const every = FLAGS.flatMap((name) =>
      ["true", "false"].map((value) => {
        const count = this.facets?.[name]?.find((each) => each.value === value)?.count ?? 0;
        return { value: `${name} ${value}`, count, text: wording(name, value === "true"), shown: value === "true" && count > 0 };
      }),
    );
    return every.filter(({ value, shown }) => shown || this.isFlagged(value));
  }

  /** How many there are up to each level; none for those that all are below of. @returns {Choice[]} */
  levels() {
    const counts = this.facets?.nsfw_level ?? [];
    const all = counts.reduce((sum, { count }) => sum + count, 0);
    const levels = Object.entries(LEVELS).map(([level, text]) => {
      const below = counts.filter(({ value }) => Number(value) < 2 * Number(level)).reduce((sum, { count }) => sum + count, 0);
      return { value: level, count: below, text: t("library.level", { level: text }) };
    });
    return levels.filter(({ value, count }) => (count && count < all) || this.chosen("nsfw").includes(value));
  }
}
customElements.define("lk-filters", LkFilters);

/** A value by its name alone: what it is of is said above. @param {string} name @param {string} value */
const bare = (name, value) => (value === "" || name === "kind" ? wording(name, value) : value);
