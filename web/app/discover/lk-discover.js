/** Finding models: the box, what the search is narrowed to, what it has found, and one of them beside it or, in a narrow panel, over it. */
import { LitElement, css, html } from "../vendor/lit.js";
import { fetchAll, fetchOne, targetOf, targetsOf } from "./adding.js";
import { civitai } from "../api.js";
import { icon } from "../icons.js";
import { ofPlan } from "../queue/intake.js";
import { messages } from "../messages.js";
import { siteSearch } from "./site-search.js";
import { partsOf, wantedOf, without } from "./site-wanted.js";
import { t } from "../strings.js";
import { isDoubtful, isTarget } from "./targets.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { deepFocus, openPlan } from "../parts/dom.js";
import "./lk-add-to-plan.js";
import "./lk-found.js";
import "./lk-preview.js";
import "./lk-search-box.js";
import "./lk-search-filters.js";

/** @typedef {import("../../types/lorakeeper").Found} Found */
/** @typedef {import("../../types/lorakeeper").Resolved} Resolved */
/** @typedef {import("./site-wanted.js").Wanted} Wanted */
/** @typedef {import("./adding.js").Target} Target */
/** @typedef {import("./lk-add-to-plan.js").Added} Added */

/** From this width on the filters stand beside the list. */
const WIDE = 1000;
/** And from this one the preview does. */
const HALF = 880;

export class LkDiscover extends LitElement {
  static properties = {
    resolved: { state: true },
    busy: { state: true },
    error: { state: true },
    width: { state: true },
    filters: { state: true },
    adding: { state: true },
    said: { state: true },
  };

  static styles = [
    base,
    css`
      :host { position: absolute; inset: 0; display: grid; grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); --lk-edge: 12px; }
      .main { position: relative; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); min-height: 0; }
      .list { display: grid; grid-template: auto auto auto auto minmax(0, 1fr) / minmax(0, 1fr); min-height: 0; }
      .parts { grid-row: 2; display: flex; flex-wrap: wrap; gap: 6px; padding: 0 var(--lk-edge) 8px; max-height: 96px; }
      .parts .chip { font-size: 12px; padding-inline-end: 5px; }
      .parts .icon { width: 13px; height: 13px; }
      .line { grid-row: 3; height: 2px; margin: 0 var(--lk-edge); border-radius: 1px; overflow: hidden; }
      .line.busy::after { content: ""; display: block; height: 100%; width: 40%; background: var(--lk-accent); animation: run 1s linear infinite; }
      @keyframes run { from { transform: translateX(-100%); } to { transform: translateX(250%); } }
      .note { grid-row: 4; margin: 4px var(--lk-edge); align-items: start; }
      .note button { margin-top: 6px; }
      lk-found { grid-row: 5; }
      lk-search-filters.over, lk-preview { position: absolute; inset: 0; z-index: 2; background: var(--lk-bg); animation: slide 0.16s ease-out; }
      lk-search-filters.over { animation-name: slideBack; max-width: 420px; border-right: 1px solid var(--lk-line); }
      lk-preview { z-index: 3; }
      @keyframes slide { from { transform: translateX(24px); opacity: 0; } }
      @keyframes slideBack { from { transform: translateX(-24px); opacity: 0; } }
      lk-add-to-plan { position: absolute; inset: 0; z-index: 4; }
      .said { display: flex; align-items: center; gap: 8px; padding: 8px 8px 8px 12px; border-top: 1px solid var(--lk-line); background: var(--lk-raised); }
      .said .grow { overflow-wrap: anywhere; }
      .said button { flex: none; }
      @container app (width >= 880px) {
        :host { --lk-edge: 20px; }
        .main { grid-template-columns: minmax(0, 1fr) auto; }
        lk-preview { position: relative; inset: auto; width: clamp(360px, 34cqw, 520px); border-left: 1px solid var(--lk-line); }
      }
      @container app (width >= 1000px) {
        .main.beside { grid-template-columns: 264px minmax(0, 1fr) auto; }
        lk-search-filters { border-right: 1px solid var(--lk-line); }
      }
    `,
  ];

  constructor() {
    super();
    /** What is previewed. @type {Resolved | null} */
    this.resolved = null;
    /** Whether something is being looked up, or begun. */
    this.busy = false;
    this.error = "";
    this.width = 0;
    /** Whether the filters are shown; null is where there is room for them. @type {boolean | null} */
    this.filters = null;
    /** What is to be put into a plan. @type {Target[] | null} */
    this.adding = null;
    /** What was put where. @type {Added | null} */
    this.said = null;
    /** @type {AbortController | undefined} */
    this.request = undefined;
    this.turns = new Turns();
    /** What had the focus before the chooser. @type {Element | null} */
    this.opener = null;
    this.changed = () => this.requestUpdate();
    this.sizes = new ResizeObserver(() => (this.width = this.clientWidth));
  }

