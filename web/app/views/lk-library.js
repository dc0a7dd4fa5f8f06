/** The models on disk: search, kinds, what a report asked for, cards, and the details of one beside them or, in a narrow panel, over them. */
import { LitElement, createRef, css, html, live, ref, repeat } from "../vendor/lit.js";
import { library } from "../api.js";
import { comfy } from "../comfy.js";
import { onEvent, onResync } from "../events.js";
import { kindName, partsOf, without } from "../filters.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { card, cardStyles } from "./card.js";
import { focusOn, openView, valueOf } from "./dom.js";
import { moveFocus } from "./grid.js";
import "./lk-details.js";

/** @typedef {import("../../types/lorakeeper").Item} Item */
/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */

const PAGE = 60;
/** The most that the server gives at once. */
const MOST = 500;
const TYPING_MS = 150;
/** Offered as filters; others are found by searching. */
export const KINDS = ["loras", "checkpoints", "embeddings", "vae", "controlnet", "upscale_models", "diffusion_models"];

export class LkLibrary extends LitElement {
  static properties = {
    items: { state: true },
    total: { state: true },
    query: { state: true },
    kind: { state: true },
    filter: { state: true },
    selected: { state: true },
    active: { state: true },
    error: { state: true },
    busy: { state: true },
  };

