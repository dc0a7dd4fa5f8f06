/** One picture of a run, large. Arrows go to its neighbours, Escape goes back: `lk-close`. Dispatches `lk-vary` to vary it further. */
import { LitElement, css, html } from "../vendor/lit.js";
import { variations } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { keep, toCanvas } from "./run-deeds.js";
import { runs } from "./runs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { closeByEscape, focusOn } from "../parts/dom.js";
import { about } from "./lk-run-pictures.js";
import { scoreBars, scoreStyles } from "./scores.js";

/** @typedef {import("../../types/lorakeeper").RunView} RunView */
/** @typedef {import("../../types/lorakeeper").RunPicture} RunPicture */

class LkRunPicture extends LitElement {
  static properties = { run: { attribute: false }, pictures: { attribute: false }, number: { attribute: false } };

  static styles = [
    base,
    scoreStyles,
    css`
      :host { position: absolute; inset: 0; z-index: 3; display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); background: var(--lk-bg); }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 4px 6px; }
      .body { display: grid; grid-template: minmax(180px, 1fr) auto / minmax(0, 1fr); gap: 10px; padding: 4px 14px 14px; }
      .large { min-height: 0; display: grid; place-items: center; border-radius: 10px; background: var(--lk-raised); overflow: hidden; }
      .large img { width: 100%; height: 100%; object-fit: contain; min-height: 0; display: block; }
      .says { display: grid; grid-template-columns: minmax(0, 1fr); align-content: start; gap: 8px; }
      .marks { display: flex; flex-wrap: wrap; gap: 4px 12px; }
      .marks span { display: inline-flex; align-items: center; gap: 3px; }
      .marks .icon { width: 14px; height: 14px; }
      .why { display: grid; gap: 2px; overflow-wrap: anywhere; }
      .scores { max-width: 420px; }
      @container app (width >= 880px) { .body { grid-template: minmax(0, 1fr) / minmax(0, 1fr) 280px; gap: 20px; padding-inline: 20px; } }
    `,
  ];

  constructor() {
    super();
    /** @type {RunView | null} */
    this.run = null;
    /** Those that arrows lead to, in their order. @type {RunPicture[]} */
    this.pictures = [];
    /** The one that is seen; arrows change it. */
    this.number = 0;
    this.turns = new Turns();
    closeByEscape(this, () => this.close());
    this.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowRight") this.step(1);
      if (key === "ArrowLeft") this.step(-1);
    });
  }

  firstUpdated() {
    focusOn(this, ".body");
  }

  get place() {
    return this.pictures.findIndex(({ number }) => number === this.number);
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close", { detail: this.number }));
  }

  /** @param {number} by */
  step(by) {
    const next = this.pictures[this.place + by];
    if (next) this.number = next.number;
  }

  render() {
    const { run, place } = this;
    const picture = this.pictures[place];
    if (!run || !picture) return null;
    const name = t("variations.picture", { number: picture.number + 1 });
    const verdict = t(picture.accepted ? "variations.accepted.one" : "variations.rejected.one");
    return html`
      <div class="bar">
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <span class="grow cut" role="status">${name}, ${verdict}<span class="quiet"> · ${t("variations.place", { place: place + 1, count: this.pictures.length })}</span></span>
        <button type="button" class="plain square" title=${t("variations.before")} aria-label=${t("variations.before")} aria-disabled=${place === 0}
          @click=${() => this.step(-1)}>${icon("back")}</button>
        <button type="button" class="plain square" title=${t("variations.after")} aria-label=${t("variations.after")}
          aria-disabled=${place === this.pictures.length - 1} @click=${() => this.step(1)}>${icon("unfold")}</button>
      </div>
      <div class="body scroll" tabindex="-1">
        <div class="large">${run.dropped ? icon("picture") : html`<img src=${variations.picture(run.id, picture.number)} alt=${`${name}, ${verdict}`} />`}</div>
        <div class="says">
          <p class="quiet">${picture.width} × ${picture.height} · ${picture.model}</p>
          ${about(run, picture)} ${scoreBars(picture.scores)} ${run.dropped ? null : this.deeds(run, picture)}
        </div>
      </div>
    `;
  }

  /** @param {RunView} run @param {RunPicture} picture */
  deeds(run, picture) {
    const kept = runs.kept.get(run.id)?.has(picture.number);
    const vary = () => this.dispatchEvent(new CustomEvent("lk-vary", { detail: picture, bubbles: true, composed: true }));
    return html`
      <div class="row wrap">
        <button type="button" class=${kept ? "" : "primary"} @click=${() => this.turns.take("keep", () => keep(run, [picture.number]))}>
          ${icon("download")}${t(kept ? "variations.keep.again" : "variations.keep")}
        </button>
        ${comfy
          ? html`<button type="button" @click=${() => this.turns.take("canvas", () => toCanvas(run, [picture]))}>${icon("graph")}${t("variations.canvas")}</button>`
          : null}
        <button type="button" @click=${vary}>${icon("variations")}${t("variations.vary")}</button>
      </div>
    `;
  }
}
customElements.define("lk-run-picture", LkRunPicture);
