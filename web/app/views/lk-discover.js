/** Finding models: one box that takes a link, an AIR, an id or a hash, a whole list of them, or words to search Civitai for. */
import { LitElement, css, html } from "../vendor/lit.js";
import { ApiError, civitai, settings } from "../api.js";
import { comfy } from "../comfy.js";
import { number, short } from "../format.js";
import { icon } from "../icons.js";
import { isPlan, ofFile, ofGraph, ofText } from "../intake.js";
import { t } from "../strings.js";
import { isDoubtful, isTarget } from "../targets.js";
import { base } from "../theme.js";
import { cardStyles, frame } from "./card.js";
import { focusOn, openPlan, valueOf } from "./dom.js";
import { moveFocus } from "./grid.js";
import "./lk-preview.js";

/** @typedef {import("../../types/lorakeeper").Found} Found */
/** @typedef {import("../../types/lorakeeper").Resolved} Resolved */

const PAGE = 24;
const TYPES = ["LORA", "LoCon", "DoRA", "Checkpoint", "TextualInversion", "VAE", "Controlnet", "Upscaler"];

class LkDiscover extends LitElement {
  static properties = {
    text: { state: true },
    type: { state: true },
    found: { state: true },
    resolved: { state: true },
    busy: { state: true },
    error: { state: true },
    active: { state: true },
  };

  static styles = [
    base,
    cardStyles,
    css`
      :host { position: absolute; inset: 0; display: grid; grid-template-columns: minmax(0, 1fr); }
      .list { display: grid; grid-template-rows: auto minmax(0, 1fr); min-height: 0; min-width: 0; }
      form { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 12px; }
      .box { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; position: relative; }
      .box .icon { position: absolute; inset: 0 auto 0 11px; margin: auto; color: var(--lk-quiet); pointer-events: none; }
      .box input { min-height: 40px; padding-left: 38px; border-radius: 10px; font-size: 14px; }
      .box button { min-height: 40px; padding-inline: 16px; border-radius: 10px; }
      .ways { display: flex; gap: 6px; align-items: center; }
      .ways button { min-height: 28px; padding-inline: 8px; font-size: 12px; white-space: nowrap; }
      .ways .icon { width: 16px; height: 16px; }
      .ways .long { display: none; }
      .empty p { max-width: 56ch; }
      @container app (width >= 340px) {
        .ways .missing .short { display: none; }
        .ways .missing .long { display: inline; }
      }
      .type { width: auto; min-width: 72px; min-height: 28px; padding-block: 2px; font-size: 12px; }
      .line { height: 2px; margin: 0 12px; border-radius: 1px; overflow: hidden; }
      .line.busy::after { content: ""; display: block; height: 100%; width: 40%; background: var(--lk-accent); animation: run 1s linear infinite; }
      @keyframes run { from { transform: translateX(-100%); } to { transform: translateX(250%); } }
      .cards { padding: 6px 12px 16px; }
      .more { display: flex; justify-content: center; padding: 0 12px 24px; }
      .note { margin: 0 12px; align-items: start; }
      .note button { margin-top: 6px; }
      lk-preview { position: absolute; inset: 0; z-index: 2; background: var(--lk-bg); animation: slide 0.16s ease-out; }
      @keyframes slide { from { transform: translateX(24px); opacity: 0; } }
      @container app (width >= 880px) {
        :host { grid-template-columns: minmax(0, 1fr) auto; }
        form { max-width: 760px; padding: 16px 20px 10px; }
        .ways .long { display: inline; }
        .cards { padding-inline: 20px; }
        .line, .note { margin-inline: 20px; }
        lk-preview { position: relative; inset: auto; width: clamp(360px, 34cqw, 520px); border-left: 1px solid var(--lk-line); }
      }
    `,
  ];