  static styles = [
    base,
    cardStyles,
    css`
      :host { position: absolute; inset: 0; display: grid; grid-template-columns: minmax(0, 1fr); }
      .list { display: grid; grid-template-rows: repeat(3, auto) minmax(0, 1fr); min-height: 0; min-width: 0; }
      form { display: grid; grid-template-columns: minmax(0, 1fr) minmax(96px, 34%); gap: 8px; padding: 12px 12px 6px; }
      .search { position: relative; }
      .search .icon { position: absolute; inset: 0 auto 0 9px; margin: auto; width: 16px; color: var(--lk-quiet); pointer-events: none; }
      .search input { padding-left: 32px; }
      .filter { display: flex; flex-wrap: wrap; gap: 6px; padding: 4px 12px; }
      .filter .icon { width: 13px; height: 13px; }
      .count { grid-row: 3; padding: 2px 14px 2px; font-size: 12px; }
      .list > .scroll { grid-row: 4; }
      .cards { padding: 6px 12px 24px; }
      .end { height: 1px; }
      lk-details { position: absolute; inset: 0; z-index: 2; background: var(--lk-bg); animation: slide 0.16s ease-out; }
      @keyframes slide { from { transform: translateX(24px); opacity: 0; } }
      @container app (width >= 880px) {
        :host { grid-template-columns: minmax(0, 1fr) auto; }
        form { max-width: 640px; padding: 16px 20px 6px; }
        .filter { padding-inline: 20px; }
        .count { padding-inline: 22px; }
        .cards { padding-inline: 20px; }
        lk-details { position: relative; inset: auto; width: clamp(360px, 34cqw, 520px); border-left: 1px solid var(--lk-line); }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Item[] | null} */
    this.items = null;
    this.total = 0;
    this.query = "";
    this.kind = "";
    /** What it is narrowed to besides. @type {Filter} */
    this.filter = {};
    /** @type {number | null} */
    this.selected = null;
    /** The card that Tab reaches. */
    this.active = 0;
    this.error = "";
    this.busy = false;
    /** @type {string | null} */
    this.cursor = null;
    /** @type {(() => void)[]} */
    this.stops = [];
    /** @type {AbortController | undefined} */
    this.request = undefined;
    this.place = 0;
    this.end = createRef();
    this.scroller = createRef();
    this.near = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.more(), { rootMargin: "600px" });
  }

  connectedCallback() {
    super.connectedCallback();
    this.stops = [onEvent("library", ({ id }) => this.refresh(id)), onResync(() => this.load(true))];
    // What happened while the panel was closed was not heard.
    this.load(Boolean(this.items));
    const { place } = this;
    this.updateComplete.then(() => this.scroller.value?.scrollTo(0, place));
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
    super.disconnectedCallback();
  }

  updated() {
    this.near.disconnect();
    if (this.end.value && this.cursor) this.near.observe(this.end.value);
  }

  /** Reads the list from its beginning. @param {boolean} [again] as much of it as is there now, at the same place */
  async load(again = false) {
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    const limit = again ? Math.min(MOST, Math.max(PAGE, this.items?.length ?? 0)) : PAGE;
    try {
      const page = await library.page({ ...this.asked, limit }, signal);
      this.items = page.items;
      this.total = page.total ?? page.items.length;
      this.cursor = page.next_cursor;
      this.error = "";
      if (again) return;
      this.active = 0;
      this.scroller.value?.scrollTo(0, 0);
    } catch (error) {
      if (!signal.aborted) this.error = /** @type {Error} */ (error).message;
    }
  }

  async more() {
    if (this.busy || !this.cursor || !this.items) return;
    this.busy = true;
    const { request } = this;
    try {
      const page = await library.page({ ...this.asked, limit: PAGE, cursor: this.cursor }, request?.signal);
      if (request !== this.request) return;
      this.items = [...this.items, ...page.items];
      this.cursor = page.next_cursor;
    } catch (error) {
      if (!request?.signal.aborted) messages.error(error);
    } finally {
      this.busy = false;
    }
  }

  /** A model came, changed or went. @param {number} id */
  async refresh(id) {
    const known = this.items?.findIndex((item) => item.id === id) ?? -1;
    if (known < 0) {
      await this.load(true);
      return;
    }
    try {
      const item = await library.get(id);
      this.items = (this.items ?? []).map((each) => (each.id === id ? item : each));
    } catch {
      // It is gone: what is there now is what the list says.
      await this.load(true);
    }
  }

  /** @param {string} kind */
  chooseKind(kind) {
    const { kind: _, ...rest } = this.filter;
    this.kind = kind;
    this.filter = rest;
    void this.load();
  }

  /** @param {string} text */
  search(text) {
    this.query = text;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.load(), TYPING_MS);
  }

  /** What the list is asked for. @returns {Filter} */
  get asked() {
    return { ...this.filter, query: this.query, ...(this.kind ? { kind: this.kind } : {}) };
  }

  /** Shows what fits, and nothing of what was asked for before. @param {Filter} filter */
  openFilter(filter) {
    clearTimeout(this.typing);
    this.selected = null;
    this.query = typeof filter.query === "string" ? filter.query : "";
    this.kind = "";
    this.filter = filter;
    return this.load();
  }

  /** @param {import("../filters.js").Part} part @param {number} index */
  async drop(part, index) {
    this.filter = without(this.filter, part);
    void this.load();
    await this.updateComplete;
    focusOn(this, index < partsOf(this.filter).length ? `.filter li:nth-child(${index + 1}) button` : ".search input");
  }

  /** @param {number} id */
  openItem(id) {
    this.selected = id;
  }

  closeItem() {
    const id = this.selected;
    this.selected = null;
    this.updateComplete.then(() => focusOn(this, `[data-id="${id}"] .open`));
  }

  render() {
    return html`
      <div class="list" ?inert=${this.selected !== null && this.isNarrow}>
        <form role="search" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
          <div class="search">
            ${icon("discover")}
            <input type="search" placeholder=${t("library.search")} aria-label=${t("library.search")} .value=${this.query}
              @input=${(/** @type {Event} */ event) => this.search(valueOf(event))} />
          </div>
          <select aria-label=${t("library.kind")} .value=${live(this.kind)} @change=${(/** @type {Event} */ event) => this.chooseKind(valueOf(event))}>
            <option value="">${t("library.kind.all")}</option>
            ${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${kindName(kind)}</option>`)}
          </select>
        </form>
        ${this.chips()}
        <p class="count quiet" role="status">${this.items ? count(this.total) : t("common.loading")}</p>
        <div class="scroll" ${ref(this.scroller)} @scroll=${this.keepPlace}>
          ${this.error ? html`<p class="note bad" role="alert" style="margin: 12px">${icon("broken")}${this.error}</p>` : this.content()}
        </div>
      </div>
      ${this.selected === null
        ? null
        : html`<lk-details .itemId=${this.selected} @lk-close=${this.closeItem} @lk-changed=${this.replace}></lk-details>`}
    `;
  }

  chips() {
    const parts = partsOf(this.filter);
    if (!parts.length) return null;
    return html`<ul class="filter" aria-label=${t("library.filter")}>
      ${parts.map((part, index) => {
        const label = t("library.filter.remove", { part: part.text });
        return html`<li>
          <button type="button" class="chip" title=${label} aria-label=${label} @click=${() => this.drop(part, index)}>${part.text}${icon("cancel")}</button>
        </li>`;
      })}
    </ul>`;
  }

  content() {
    return this.items?.length ? this.cards(this.items) : this.items && this.empty();
  }

  /** @param {Event} event */
  keepPlace(event) {
    this.place = /** @type {HTMLElement} */ (event.target).scrollTop;
  }

  /** @param {CustomEvent<Item>} event */
  replace({ detail }) {
    this.items = (this.items ?? []).map((each) => (each.id === detail.id ? detail : each));
  }

  get isNarrow() {
    return this.clientWidth < 880;
  }

  /** @param {Item[]} items */
  cards(items) {
    return html`
      <ul class="cards" aria-label=${t("library.list")} @keydown=${moveFocus}>
        ${repeat(
          items,
          (item) => item.id,
          (item, index) =>
            card(item, {
              current: item.id === this.selected,
              reachable: index === Math.min(this.active, items.length - 1),
              onOpen: () => this.openItem(item.id),
              onFocus: () => (this.active = index),
              onAdd: comfy?.canLoad(item.kind) ? () => addToGraph(item) : undefined,
            }),
        )}
      </ul>
      <div class="end" ${ref(this.end)}></div>
    `;
  }

  empty() {
    const filtered = Boolean(this.query || this.kind || partsOf(this.filter).length);
    const [title, hint, action] = filtered
      ? ["library.none", "library.none.hint", "library.none.action"]
      : ["library.empty", "library.empty.hint", "library.empty.action"];
    const act = () => {
      if (!filtered) return openView(this, "discover");
      this.query = this.kind = "";
      this.filter = {};
      return this.load();
    };
    return html`
      <div class="empty">
        ${icon("library")}
        <h2>${t(title)}</h2>
        <p>${t(hint)}</p>
        <button type="button" class=${filtered ? "" : "primary"} @click=${act}>${t(action)}</button>
      </div>
    `;
  }
}
customElements.define("lk-library", LkLibrary);

/** @param {number} total */
const count = (total) => t("library.count", { count: number(total) });

/** @param {Item} item */
export async function addToGraph(item) {
  try {
    await comfy?.addLoader(item);
    messages.info(t("item.added", { title: item.title }));
  } catch (error) {
    messages.error(error);
  }
}
