/** What can be done for the whole library, in a menu; and how far that is, in a line of its own. */
import { LitElement, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { focusOn } from "../parts/dom.js";

/** @typedef {{ phase: string, files: number, files_done?: number, asked?: number }} News */

/** A line that nothing more is heard of is of a server that went away. */
const SILENCE_MS = 30_000;
/** What the list need not tell: the integrity check says itself how far it is. */
const UNSAID = new Set(["done", "checking"]);

class LkUpkeep extends LitElement {
  static properties = { open: { state: true }, busy: { state: true } };

  static styles = [
    base,
    css`
      :host { position: relative; }
      .menu { position: absolute; inset: calc(100% + 2px) 0 auto auto; z-index: 5; width: max-content; max-width: 260px; padding: 4px; display: grid;
        border: 1px solid var(--lk-line); border-radius: 10px; background: var(--lk-bg); box-shadow: 0 8px 24px #0005; }
      .menu button { justify-content: flex-start; text-align: start; }
      .menu .icon { color: var(--lk-quiet); width: 16px; height: 16px; }
      .opener { color: var(--lk-quiet); }
    `,
  ];

  constructor() {
    super();
    this.open = false;
    /** What is being asked of the site. */
    this.busy = "";
    this.outside = (/** @type {Event} */ event) => !event.composedPath().includes(this) && (this.open = false);
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("pointerdown", this.outside);
  }

  disconnectedCallback() {
    document.removeEventListener("pointerdown", this.outside);
    this.open = false;
    super.disconnectedCallback();
  }

  async toggle() {
    this.open = !this.open;
    await this.updateComplete;
    if (this.open) focusOn(this, ".menu button");
  }

  close() {
    this.open = false;
    focusOn(this, ".opener");
  }

  /** @param {string} name @param {() => Promise<string>} deed which gives a sentence to say */
  async run(name, deed) {
    this.close();
    this.busy = name;
    try {
      const said = await deed();
      if (said) messages.info(said);
    } catch (error) {
      messages.error(error);
    } finally {
      this.busy = "";
    }
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.renderRoot.querySelectorAll(".menu button:not(:disabled)")]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    const ways = { ArrowDown: at + 1, ArrowUp: at - 1 + buttons.length, Home: 0, End: buttons.length - 1 };
    const to = /** @type {Record<string, number>} */ (ways)[event.key];
    if (event.key === "Escape") this.close();
    else if (to !== undefined) buttons[to % buttons.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {FocusEvent} event */
  leave({ relatedTarget }) {
    if (relatedTarget && !this.renderRoot.contains(/** @type {Node} */ (relatedTarget))) this.open = false;
  }

  render() {
    return html`
      <button type="button" class="plain square opener" title=${t("upkeep")} aria-label=${t("upkeep")} aria-haspopup="menu" aria-expanded=${this.open}
        @click=${this.toggle}>${icon("more")}</button>
      ${this.open
        ? html`<div class="menu" role="menu" aria-label=${t("upkeep")} @keydown=${this.press} @focusout=${this.leave}>
            ${this.entry("scan", "folder", scan)}${this.entry("updates", "update", updates)}${this.entry("site", "discover", askSite)}
          </div>`
        : null}
    `;
  }

  /** @param {string} name @param {Parameters<typeof icon>[0]} sign @param {() => Promise<string>} deed */
  entry(name, sign, deed) {
    return html`
      <button type="button" class="plain" role="menuitem" tabindex="-1" ?disabled=${this.busy === name} @click=${() => this.run(name, deed)}>
        ${icon(sign)}${t(`upkeep.${name}`)}
      </button>
    `;
  }
}
customElements.define("lk-upkeep", LkUpkeep);

async function scan() {
  await library.scan();
  return "";
}

async function updates() {
  messages.info(t("upkeep.updates.asking"));
  const { newer, errors } = await library.updates();
  if (errors[0]) throw new Error(errors[0]);
  return t("upkeep.updates.done", { count: number(newer.length) });
}

async function askSite() {
  messages.info(t("upkeep.site.asking"));
  return saidOfSite(await library.askSite(null, false));
}

/** What asking has found, as a sentence. @param {{ found: number, missed: number, errors: string[] }} asked */
export function saidOfSite({ found, missed, errors }) {
  if (errors[0]) throw new Error(errors[0]);
  return found || missed ? t("upkeep.site.done", { found: number(found), missed: number(missed) }) : t("upkeep.site.nothing");
}

class LkScanning extends LitElement {
  static properties = { news: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      div { display: grid; gap: 3px; padding: 2px 14px 6px; font-size: 12px; }
      progress { width: 100%; height: 3px; appearance: none; border: 0; border-radius: 2px; background: var(--lk-line); overflow: hidden; }
      progress::-webkit-progress-bar { background: var(--lk-line); }
      progress::-webkit-progress-value { background: var(--lk-accent); }
      progress::-moz-progress-bar { background: var(--lk-accent); }
      @container app (width >= 880px) { div { padding-inline: 22px; } }
    `,
  ];

  constructor() {
    super();
    /** @type {News | null} */
    this.news = null;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.stops = [onEvent("scan", (news) => this.hear(news)), onResync(() => this.ask())];
    void this.ask();
  }

  disconnectedCallback() {
    this.stops.forEach((stop) => stop());
    clearTimeout(this.silence);
    super.disconnectedCallback();
  }

  /** What was under way before anybody listened. */
  async ask() {
    const { scanning, scan } = await library.scanState().catch(() => ({ scanning: false, scan: null }));
    this.hear({ phase: scanning ? "walking" : "done", files: scan?.files ?? 0 });
  }

  /** @param {News} news */
  hear(news) {
    clearTimeout(this.silence);
    this.news = UNSAID.has(news.phase) ? null : news;
    if (this.news) this.silence = setTimeout(() => (this.news = null), SILENCE_MS);
  }

  render() {
    if (!this.news) return null;
    const { phase, files, files_done, asked } = this.news;
    const done = phase === "asking" ? asked : files_done;
    const text = t(`upkeep.phase.${phase}`, { count: number(files), done: number(done ?? 0) });
    // How many there will be isn't known while folders are looked through.
    const value = phase === "walking" || !files ? undefined : Math.min(1, (done ?? 0) / files);
    return html`
      <div role="status">
        <span class="quiet">${text}</span>
        ${value === undefined ? html`<progress aria-label=${text}></progress>` : html`<progress .value=${value} aria-label=${text}></progress>`}
      </div>
    `;
  }
}
customElements.define("lk-scanning", LkScanning);
