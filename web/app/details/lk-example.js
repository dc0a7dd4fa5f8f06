/**
 * One example picture large, with what it was made by and what can be done with that. Arrows go to the next one. Dispatches
 * `lk-go` with the place of another one, and `lk-close`.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { civitai } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { factsOf, parameters } from "./examples.js";
import { icon } from "../icons.js";
import { copy, messages } from "../messages.js";
import { save } from "../parts/saving.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { veiled } from "../parts/veil.js";
import { closeByEscape, focusOn } from "../parts/dom.js";
import { factStyles, facts } from "../parts/facts.js";

/** @typedef {import("../../types/lorakeeper").Example} Example */
/** @typedef {import("./examples.js").Examples} Examples */

class LkExample extends LitElement {
  static properties = { examples: { attribute: false }, index: { attribute: false }, bare: { state: true }, busy: { state: true } };

  static styles = [
    base,
    factStyles,
    css`
      :host { display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); min-height: 0; background: var(--lk-bg); }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 8px 6px; }
      .body { display: grid; gap: 16px; align-content: start; padding: 4px 14px 28px; }
      .picture { border-radius: 12px; display: grid; place-items: center; min-height: 120px; }
      .picture img, .picture video { position: relative; width: 100%; height: auto; max-height: 62vh; object-fit: contain; }
      .veiled img, .veiled video { filter: blur(32px); }
      .veiled:hover img, .veiled:hover video { filter: none; }
      .picture > button { position: absolute; inset: auto 8px 8px auto; background: #000a; color: #fff; }
      section { display: grid; gap: 6px; }
      .text { white-space: pre-line; overflow-wrap: anywhere; user-select: text; }
    `,
  ];

  constructor() {
    super();
    /** @type {Examples | null} */
    this.examples = null;
    this.index = 0;
    /** Whether the veil was taken off. */
    this.bare = false;
    this.busy = false;
    this.turns = new Turns();
    this.changed = () => this.requestUpdate();
    closeByEscape(this, () => this.close());
    this.addEventListener("keydown", (event) => {
      if (event.composedPath()[0] instanceof HTMLVideoElement) return;
      if (event.key === "ArrowRight") this.go(1);
      else if (event.key === "ArrowLeft") this.go(-1);
    });
  }

  connectedCallback() {
    super.connectedCallback();
    this.examples?.addEventListener("change", this.changed);
  }

  disconnectedCallback() {
    this.examples?.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("index")) return;
    this.bare = false;
    const { examples } = this;
    if (examples && this.index >= examples.list.length - 2 && !examples.error) void examples.more();
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {number} step */
  go(step) {
    const to = this.index + step;
    if (this.examples?.list[to]) this.dispatchEvent(new CustomEvent("lk-go", { detail: to }));
  }

  /** @param {string} text */
  async insert(text) {
    try {
      const done = await comfy?.insertText(text);
      if (done) messages.undoable(t("details.example.inserted", { node: done.title }), done.undo);
    } catch (error) {
      messages.error(error);
    }
  }

  /** @param {Example} example */
  open({ original }) {
    return this.turns.take("workflow", async () => {
      this.busy = true;
      try {
        const { name, workflow, prompt } = await civitai.workflow(this.examples?.version ?? 0, original);
        if (comfy) await comfy.openWorkflow(name, { workflow, prompt });
        else save({ name: name.endsWith(".json") ? name : `${name}.json`, content: new Blob([JSON.stringify(workflow ?? prompt, null, 2)]) });
      } finally {
        this.busy = false;
      }
    });
  }

  render() {
    const { examples, index } = this;
    const example = examples?.list[index];
    if (!examples || !example) return null;
    const count = examples.list.length;
    /** @param {string} key @param {Parameters<typeof icon>[0]} sign @param {number} step @param {boolean} off */
    const turn = (key, sign, step, off) => html`
      <button type="button" class="plain square ${sign === "unfold" ? "" : "prev"}" ?disabled=${off} title=${t(key)} aria-label=${t(key)} @click=${() => this.go(step)}>
        ${icon(sign)}
      </button>
    `;
    return html`
      <div class="bar">
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <span class="grow" role="status">${t("details.example", { number: index + 1 })}</span>
        ${turn("details.example.previous", "back", -1, index === 0)} ${turn("details.example.next", "unfold", 1, index === count - 1)}
      </div>
      <div class="scroll" tabindex="-1">
        <article class="body" aria-label=${t("details.example", { number: index + 1 })}>${this.picture(example)} ${this.acts(example)} ${this.made(example)}</article>
      </div>
    `;
  }

  /** @param {Example} example */
  picture({ full, image, type, nsfw_level, width, height }) {
    const isVeiled = veiled(nsfw_level);
    const label = t(this.bare ? "details.veil" : "details.unveil");
    const shape = width && height ? `aspect-ratio: ${width} / ${height}` : "";
    return html`
      <div class="picture ${isVeiled && !this.bare ? "veiled" : ""}">
        ${icon("picture")}
        ${type === "video"
          ? html`<video src=${civitai.image(full)} poster=${image ? civitai.image(image) : ""} style=${shape} controls loop playsinline></video>`
          : html`<img src=${civitai.image(full)} alt="" style=${shape} />`}
        ${isVeiled
          ? html`<button type="button" class="square" title=${label} aria-label=${label} @click=${() => (this.bare = !this.bare)}>${icon("eye")}</button>`
          : null}
      </div>
    `;
  }

  /** @param {Example} example */
  acts(example) {
    const { prompt, workflow } = example;
    const all = parameters(example);
    const key = comfy ? "details.example.open" : "details.example.download";
    return html`
      <div class="row wrap">
        ${prompt ? html`<button type="button" @click=${() => copy(prompt)}>${icon("copy")}${t("details.example.copy")}</button>` : null}
        ${all && all !== prompt ? html`<button type="button" @click=${() => copy(all)}>${icon("copy")}${t("details.example.copyAll")}</button>` : null}
        ${prompt && comfy
          ? html`<button type="button" title=${t("details.insert.title")} @click=${() => this.insert(prompt)}>${icon("insert")}${t("details.example.insert")}</button>`
          : null}
        ${workflow === "no"
          ? null
          : html`<button type="button" aria-disabled=${this.busy} title=${workflow === "maybe" ? t("details.example.maybe") : ""} @click=${() => this.open(example)}>
              ${icon(comfy ? "graph" : "download")}${this.busy ? t("common.loading") : t(key)}
            </button>`}
      </div>
    `;
  }

  /** @param {Example} example */
  made({ prompt, negative, facts: said }) {
    const text = (/** @type {string} */ key, /** @type {string | null} */ value) =>
      value ? html`<section><h3>${t(key)}</h3><p class="text">${value}</p></section>` : null;
    const known = factsOf(said);
    if (!prompt && !negative && !known.length) return html`<p class="quiet">${t("details.example.unknown")}</p>`;
    return html`
      ${text("details.example.prompt", prompt)} ${text("details.example.negative", negative)}
      ${known.length ? html`<section><h3>${t("details.example.facts")}</h3>${facts(known)}</section>` : null}
    `;
  }
}
customElements.define("lk-example", LkExample);