  constructor() {
    super();
    this.text = "";
    this.type = "";
    /** @type {{ query: string, items: Found[], cursor: string | null } | null} */
    this.found = null;
    /** @type {Resolved | null} */
    this.resolved = null;
    this.busy = false;
    this.error = "";
    this.active = 0;
    /** @type {AbortController | undefined} */
    this.request = undefined;
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
      this.error = error instanceof ApiError ? error.message : String(error);
    }
    if (this.request.signal === signal) this.busy = false;
  }

  go() {
    const text = this.text.trim();
    if (isTarget(text)) this.resolve(text);
    else this.search(text);
  }

  /** @param {string} target */
  resolve(target) {
    return this.run(async (signal) => {
      this.resolved = await civitai.resolve(target, null, signal);
    });
  }

  /** @param {string} query */
  search(query) {
    return this.run(async (signal) => {
      const page = await this.fetch(query, null, signal);
      this.active = 0;
      this.found = { query, items: page.items, cursor: page.next_cursor };
    });
  }

  /** @param {string} query @param {string | null} cursor @param {AbortSignal} signal */
  async fetch(query, cursor, signal) {
    return civitai.search({ query, types: this.type, nsfw: await isExplicitWanted(), limit: PAGE, cursor }, signal);
  }

  more() {
    const { found } = this;
    if (!found) return;
    this.run(async (signal) => {
      const page = await this.fetch(found.query, found.cursor, signal);
      this.found = { ...found, items: [...found.items, ...page.items], cursor: page.next_cursor };
    });
  }

  closePreview() {
    this.resolved = null;
    this.updateComplete.then(() => (this.opener ? this.opener.focus() : focusOn(this, "input")));
  }

  render() {
    return html`
      <div class="list" ?inert=${this.resolved !== null && this.clientWidth < 880}>
        <form role="search" @submit=${this.submit}>
          <div class="box">
            ${icon(isTarget(this.text) ? "link" : "discover")}
            <input type="text" inputmode="search" enterkeyhint="go" autocomplete="off" spellcheck="false"
              placeholder=${t("discover.placeholder")} aria-label=${t("discover.label")} .value=${this.text}
              @input=${(/** @type {Event} */ event) => (this.text = valueOf(event))} @paste=${this.paste} />
            <button class="primary">${t("discover.go")}</button>
          </div>
          <div class="ways">
            <select class="type" aria-label=${t("discover.type")} @change=${(/** @type {Event} */ event) => {
              this.type = valueOf(event);
              if (!isTarget(this.text)) this.go();
            }}>
              <option value="">${t("discover.type.all")}</option>
              ${TYPES.map((type) => html`<option value=${type} ?selected=${type === this.type}>${type}</option>`)}
            </select>
            <span class="grow"></span>
            ${this.ways()}
          </div>
        </form>
        <div class="scroll">
          <div class="line ${this.busy ? "busy" : ""}" role="status">
            <span class="heard">${this.busy ? t("common.loading") : ""}</span>
          </div>
          ${this.error ? this.failure() : null} ${this.found ? this.results(this.found) : this.error ? null : this.welcome()}
        </div>
      </div>
      ${this.resolved ? html`<lk-preview .resolved=${this.resolved} @lk-close=${this.closePreview}></lk-preview>` : null}
    `;
  }

  /** @param {Event} event */
  submit(event) {
    event.preventDefault();
    this.opener = null;
    this.go();
  }

  /** Ways to a plan: a file, and inside ComfyUI the graph that is open. */
  ways() {
    const pick = () => /** @type {HTMLInputElement} */ (this.renderRoot.querySelector('input[type="file"]')).click();
    const picked = (/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      const [file] = input.files ?? [];
      input.value = "";
      if (file) openPlan(this, ofFile(file));
    };
    return html`
      <button type="button" class="file" title=${t("discover.file.title")} aria-label=${t("discover.file")} @click=${pick}>
        ${icon("front")}<span class="long">${t("discover.file")}</span>
      </button>
      <input type="file" hidden accept=".txt,.json,.png,.webp,.jpg,.jpeg" @change=${picked} />
      ${comfy
        ? html`<button type="button" class="missing" title=${t("discover.missing.title")} aria-label=${t("discover.missing")}
            @click=${() => openPlan(this, ofGraph())}>
            ${icon("missing")}<span class="long">${t("discover.missing")}</span><span class="short">${t("discover.missing.short")}</span>
          </button>`
        : null}
    `;
  }

  /** A pasted target needs no Enter, and neither does a list of them. @param {ClipboardEvent} event */
  paste(event) {
    const text = event.clipboardData?.getData("text").trim() ?? "";
    if (isPlan(text)) {
      event.preventDefault();
      openPlan(this, ofText(text));
      return;
    }
    if (!isTarget(text)) return;
    event.preventDefault();
    this.text = text;
    this.opener = null;
    this.go();
  }

  failure() {
    const query = this.text.trim();
    return html`
      <div class="note bad" role="alert">
        ${icon("broken")}
        <div>
          <p>${this.error}</p>
          ${isTarget(query) && isDoubtful(query)
            ? html`<button type="button" @click=${() => this.search(query)}>${t("discover.search", { query })}</button>`
            : null}
        </div>
      </div>
    `;
  }

  welcome() {
    return html`
      <div class="empty">${icon("discover")}<h2>${t("discover.empty")}</h2><p>${t("discover.empty.hint")}</p>
        <button type="button" @click=${() => this.search("")}>${t("discover.popular")}</button>
      </div>
    `;
  }

  /** @param {NonNullable<LkDiscover["found"]>} found */
  results({ query, items, cursor }) {
    if (!items.length)
      return html`
        <div class="empty">${icon("discover")}<h2>${t("discover.none", { query })}</h2><p>${t("discover.none.hint")}</p></div>
      `;
    return html`
      <ul class="cards" aria-label=${t("discover.results")} @keydown=${moveFocus}>
        ${items.map((item, index) => this.card(item, index))}
      </ul>
      ${cursor ? html`<div class="more"><button type="button" ?disabled=${this.busy} @click=${this.more}>${t("common.more")}</button></div>` : null}
    `;
  }

  /** @param {Found} item @param {number} index */
  card(item, index) {
    const version = item.versions[0];
    const downloads = t("discover.downloads", { count: number(item.downloads) });
    const open = (/** @type {Event} */ event) => {
      this.opener = /** @type {HTMLElement} */ (event.currentTarget);
      this.resolve(version ? `${item.id}@${version.id}` : String(item.id));
    };
    return html`
      <li class="card ${this.resolved?.model.id === item.id ? "current" : ""}" @focusin=${() => (this.active = index)}>
        <button type="button" class="open" tabindex=${index === this.active ? 0 : -1} title=${item.name} @click=${open}>
          ${frame(item.image && civitai.image(item.image))}
          <span class="title cut">${item.name}</span>
          <span class="facts cut quiet">${[item.base_models[0], item.type].filter(Boolean).join(" · ")}</span>
        </button>
        <div class="marks">
          <span class="mark" title=${downloads}>${icon("queue")}<span aria-hidden="true">${short(item.downloads)}</span><span class="heard">${downloads}</span></span>
        </div>
      </li>
    `;
  }
}
customElements.define("lk-discover", LkDiscover);

/** Whether the user's limit lets in what the site keeps back otherwise. */
const isExplicitWanted = async () => !["PG", "PG13"].includes(String((await settings.get()).nsfw_limit));