  connectedCallback() {
    super.connectedCallback();
    siteSearch.start();
    siteSearch.addEventListener("change", this.changed);
    this.sizes.observe(this);
  }

  disconnectedCallback() {
    siteSearch.removeEventListener("change", this.changed);
    this.sizes.disconnect();
    super.disconnectedCallback();
  }

  /** @returns {import("./lk-found.js").LkFound | null} */
  get found() {
    return this.renderRoot.querySelector("lk-found");
  }

  /** @returns {import("./lk-search-box.js").LkSearchBox | null} */
  get box() {
    return this.renderRoot.querySelector("lk-search-box");
  }

  get hasFilters() {
    return this.filters ?? this.width >= WIDE;
  }

  // -- Searching -----------------------------------------------------------------------------------------------------

  /** Searches for what another view asks for: `{ query, types, base_models, sort, period, tag, username, target }`, any of them. @param {Record<string, unknown>} search */
  openSearch({ target, ...others }) {
    const wanted = wantedOf(others);
    this.adding = this.resolved = null;
    if (this.width < WIDE) this.filters = null;
    siteSearch.text = target ? String(target) : wanted.query;
    if (target) void this.resolve(String(target));
    else this.search(wanted);
  }

  go() {
    const text = siteSearch.text.trim();
    if (isTarget(text)) void this.resolve(text);
    else this.search({ ...siteSearch.wanted, query: text });
  }

  /** The same words, narrowed otherwise. A target is no words. @param {Wanted} wanted */
  narrow(wanted) {
    const text = siteSearch.text.trim();
    if (isTarget(text) && text !== wanted.query) siteSearch.text = "";
    this.search({ ...wanted, query: siteSearch.text.trim() });
  }

  /** @param {Wanted} wanted */
  search(wanted) {
    this.request?.abort();
    this.busy = false;
    this.error = "";
    void siteSearch.run(wanted);
  }

  /** @param {string} target */
  resolve(target) {
    return this.run(async (signal) => {
      this.resolved = await civitai.resolve(target, null, signal);
    });
  }

