/** The frame: one header with the views, the view that is open, and messages. Views stay as they were when one comes back. */
import { LitElement, classMap, css, html, repeat } from "../vendor/lit.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { ofFile, ofGraph } from "../queue/intake.js";
import { jobs } from "../queue/jobs.js";
import { messages } from "../messages.js";
import { Plan } from "../queue/plan.js";
import { LANGUAGE, t } from "../strings.js";
import { base, tokens } from "../theme.js";
import { deepFocus } from "./dom.js";
import { takeFiles } from "./drop.js";
import { late } from "./late.js";
import "../library/lk-library.js";
import "./lk-messages.js";

/** @typedef {"library" | "discover" | "queue" | "variations" | "analytics" | "security" | "settings"} View */
/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */
/** @typedef {{ view: View, id?: number, query?: Filter, search?: Record<string, unknown>, setting?: string, plan?: import("../queue/intake.js").Origin }} Wish */

/** What each is drawn by, which is told whether it is to be seen, and where that comes from. @type {{ id: View, load?: () => Promise<unknown>, view: (shown: boolean) => unknown }[]} */
const VIEWS = [
  { id: "library", view: () => html`<lk-library></lk-library>` },
  { id: "discover", load: () => import("../discover/lk-discover.js"), view: () => html`<lk-discover></lk-discover>` },
  { id: "queue", load: () => import("../queue/lk-queue.js"), view: () => html`<lk-queue></lk-queue>` },
  { id: "variations", load: () => import("../variations/lk-variations.js"), view: (shown) => html`<lk-variations .shown=${shown}></lk-variations>` },
  { id: "analytics", load: () => import("../analytics/lk-analytics.js"), view: (shown) => html`<lk-analytics .shown=${shown}></lk-analytics>` },
  { id: "security", load: () => import("../security/lk-security.js"), view: (shown) => html`<lk-security .shown=${shown}></lk-security>` },
  { id: "settings", load: () => import("../settings/lk-settings.js"), view: () => html`<lk-settings></lk-settings>` },
];
const THEMES = /** @type {const} */ (["auto", "dark", "light"]);
const KEPT_THEME = "lorakeeper.theme";

export class LkApp extends LitElement {
  static properties = { open: { state: true }, theme: { state: true }, plan: { state: true }, dropping: { state: true } };

