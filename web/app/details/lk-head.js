/** What a model is at a glance: its picture, its title, what kind of thing it is, and the ways from here to others like it. Dispatches `lk-versions` where the newer version is asked for. */
import { LitElement, css, html } from "../vendor/lit.js";
import { comfy } from "../graph/comfy.js";
import { kindName } from "../library/filters.js";
import { bytes } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { openFilter, openSearch } from "../parts/dom.js";
import { addToGraph } from "../library/lk-library.js";
import "../parts/lk-picture.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */

class LkHead extends LitElement {
  static properties = { model: { attribute: false } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-columns: minmax(96px, min(38%, 190px)) minmax(0, 1fr); gap: 14px; align-items: start; }
      div { display: grid; gap: 8px; align-content: start; justify-items: start; }
      h2 { overflow-wrap: anywhere; font-size: 16px; letter-spacing: -0.01em; }
      .facts { display: flex; flex-wrap: wrap; gap: 6px; }
      .facts .chip { font-size: 12px; }
      .ways { display: flex; flex-wrap: wrap; gap: 2px 6px; margin-inline-start: -7px; }
      .ways button { min-height: 26px; padding: 2px 7px; justify-content: flex-start; font-size: 12px; overflow-wrap: anywhere; text-align: start; }
      .ways .icon, .facts .icon { width: 14px; height: 14px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const facts = [kindName(model.kind), model.version_name, model.base_model, bytes(model.size)];
    return html`
      <lk-picture .model=${model}></lk-picture>
      <div>
        <h2>${model.title}</h2>
        <div class="facts">
          ${facts.filter(Boolean).map((fact) => html`<span class="chip">${fact}</span>`)}
          ${model.has_update
            ? html`<button type="button" class="chip" @click=${() => this.dispatchEvent(new CustomEvent("lk-versions"))}>
                ${icon("update")}${t("details.update")}
              </button>`
            : null}
        </div>
        ${comfy?.canLoad(model.kind) && model.state === "present"
          ? html`<button type="button" class="primary" title=${t("item.add.title")} @click=${() => addToGraph(model)}>${icon("graph")}${t("item.add")}</button>`
          : null}
        ${this.ways(model)}
      </div>
    `;
  }

  /** @param {Detail} model */
  ways({ family, kind, creator, copies, title }) {
    /** @param {Parameters<typeof icon>[0]} sign @param {string} text @param {() => void} go */
    const way = (sign, text, go) => html`<button type="button" class="plain" @click=${go}>${icon(sign)}${text}</button>`;
    const ways = [
      creator ? way("person", t("details.creator.site", { creator }), () => openSearch(this, { username: creator })) : null,
      creator ? way("library", t("details.creator.here", { creator }), () => openFilter(this, { creator: [creator] })) : null,
      family ? way("filter", t("details.family"), () => openFilter(this, { family: [family], kind: [kind] })) : null,
      copies > 1 ? way("copy", t("details.copies", { count: copies }), () => openFilter(this, { duplicate: true, query: `"${title}"` })) : null,
    ];
    return ways.some(Boolean) ? html`<div class="ways">${ways}</div>` : null;
  }
}
customElements.define("lk-head", LkHead);
