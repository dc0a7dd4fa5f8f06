/** The models on disk: search, order, filters, as many as there are in a grid, and the details of one beside them or, in a narrow panel, over them. */
import { LitElement, createRef, html, ref } from "../vendor/lit.js";
import { comfy } from "../graph/comfy.js";
import { partsOf, searched, without } from "./filters.js";
import { bytes, number } from "../format.js";
import { icon } from "../icons.js";
import { LibraryList } from "./list.js";
import { messages } from "../messages.js";
import { Selection } from "./selection.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { followVeil } from "../parts/veil.js";
import { card } from "./card.js";
import { focusOn, openView, valueOf } from "../parts/dom.js";
import { late } from "../parts/late.js";
import { libraryStyles } from "./styles.js";
import "./lk-bulk.js";
import "./lk-filters.js";
import "../parts/lk-grid.js";
import "./lk-upkeep.js";

/** @typedef {import("../../types/lorakeeper").Item} Item */
/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */
/** @typedef {{ by: string, descending: boolean | null }} Order null is the usual direction */

const TYPING_MS = 150;
/** The names of kinds that are said first, where a kind is chosen. */
export const KINDS = ["loras", "checkpoints", "embeddings", "vae", "controlnet", "upscale_models", "diffusion_models"];
const ORDERS = ["added", "name", "changed", "size", "last_used", "uses", "rating"];
const KEPT_LAYOUT = "lorakeeper.library.layout";
/** Where the details, and the filters, stand beside the list. */
const BESIDE = 880;
const COLUMN = 1000;

export class LkLibrary extends LitElement {
  static properties = {
    query: { state: true },
    filter: { state: true },
    order: { state: true },
    layout: { state: true },
    opened: { state: true },
    filters: { state: true },
    version: { state: true },
  };

  static styles = [base, libraryStyles];

  constructor() {
    super();
    this.list = new LibraryList();
    this.selection = new Selection(this.list);
    this.query = "";
    /** What it is narrowed to besides. @type {Filter} */
    this.filter = {};
    /** @type {Order} */
    this.order = { by: "added", descending: null };
    /** @type {"cards" | "list"} */
    this.layout = localStorage.getItem(KEPT_LAYOUT) === "list" ? "list" : "cards";
    /** The model whose details are shown. @type {number | null} */
    this.opened = null;
    /** Whether the filters are shown. */
    this.filters = false;
    this.version = 0;
    /** What the list had to complain of when it was drawn. */
    this.said = "";
    /** @type {(() => void)[]} */
    this.stops = [];
    this.grid = /** @type {{ value?: import("../parts/lk-grid.js").LkGrid }} */ (createRef());
    this.changed = () => (this.version += 1);
    this.list.addEventListener("renewed", this.changed);
    // While somebody scrolls, what comes is drawn and nothing else.
    this.list.addEventListener("change", () => (this.selection.size || this.said !== this.list.error ? this.changed() : this.grid.value?.draw()));
    this.selection.addEventListener("change", this.changed);
    this.cell = this.cell.bind(this);
    this.item = (/** @type {number} */ index) => this.list.item(index);
    this.key = (/** @type {number} */ index) => this.list.key(index);
  }

  connectedCallback() {
    super.connectedCallback();
    this.list.start();
    this.stops = [() => this.list.stop(), followVeil(this.changed)];
    if (this.list.total === null) void this.load();
    else {
      // What happened while the panel was closed was not heard.
      this.list.hear(null);
      void this.list.renew();
    }
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
    super.disconnectedCallback();
  }

  /** What the list is asked for. @returns {Filter} */
  get asked() {
    const { by, descending } = this.order;
    return { ...this.filter, query: this.query, sort: by === "added" ? null : by, descending };
  }

  /** Reads another list from its beginning. */
  async load() {
    clearTimeout(this.typing);
    this.grid.value?.toStart();
    await this.list.load(this.asked);
  }

