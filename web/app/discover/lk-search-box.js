/**
 * Discover's box: a link, an AIR, an id or a hash, or words; and other ways to a plan. A list that is pasted is one at once.
 * Dispatches `lk-text` with what it holds, `lk-go`, and `lk-filters`.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { isPlan, ofFile, ofGraph, ofText } from "../queue/intake.js";
import { t } from "../strings.js";
import { isTarget } from "./targets.js";
import { base } from "../theme.js";
import { focusOn, openPlan, valueOf } from "../parts/dom.js";

export class LkSearchBox extends LitElement {
  static properties = { text: { attribute: false }, count: { attribute: false }, expanded: { attribute: false } };

  static styles = [
    base,
    css`
      :host { display: block; }
      form { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; padding: 12px 12px 8px; }
      .box { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; position: relative; }
      .box > .icon { position: absolute; inset: 0 auto 0 11px; margin: auto; color: var(--lk-quiet); pointer-events: none; }
      .box input { min-height: 40px; padding-left: 38px; border-radius: 10px; font-size: 14px; }
      .box button { min-height: 40px; padding-inline: 16px; border-radius: 10px; }
      .ways { display: flex; gap: 6px; align-items: center; }
      .ways button { min-height: 28px; padding-inline: 8px; font-size: 12px; white-space: nowrap; }
      .ways .icon { width: 16px; height: 16px; }
      .ways .long { display: none; }
      .filter b { display: inline-grid; place-content: center; min-width: 18px; height: 18px; padding: 0 5px; border-radius: 9px; font-size: 11px; color: #fff;
        background: var(--lk-strong); }
      .filter[aria-expanded="true"] { background: color-mix(in srgb, var(--lk-text) 15%, transparent); }
      @container app (width >= 360px) {
        .ways .missing .short { display: none; }
        .ways .missing .long { display: inline; }
      }
      @container app (width >= 880px) {
        form { max-width: 760px; padding: 16px 20px 8px; }
        .ways .long { display: inline; }
      }
    `,
  ];

  constructor() {
    super();
    this.text = "";
    /** How many filters there are. */
    this.count = 0;
    /** Whether the filters are shown. */
    this.expanded = false;
  }

  focus() {
    focusOn(this, "input");
  }

  focusFilter() {
    focusOn(this, ".filter");
  }

  /** @param {"lk-text" | "lk-go" | "lk-filters"} name */
  send(name) {
    this.dispatchEvent(new CustomEvent(name, { detail: this.text }));
  }

  /** @param {Event} event */
  submit(event) {
    event.preventDefault();
    this.send("lk-go");
  }

  /** @param {Event} event */
  type(event) {
    this.text = valueOf(event);
    this.send("lk-text");
  }

  /** A pasted target needs no Enter, and neither does a list of them. @param {ClipboardEvent} event */
  paste(event) {
    const text = event.clipboardData?.getData("text").trim() ?? "";
    if (isPlan(text)) {
      event.preventDefault();
      openPlan(this, ofText(text));
    } else if (isTarget(text)) {
      event.preventDefault();
      this.text = text;
      this.send("lk-text");
      this.send("lk-go");
    }
  }

  render() {
    const { text, count } = this;
    return html`
      <form role="search" @submit=${this.submit}>
        <div class="box">
          ${icon(isTarget(text) ? "link" : "discover")}
          <input type="text" inputmode="search" enterkeyhint="go" autocomplete="off" spellcheck="false"
            placeholder=${t("discover.placeholder")} aria-label=${t("discover.label")} .value=${text} @input=${this.type} @paste=${this.paste} />
          <button class="primary">${t("discover.go")}</button>
        </div>
        <div class="ways">
          <button type="button" class="filter" aria-expanded=${this.expanded} aria-label=${count ? t("discover.filters.active", { count }) : t("discover.filters")}
            @click=${() => this.send("lk-filters")}>
            ${icon("filter")}<span>${t("discover.filters")}</span>${count ? html`<b>${count}</b>` : null}
          </button>
          <span class="grow"></span>
          ${this.ways()}
        </div>
      </form>
    `;
  }

  /** A file, and inside ComfyUI the graph that is open. */
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
}
customElements.define("lk-search-box", LkSearchBox);