  static styles = [
    tokens,
    base,
    css`
      :host { display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); height: 100%; width: 100%; position: relative;
        overflow: hidden; container: app / inline-size; text-align: start; }
      :host([page]) { height: 100dvh; }
      /* Left to itself Korean breaks inside of words. */
      :host(:lang(ko)) { word-break: keep-all; overflow-wrap: anywhere; }
      header { display: flex; align-items: center; gap: 4px; padding: 8px 8px 8px 14px; border-bottom: 1px solid var(--lk-line); }
      h1 { font-size: 14px; font-weight: 650; letter-spacing: -0.01em; flex: 1; min-width: 0; }
      @container app (width < 420px) {
        header { padding-inline: 8px; }
        h1 { position: absolute; clip-path: inset(50%); }
        nav { flex: 1; justify-content: space-between; }
      }
      nav { display: flex; gap: 2px; }
      nav button { position: relative; color: var(--lk-quiet); min-height: 32px; }
      nav button span { display: none; }
      nav button[aria-current="page"] { color: var(--lk-text); background: var(--lk-hover); }
      nav button[aria-current="page"]::after { content: ""; position: absolute; inset: auto 9px -9px; height: 2px; border-radius: 1px;
        background: var(--lk-accent); }
      .count { position: absolute; top: -2px; inset-inline-end: -4px; min-width: 18px; height: 18px; padding: 0 4px; border-radius: 9px;
        display: grid; place-items: center; font-size: 10px; font-weight: 700; font-style: normal; color: var(--lk-text);
        background: conic-gradient(var(--lk-accent) var(--done), var(--lk-line) 0); }
      .count b { display: grid; place-items: center; min-width: 13px; height: 13px; border-radius: 7px; background: var(--lk-bg); }
      main { position: relative; min-height: 0; }
      section { position: absolute; inset: 0; opacity: 1; transition: opacity 0.12s; }
      section.away { visibility: hidden; opacity: 0; transition: none; }
      lk-plan { position: absolute; inset: 0; z-index: 4; background: var(--lk-bg); animation: slide 0.16s ease-out; }
      @keyframes slide { from { transform: translateX(24px); opacity: 0; } }
      .drop { position: absolute; inset: 8px; z-index: 5; display: grid; place-content: center; justify-items: center; gap: 8px; padding: 24px;
        text-align: center; border: 2px dashed var(--lk-accent); border-radius: 12px; pointer-events: none;
        background: color-mix(in srgb, var(--lk-bg) 92%, var(--lk-accent)); }
      @container app (width >= 860px) {
        nav { gap: 4px; }
        nav button.square { width: auto; padding: 4px 12px; }
        nav button span { display: inline; }
        .count { position: static; margin-inline-start: 2px; }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {View} */
    this.open = "library";
    /** Those that are drawn. @type {Set<View>} */
    this.seen = new Set(["library"]);
    this.theme = THEMES.find((each) => each === localStorage.getItem(KEPT_THEME)) ?? "auto";
    /** The plan that is open, over whatever view. @type {Plan | null} */
    this.plan = null;
    this.dropping = false;
    /** What had the focus before the plan. @type {Element | null} */
    this.opener = null;
    this.changed = () => this.requestUpdate();
    /** @type {(() => void) | undefined} */
    this.detach = undefined;
    this.addEventListener("lk-open", (event) => {
      const { view, id, query, search, setting, plan } = /** @type {CustomEvent<Wish>} */ (event).detail;
      if (plan) return void this.openPlan(plan);
      void this.show(view).then(() => {
        if (id !== undefined) this.library?.openItem(id);
        if (query) void this.library?.openFilter(query);
        if (setting) void this.settings?.showSetting(setting);
        if (search) this.discover?.openSearch(search);
      });
    });
    this.addEventListener("lk-language", () => this.requestUpdate());
    takeFiles(this, (over) => (this.dropping = over), (files) => this.takeDrop(files));
    for (const type of ["keydown", "copy", "cut", "paste"]) this.addEventListener(type, keepFromComfy);
  }

  /**
   * ComfyUI takes Ctrl+Z for the graph unless the focused element is an input. To the document that element is this one, so
   * it says so while one of our inputs has the focus.
   */
  get tagName() {
    return isTextField(deepFocus(this.shadowRoot)) ? "INPUT" : super.tagName;
  }

  connectedCallback() {
    super.connectedCallback();
    this.toggleAttribute("page", !comfy);
    this.detach = comfy?.attach((error) => messages.error(error));
    jobs.addEventListener("change", this.changed);
    jobs.start().catch((error) => messages.error(error));
    if (!comfy) this.setTheme(this.theme);
  }

  disconnectedCallback() {
    this.dropping = false;
    this.detach?.();
    jobs.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  /** @returns {import("../library/lk-library.js").LkLibrary | null} */
  get library() {
    return this.renderRoot.querySelector("lk-library");
  }

  /** @returns {import("../discover/lk-discover.js").LkDiscover | null} */
  get discover() {
    return this.renderRoot.querySelector("lk-discover");
  }

  /** @returns {import("../settings/lk-settings.js").LkSettings | null} */
  get settings() {
    return this.renderRoot.querySelector("lk-settings");
  }

  /** Done when it is there. @param {View} view */
  async show(view) {
    this.leavePlan();
    this.open = view;
    const { load } = VIEWS.find(({ id }) => id === view) ?? {};
    if (!this.seen.has(view) && load && !(await late(load()))) return;
    this.seen.add(view);
    this.requestUpdate();
    await this.updateComplete;
  }

  /** @param {import("../queue/intake.js").Origin} origin */
  async openPlan(origin) {
    if (!this.plan) this.opener = deepFocus(document);
    this.leavePlan();
    const plan = (this.plan = new Plan(origin));
    const isThere = await late(import("../queue/lk-plan.js"));
    if (plan !== this.plan) return;
    if (isThere) void plan.start();
    else this.leavePlan();
  }

  /** Opens the panel with what is missing of the graph in ComfyUI. */
  findMissing() {
    comfy?.showPanel();
    void this.openPlan(ofGraph());
  }

  /** @param {File[]} files */
  takeDrop([file, ...others]) {
    if (!file) return;
    if (others.length) messages.info(t("intake.one", { name: file.name }));
    void this.openPlan(ofFile(file));
  }

  leavePlan() {
    this.plan?.stop();
    this.plan = null;
  }

  /** @param {CustomEvent<View | "">} event */
  async closePlan({ detail: next }) {
    this.leavePlan();
    if (next) await this.show(next);
    await this.updateComplete;
    const back = next ? null : this.opener;
    const element = back?.isConnected && back !== document.body ? back : this.renderRoot.querySelector('nav [aria-current="page"]');
    /** @type {HTMLElement | null} */ (element)?.focus({ preventScroll: true });
  }

  /** @param {(typeof THEMES)[number]} theme */
  setTheme(theme) {
    this.theme = theme;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem(KEPT_THEME, theme);
  }

  willUpdate() {
    this.lang = LANGUAGE;
  }

  render() {
    // Who speaks another language is drawn anew.
    return repeat([LANGUAGE], String, () => this.frame());
  }

  frame() {
    return html`
      <header>
        <h1 class="cut">${t("app.name")}</h1>
        <nav aria-label=${t("app.views")}>${VIEWS.map(({ id }) => this.tab(id))}</nav>
        ${comfy ? null : this.themeButton()}
      </header>
      <main>
        ${repeat(
          VIEWS.filter(({ id }) => this.seen.has(id)),
          ({ id }) => id,
          ({ id, view }) => html`
            <section class=${classMap({ away: id !== this.open })} ?inert=${id !== this.open || this.plan !== null} aria-label=${t(`view.${id}`)}>
              ${view(id === this.open && this.plan === null)}
            </section>
          `,
        )}
        ${this.plan ? html`<lk-plan .plan=${this.plan} @lk-close=${this.closePlan}></lk-plan>` : null}
        ${this.dropping ? html`<div class="drop">${icon("front")}<p>${t("intake.drop")}</p></div>` : null}
      </main>
      <lk-messages></lk-messages>
    `;
  }

  /** @param {View} id */
  tab(id) {
    const open = id === "queue" ? jobs.open.length : 0;
    const running = jobs.working.length;
    const percent = Math.round(jobs.progress * 100);
    const paused = open - running ? t("view.queue.paused", { count: open - running }) : "";
    const label = open ? t("view.queue.running", { count: running, percent }) + paused : t(`view.${id}`);
    return html`
      <button type="button" class="plain square" title=${label} aria-label=${label} @click=${() => this.show(id)}
        aria-current=${this.open === id ? "page" : "false"}>
        ${icon(id)}<span>${t(`view.${id}`)}</span>
        ${open ? html`<i class="count" style="--done: ${percent}%"><b>${open}</b></i>` : null}
      </button>
    `;
  }

  themeButton() {
    const label = t(`theme.${this.theme}`);
    const next = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? "auto";
    return html`
      <button type="button" class="plain square quiet" title=${label} aria-label=${label} @click=${() => this.setTheme(next)}>
        ${icon(this.theme)}
      </button>
    `;
  }
}
customElements.define("lk-app", LkApp);

/** @param {unknown} target */
const isTextField = (target) => [HTMLInputElement, HTMLTextAreaElement, HTMLSelectElement].some((kind) => target instanceof kind);

/** ComfyUI takes keys and pasted text for its own unless it sees the input that they go to, and the shadow root hides ours. @param {Event} event */
function keepFromComfy(event) {
  if (isTextField(event.composedPath()[0])) event.stopPropagation();
}