  /** Runs `work` as the one request that counts, and shows that it runs and how it failed. @param {(signal: AbortSignal) => Promise<void>} work */
  async run(work) {
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    this.busy = true;
    this.error = "";
    try {
      await work(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    if (!signal.aborted) this.busy = false;
  }

  // -- Deeds ---------------------------------------------------------------------------------------------------------

  /** @param {Found[]} found */
  fetch(found) {
    const [only] = found;
    return found.length === 1 && only ? this.fetchOne(only) : this.fetchMany(targetsOf(found));
  }

  /** @param {Found} found */
  fetchOne(found) {
    return this.begin(String(found.id), async () => {
      const unclear = await fetchOne(found);
      if (unclear) this.resolved = unclear;
      else messages.info(t("discover.fetching", { name: found.name }));
    });
  }

  /** @param {Target[]} targets */
  fetchMany(targets) {
    return this.begin("many", async () => {
      const { plan, started } = await fetchAll(targets);
      this.found?.clear();
      if (started) messages.info(t("discover.fetching.many", { count: plan.validation?.files ?? targets.length }));
      else openPlan(this, ofPlan(plan.id, plan.title));
    });
  }

  /** Does what was asked for after what was before. @param {string} what @param {() => Promise<void>} deed */
  begin(what, deed) {
    return this.turns.take(what, async () => {
      this.busy = true;
      try {
        await deed();
      } finally {
        this.busy = false;
      }
    });
  }

  /** @param {Target[]} targets */
  add(targets) {
    this.opener = deepFocus(this.shadowRoot);
    this.said = null;
    this.adding = targets;
  }

  async closeAdding() {
    this.adding = null;
    await this.updateComplete;
    const { opener } = this;
    if (opener?.isConnected) /** @type {HTMLElement} */ (opener).focus();
    else this.found?.focus();
  }

  /** @param {CustomEvent<Added>} event */
  async added({ detail }) {
    this.said = detail;
    this.found?.clear();
    await this.closeAdding();
  }

  async closePreview() {
    const id = this.resolved?.model.id ?? null;
    this.resolved = null;
    await this.updateComplete;
    if (!this.found?.focusModel(id)) this.box?.focus();
  }

  /** Beside the list, Escape closes the preview from there too. @param {KeyboardEvent} event */
  press(event) {
    if (event.key !== "Escape" || !this.resolved) return;
    event.stopPropagation();
    void this.closePreview();
  }

  async toggleFilters() {
    this.filters = !this.hasFilters;
    await this.updateComplete;
    if (this.hasFilters) /** @type {HTMLElement | null} */ (this.renderRoot.querySelector("lk-search-filters"))?.focus();
  }

  async closeFilters() {
    this.filters = false;
    await this.updateComplete;
    this.box?.focusFilter();
  }

  // -- Drawing -------------------------------------------------------------------------------------------------------

  render() {
    const { width, resolved, hasFilters } = this;
    const isCovered = resolved !== null && width < HALF;
    const isBusy = this.busy || siteSearch.busy;
    return html`
      <div class="main ${hasFilters ? "beside" : ""}" ?inert=${this.adding !== null}>
        ${hasFilters ? this.panel(isCovered) : null}
        <div class="list" @keydown=${this.press} ?inert=${isCovered || (hasFilters && width < WIDE)}>
          <lk-search-box .text=${siteSearch.text} .count=${partsOf(siteSearch.wanted).length} .expanded=${hasFilters} @lk-go=${this.go}
            @lk-filters=${this.toggleFilters} @lk-text=${(/** @type {CustomEvent<string>} */ { detail }) => (siteSearch.text = detail)}></lk-search-box>
          ${this.parts()}
          <div class="line ${isBusy ? "busy" : ""}" role="status"><span class="heard">${isBusy ? t("common.loading") : ""}</span></div>
          ${this.failure()}
          <lk-found .current=${resolved?.model.id ?? null} .busy=${this.busy}
            @lk-look=${(/** @type {CustomEvent<Found>} */ { detail }) => this.resolve(targetOf(detail))}
            @lk-fetch=${(/** @type {CustomEvent<Found[]>} */ { detail }) => this.fetch(detail)}
            @lk-add=${(/** @type {CustomEvent<Found[]>} */ { detail }) => this.add(targetsOf(detail))}
            @lk-narrow=${(/** @type {CustomEvent<Wanted>} */ { detail }) => this.narrow(detail)}></lk-found>
        </div>
        ${resolved
          ? html`<lk-preview .resolved=${resolved} @lk-close=${this.closePreview}
              @lk-add=${(/** @type {CustomEvent<Target[]>} */ { detail }) => this.add(detail)}></lk-preview>`
          : null}
      </div>
      ${this.said ? this.saying(this.said) : null}
      ${this.adding
        ? html`<lk-add-to-plan .targets=${this.adding} @lk-close=${this.closeAdding} @lk-added=${this.added}></lk-add-to-plan>`
        : null}
    `;
  }

  /** @param {boolean} isCovered */
  panel(isCovered) {
    return html`
      <lk-search-filters class=${this.width < WIDE ? "over" : ""} .over=${this.width < WIDE} ?inert=${isCovered} .wanted=${siteSearch.wanted} .limit=${siteSearch.limit} .seen=${[...siteSearch.bases]}
        @lk-changed=${(/** @type {CustomEvent<Wanted>} */ { detail }) => this.narrow(detail)} @lk-close=${this.closeFilters}></lk-search-filters>
    `;
  }

  /** What the search is narrowed to, each part with a way to leave it out. */
  parts() {
    const parts = partsOf(siteSearch.wanted);
    if (!parts.length) return null;
    return html`
      <div class="parts scroll" role="group" aria-label=${t("discover.parts")}>
        ${parts.map((part) => {
          const label = t("discover.part.remove", { text: part.text });
          return html`
            <button type="button" class="chip" title=${label} aria-label=${label} @click=${() => this.narrow(without(siteSearch.wanted, part))}>
              ${part.text}${icon("cancel")}
            </button>
          `;
        })}
      </div>
    `;
  }

  failure() {
    const text = siteSearch.text.trim();
    const ofSearch = siteSearch.isLater ? "" : siteSearch.error;
    if (!this.error && !ofSearch) return null;
    const isDoubt = this.error && isTarget(text) && isDoubtful(text);
    return html`
      <div class="note bad" role="alert">
        ${icon("broken")}
        <div>
          <p>${this.error || ofSearch}</p>
          ${this.error ? null : html`<button type="button" @click=${() => siteSearch.again()}>${t("plan.again")}</button>`}
          ${isDoubt
            ? html`<button type="button" @click=${() => this.search({ ...siteSearch.wanted, query: text })}>${t("discover.search", { query: text })}</button>`
            : null}
        </div>
      </div>
    `;
  }

  /** @param {Added} said */
  saying({ plan, added }) {
    const open = () => {
      this.said = null;
      openPlan(this, ofPlan(plan.id, plan.title));
    };
    return html`
      <div class="said" role="status">
        ${icon("check")}
        <span class="grow">${added ? t("adding.done", { count: added, title: plan.title }) : t("adding.known", { title: plan.title })}</span>
        <button type="button" @click=${open}>${t("adding.open")}</button>
        <button type="button" class="plain square" title=${t("common.close")} aria-label=${t("common.close")} @click=${() => (this.said = null)}>${icon("cancel")}</button>
      </div>
    `;
  }
}
customElements.define("lk-discover", LkDiscover);