  /** @param {string} text */
  search(text) {
    this.query = text;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.load(), TYPING_MS);
  }

  /** @param {Filter} filter */
  narrow(filter) {
    this.filter = filter;
    return this.load();
  }

  /** @param {Order} order */
  sort(order) {
    this.order = order;
    return this.load();
  }

  /** Shows what fits, and nothing of what was asked for before. @param {Filter} filter */
  openFilter(filter) {
    const { query, sort, descending, limit: _, cursor: __, ...rest } = filter;
    this.opened = null;
    this.query = typeof query === "string" ? query : "";
    this.order = { by: typeof sort === "string" ? sort : "added", descending: typeof descending === "boolean" ? descending : null };
    return this.narrow(rest);
  }

  /** @param {import("./filters.js").Part} part @param {number} index */
  async drop(part, index) {
    void this.narrow(without(this.filter, part));
    await this.updateComplete;
    focusOn(this, index < partsOf(this.filter).length ? `.parts li:nth-child(${index + 1}) button` : ".search input");
  }

  clear() {
    this.query = "";
    void this.narrow({});
    focusOn(this, ".search input");
  }

  /** @param {number} id */
  openItem(id) {
    void late(import("../details/lk-details.js"));
    this.opened = id;
  }

  async closeItem() {
    const index = this.list.order.indexOf(this.opened ?? -1);
    this.opened = null;
    await this.updateComplete;
    if (index >= 0) this.grid.value?.focusItem(index);
    else focusOn(this, ".search input");
  }

  toggleLayout() {
    this.layout = this.layout === "cards" ? "list" : "cards";
    localStorage.setItem(KEPT_LAYOUT, this.layout);
  }

  async closeFilters() {
    this.filters = false;
    await this.updateComplete;
    focusOn(this, ".filters");
  }

  /** @param {number} width */
  isUnder(width) {
    return this.clientWidth > 0 && this.clientWidth < width;
  }

  render() {
    const covered = (this.opened !== null && this.isUnder(BESIDE)) || (this.filters && this.isUnder(COLUMN));
    return html`
      ${this.filters
        ? html`<lk-filters .query=${this.asked} .version=${this.list.renewals} ?inert=${this.opened !== null && this.isUnder(BESIDE)}
            @lk-narrow=${(/** @type {CustomEvent<Filter>} */ { detail }) => this.narrow(detail)}
            @lk-open-filter=${(/** @type {CustomEvent<Filter>} */ { detail }) => this.openFilter(detail)} @lk-close=${this.closeFilters}></lk-filters>`
        : null}
      <div class="list" ?inert=${covered}>
        ${this.bar()}${this.parts()}
        <lk-scanning></lk-scanning>
        ${this.content()}
        ${this.selection.size ? html`<lk-bulk .selection=${this.selection} .total=${this.list.total ?? 0} .version=${this.version} @lk-done=${this.bulkDone}></lk-bulk>` : null}
      </div>
      ${this.opened === null
        ? null
        : html`<lk-details .itemId=${this.opened} @lk-close=${this.closeItem} @lk-changed=${this.replace}></lk-details>`}
    `;
  }

  bar() {
    const active = partsOf(this.filter).length;
    const filters = active ? t("library.filters.count", { count: active }) : t("library.filters");
    return html`
      <form role="search" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <div class="search">
          ${icon("discover")}
          <input type="search" placeholder=${t("library.search")} aria-label=${t("library.search")} .value=${this.query}
            @input=${(/** @type {Event} */ event) => this.search(valueOf(event))} @keydown=${this.leaveSearch} />
        </div>
        <button type="button" class="filters" title=${filters} aria-label=${filters} aria-expanded=${this.filters}
          @click=${() => (this.filters = !this.filters)}>
          ${icon("filter")}${active ? html`<span class="number">${active}</span>` : null}
        </button>
      </form>
      <div class="tools">
        <p class="count quiet" role="status">${this.list.total === null ? t("common.loading") : count(this.list.total)}</p>
        ${this.sorting()}
        <lk-upkeep></lk-upkeep>
      </div>
    `;
  }

  sorting() {
    const { by, descending } = this.order;
    const down = descending ?? by !== "name";
    const direction = t(down ? "library.sort.down" : "library.sort.up");
    const layout = t(this.layout === "cards" ? "library.layout.list" : "library.layout.cards");
    return html`
      <select class="order" aria-label=${t("library.sort")} @change=${(/** @type {Event} */ event) => this.sort({ by: valueOf(event), descending: null })}>
        ${ORDERS.map((each) => html`<option value=${each} .selected=${each === by}>${t(`library.sort.${each}`)}</option>`)}
      </select>
      <button type="button" class="plain square direction" title=${direction} aria-label=${direction} @click=${() => this.sort({ by, descending: !down })}>
        <span class=${down ? "down" : ""}>${icon("up")}</span>
      </button>
      <button type="button" class="plain square layout" title=${layout} aria-label=${layout} @click=${this.toggleLayout}>
        ${icon(this.layout === "cards" ? "lines" : "cards")}
      </button>
    `;
  }

  parts() {
    const parts = partsOf(this.filter);
    if (!parts.length) return null;
    return html`<div class="parts">
      <ul aria-label=${t("library.filter")}>
        ${parts.map((part, index) => {
          const label = t("library.filter.remove", { part: part.text });
          return html`<li>
            <button type="button" class="chip" title=${label} aria-label=${label} @click=${() => this.drop(part, index)}>${part.text}${icon("cancel")}</button>
          </li>`;
        })}
      </ul>
      ${parts.length > 1 ? html`<button type="button" class="plain" @click=${this.clear}>${t("library.filter.clear")}</button>` : null}
    </div>`;
  }

  content() {
    const { list } = this;
    this.said = list.error;
    const failure = list.error ? html`<p class="note bad" role="alert">${icon("broken")}${list.error}</p>` : null;
    if (!list.total) return failure ?? (list.total === 0 ? this.empty() : html`<div class="rest"></div>`);
    return html`
      ${failure}
      <lk-grid class="scroll" .count=${list.total} .item=${this.item} .key=${this.key} .cell=${this.cell} .layout=${this.layout} .version=${this.version}
        .selection=${this.selection.ids} .current=${this.opened} .label=${t("library.list")} .drag=${comfy ? drag : null} ${ref(this.grid)}
        @lk-range=${(/** @type {CustomEvent} */ { detail }) => list.want(detail)}
        @lk-choose=${(/** @type {CustomEvent<{ index: number }>} */ { detail }) => this.openItem(Number(list.key(detail.index)))}
        @lk-select=${(/** @type {CustomEvent} */ { detail }) => this.selection.change(detail).catch((error) => messages.error(error))}>
        ${this.selection.size ? html`<div class="under"></div>` : null}
      </lk-grid>
    `;
  }

  /** @param {Item} item @param {number} _ @param {import("../parts/lk-grid.js").Looks} looks */
  cell(item, _, looks) {
    const onAdd = item.state === "present" && comfy?.canLoad(item.kind) ? () => addToGraph(item) : undefined;
    return card(item, looks, { onAdd, size: this.layout === "list" ? bytes(item.size) : undefined });
  }

  /** @param {CustomEvent<Item>} event */
  replace({ detail }) {
    this.list.put(detail);
  }

  bulkDone() {
    if (!this.selection.size) this.grid.value?.focusActive();
  }

  /** The arrow down leads from the words to what they found. @param {KeyboardEvent} event */
  leaveSearch(event) {
    if (event.key !== "ArrowDown" || !this.grid.value) return;
    event.preventDefault();
    this.grid.value.focusItem(this.grid.value.active);
  }

  empty() {
    const filtered = searched(this.asked);
    const [title, hint, action] = filtered
      ? ["library.none", "library.none.hint", "library.none.action"]
      : ["library.empty", "library.empty.hint", "library.empty.action"];
    return html`
      <div class="empty rest">
        ${icon("library")}
        <h2>${t(title)}</h2>
        <p>${t(hint)}</p>
        <button type="button" class=${filtered ? "" : "primary"} @click=${() => (filtered ? this.clear() : openView(this, "discover"))}>${t(action)}</button>
      </div>
    `;
  }
}
customElements.define("lk-library", LkLibrary);

/** @param {number} total */
const count = (total) => t("library.count", { count: number(total) });

/** @param {Item} item @param {DataTransfer} transfer */
function drag(item, transfer) {
  if (!comfy?.canLoad(item.kind)) return false;
  comfy.fillDrag(transfer, item);
  return true;
}

/** @param {Item} item */
export async function addToGraph(item) {
  try {
    await comfy?.addLoader(item);
    messages.info(t("item.added", { title: item.title }));
  } catch (error) {
    messages.error(error);
  }
}
