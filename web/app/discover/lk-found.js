/**
 * What a search of the site has found, as cards without an end, and what can be done to those that are selected. Dispatches
 * `lk-look` with one, `lk-fetch` and `lk-add` with some, and `lk-narrow` with another search.
 */
import { LitElement, createRef, css, html, ref } from "../vendor/lit.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { isOver, jobs } from "../queue/jobs.js";
import { siteSearch } from "./site-search.js";
import { NOTHING, partsOf } from "./site-wanted.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { followVeil } from "../parts/veil.js";
import { foundCard, foundStyles } from "./found-card.js";
import { LkGrid } from "../parts/lk-grid.js";

/** @typedef {import("../../types/lorakeeper").Found} Found */
/** @typedef {import("./site-wanted.js").Wanted} Wanted */

class LkFoundGrid extends LkGrid {
  static styles = [...LkGrid.styles, foundStyles];
}
customElements.define("lk-found-grid", LkFoundGrid);

export class LkFound extends LitElement {
  static properties = { current: { attribute: false }, busy: { attribute: false }, selection: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); min-height: 0; }
      .empty { grid-row: 1; }
      .empty p { max-width: 56ch; }
      lk-found-grid { grid-row: 1; }
      .end { display: grid; justify-items: center; gap: 8px; padding: 16px 14px 28px; text-align: center; overflow-wrap: anywhere; }
      .picked { grid-row: 2; display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: 6px 8px; padding: 6px 8px 10px 12px;
        border-top: 1px solid var(--lk-line); animation: rise 0.16s ease-out; }
      .picked .deeds { grid-column: 1 / -1; grid-row: 2; display: flex; gap: 8px; padding-right: 4px; }
      .picked .deeds button { flex: 1; min-height: 36px; padding-inline: 8px; white-space: nowrap; }
      @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
      @container app (width >= 460px) {
        .picked { grid-template-columns: minmax(0, 1fr) auto auto; padding-block: 8px; }
        .picked .deeds { grid-column: 2; grid-row: 1; }
        .picked .deeds button { flex: none; padding-inline: 14px; }
      }
      @container app (width >= 880px) { .picked { padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    /** The model that is open elsewhere. @type {number | null} */
    this.current = null;
    /** Whether something is being begun. */
    this.busy = false;
    /** The ids of what is selected. @type {Set<number>} */
    this.selection = new Set();
    /** The models that are being fetched. @type {Set<number>} */
    this.fetching = new Set();
    /** Counts what looks other than before without being other. */
    this.looks = 0;
    this.turn = 0;
    /** @type {{ value?: LkFoundGrid }} */
    this.grid = createRef();
    /** @type {() => void} */
    this.stop = () => {};
    this.changed = () => this.requestUpdate();
    this.counted = () => this.countJobs();
  }

  connectedCallback() {
    super.connectedCallback();
    siteSearch.addEventListener("change", this.changed);
    jobs.addEventListener("change", this.counted);
    this.stop = followVeil(() => this.redraw());
  }

  disconnectedCallback() {
    siteSearch.removeEventListener("change", this.changed);
    jobs.removeEventListener("change", this.counted);
    this.stop();
    super.disconnectedCallback();
  }

  willUpdate() {
    if (this.turn === siteSearch.turn) return;
    this.turn = siteSearch.turn;
    this.selection = new Set();
    void this.updateComplete.then(() => this.grid.value?.toStart());
  }

  /** Gives the focus to a model, where it is here. @param {number | null} id @returns {boolean} */
  focusModel(id) {
    const place = siteSearch.items.findIndex((item) => item.id === id);
    if (place < 0 || !this.grid.value) return false;
    this.grid.value.focusItem(place);
    return true;
  }

  /** Gives the focus to the model that had it last. */
  focus() {
    this.grid.value?.focusActive();
  }

  clear() {
    this.selection = new Set();
  }

  /** @param {string} name @param {unknown} detail */
  send(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  redraw() {
    this.looks++;
    this.requestUpdate();
  }

  countJobs() {
    const ids = jobs.list.flatMap((job) => (!isOver(job) && job.item?.model_id ? [job.item.model_id] : []));
    if (ids.length === this.fetching.size && ids.every((id) => this.fetching.has(id))) return;
    this.fetching = new Set(ids);
    this.redraw();
  }

  get selected() {
    return siteSearch.items.filter(({ id }) => this.selection.has(id));
  }

  /** @param {CustomEvent<{ index: number, from: number, how: "toggle" | "range" | "all" | "none" }>} event */
  select({ detail: { index, from, how } }) {
    const ids = siteSearch.items.map(({ id }) => id);
    const selection = new Set(how === "none" ? [] : this.selection);
    const id = ids[index];
    if (how === "all") ids.forEach((each) => selection.add(each));
    else if (how === "range") ids.slice(Math.min(index, from), Math.max(index, from) + 1).forEach((each) => selection.add(each));
    else if (how === "toggle" && id !== undefined && !selection.delete(id)) selection.add(id);
    this.selection = selection;
  }

  render() {
    const { answered, items, isTired, error } = siteSearch;
    if (!answered) return error ? null : this.welcome();
    if (!items.length && !isTired) return this.nothing(answered);
    const choose = (/** @type {CustomEvent<{ index: number }>} */ { detail }) => this.send("lk-look", siteSearch.items[detail.index]);
    return html`
      <lk-found-grid ${ref(this.grid)} .count=${items.length} .version=${`${siteSearch.version} ${this.looks}`} .label=${t("discover.results")}
        .item=${item} .key=${key} .cell=${this.cell} .selection=${this.selection} .current=${this.current}
        @lk-end=${() => siteSearch.more()} @lk-select=${this.select} @lk-choose=${choose}>${this.end()}</lk-found-grid>
      ${this.selection.size ? this.bar(this.selection.size) : null}
    `;
  }

  cell = (/** @type {Found} */ found, /** @type {number} */ _index, /** @type {import("../parts/lk-grid.js").Looks} */ looks) =>
    foundCard(found, looks, {
      busy: this.fetching.has(found.id),
      onFetch: () => this.send("lk-fetch", [found]),
      onAdd: () => this.send("lk-add", [found]),
    });

  /** What stands behind the last one: that it goes on, why it doesn't, or that it is over. */
  end() {
    const { answered, busy, error, isLater, isTired, cursor, items } = siteSearch;
    const again = (/** @type {string} */ label) => html`<button type="button" @click=${() => siteSearch.again()}>${label}</button>`;
    if (error && isLater) return html`<div class="end" role="alert"><p class="bad">${error}</p>${again(t("plan.again"))}</div>`;
    const tag = items.length ? "" : answered?.tag;
    if (isTired && !busy)
      return html`<div class="end"><p>${tag ? t("discover.tired.tag", { tag }) : t("discover.tired")}</p>${again(t("discover.tired.more"))}</div>`;
    const text = busy || cursor !== null ? t("common.loading") : t("discover.end", { count: number(items.length) });
    return html`<div class="end"><p class="quiet">${text}</p></div>`;
  }

  welcome() {
    return html`
      <div class="empty scroll">${icon("discover")}<h2>${t("discover.empty")}</h2><p>${t("discover.empty.hint")}</p>
        <button type="button" @click=${() => this.send("lk-narrow", { ...siteSearch.wanted, query: "" })}>${t("discover.popular")}</button>
      </div>
    `;
  }

  /** @param {Wanted} answered */
  nothing(answered) {
    const { query } = answered;
    const isNarrow = partsOf(answered).length > 0;
    return html`
      <div class="empty scroll">
        ${icon("discover")}<h2>${query ? t("discover.none", { query }) : t("discover.none.filters")}</h2>
        <p>${isNarrow ? t("discover.none.narrow") : t("discover.none.hint")}</p>
        ${isNarrow ? html`<button type="button" @click=${() => this.send("lk-narrow", { ...NOTHING, query })}>${t("discover.filters.clear")}</button>` : null}
      </div>
    `;
  }

  /** @param {number} count */
  bar(count) {
    return html`
      <div class="picked" role="group" aria-label=${t("discover.selected", { count })}>
        <span>${t("discover.selected", { count })}</span>
        <div class="deeds">
          <button type="button" @click=${() => this.send("lk-add", this.selected)}>${icon("add")}${t("discover.selected.plan", { count })}</button>
          <button type="button" class="primary" aria-disabled=${this.busy} @click=${() => !this.busy && this.send("lk-fetch", this.selected)}>
            ${icon("download")}${t("discover.selected.fetch", { count })}
          </button>
        </div>
        <button type="button" class="plain square" title=${t("discover.selected.none")} aria-label=${t("discover.selected.none")} @click=${this.clear}>
          ${icon("cancel")}
        </button>
      </div>
    `;
  }
}
customElements.define("lk-found", LkFound);

/** @param {number} index */
const item = (index) => siteSearch.at(index);

/** @param {number} index */
const key = (index) => siteSearch.items[index]?.id ?? -1 - index;
