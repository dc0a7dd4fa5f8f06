/** The three layers of knowledge of a model, apart: what its user says, what the site says, what is written in the file; and where they differ. */
import { LitElement, css, html } from "../vendor/lit.js";
import { day, number, short } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { factStyles, facts } from "../parts/facts.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").Header} Header */
/** @typedef {import("../parts/facts.js").Fact} Fact */

/** So many of the tags of the training pictures are said. */
const TAGS = 30;

class LkLayers extends LitElement {
  static properties = { model: { attribute: false } };

  static styles = [
    base,
    factStyles,
    css`
      :host { display: block; }
      section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; }
      details { border: 1px solid var(--lk-line); border-radius: 10px; }
      summary { display: flex; align-items: center; gap: 8px; min-height: 34px; padding: 4px 10px; border-radius: 10px; cursor: pointer; list-style: none; }
      summary::-webkit-details-marker { display: none; }
      summary:hover { background: var(--lk-hover); }
      summary .icon { width: 16px; height: 16px; color: var(--lk-quiet); }
      summary > .fold { transition: rotate 0.12s; }
      [open] > summary > .fold { rotate: 90deg; }
      summary .cut { flex: 1; min-width: 0; text-align: end; font-size: 12px; }
      details > div { display: grid; gap: 10px; padding: 4px 12px 12px; }
      details details { border: 0; margin-inline: -10px; }
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
    const [site, file] = [model.site?.baseModel, model.header?.base_model];
    return html`
      <section aria-labelledby="layers">
        <h3 id="layers">${t("details.layers")}</h3>
        ${site && file && site.toLowerCase() !== file.toLowerCase()
          ? html`<p class="note">${icon("info")}<span>${t("details.layers.differ", { site, file })}</span></p>`
          : null}
        ${this.layer("details.layers.user", "person", yours(model), t("details.layers.user.none"))}
        ${this.layer("details.layers.site", "discover", sites(model), t("details.layers.site.none"))}
        ${this.layer("details.layers.file", "lines", files(model.header ?? {}), t("details.layers.file.none"), this.raw(model.header?.metadata ?? {}))}
      </section>
    `;
  }

  /** @param {string} key @param {Parameters<typeof icon>[0]} sign @param {Fact[]} list @param {string} none @param {unknown} [more] */
  layer(key, sign, list, none, more = null) {
    const said = list.filter(([, value]) => value !== null && value !== undefined && value !== "");
    return html`
      <details>
        <summary>
          ${foldSign()}${icon(sign)}<span>${t(key)}</span><span class="cut quiet">${said.length ? said.map(([name]) => name).join(", ") : none}</span>
        </summary>
        <div>${said.length ? facts(said) : html`<p class="quiet">${none}</p>`}${more}</div>
      </details>
    `;
  }

  /** All that is written in the file, as it stands there. @param {Record<string, string>} metadata */
  raw(metadata) {
    const entries = Object.entries(metadata);
    if (!entries.length) return null;
    return html`
      <details>
        <summary>${foldSign()}${t("details.header", { count: entries.length })}</summary>
        <div>${facts(entries.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value), { code: true }]))}</div>
      </details>
    `;
  }
}
customElements.define("lk-layers", LkLayers);

const foldSign = () => html`<span class="fold">${icon("unfold")}</span>`;

/** @param {string[]} list */
const lines = (list) => list.join("\n");

/** @param {Detail} model @returns {Fact[]} */
const yours = ({ user }) => [
  [t("details.favourite"), user.favourite ? t("details.yes") : null],
  [t("details.words"), lines(user.trigger_words), { copies: true }],
  [t("details.strength"), user.preferred_strength === null ? null : number(user.preferred_strength, 2)],
  [t("details.tags"), user.tags.join(", ")],
  [t("details.notes"), user.notes],
];

/** @param {Detail} model @returns {Fact[]} */
function sites({ site, model: whole, rating }) {
  if (!site) return [];
  const model = whole ?? site.model;
  const downloads = site.stats?.downloadCount;
  return [
    [t("details.says.title"), model?.name],
    [t("preview.version"), site.name],
    [t("details.says.type"), model?.type],
    [t("details.says.base"), site.baseModel],
    [t("details.says.creator"), model?.creator?.username],
    [t("details.words"), lines(site.trainedWords ?? []), { copies: true }],
    [t("details.tags"), (model?.tags ?? []).join(", ")],
    [t("details.says.published"), day(site.publishedAt)],
    [t("details.says.downloads"), downloads ? short(downloads) : null],
    [t("details.says.rating"), rating === null ? null : t("details.says.liked", { percent: Math.round(rating * 100) })],
  ];
}

/** @param {Header} header @returns {Fact[]} */
function files(header) {
  const { rank, alpha, images, parameters, tensors, component, tags = [] } = header;
  const ranked = rank && alpha ? t("details.says.alpha", { rank: number(rank), alpha: number(alpha, 2) }) : rank ? number(rank) : null;
  return [
    [t("details.says.title"), header.title],
    [t("details.says.author"), header.author],
    [t("details.says.base"), header.base_model],
    [t("details.says.architecture"), header.architecture],
    [t("details.says.component"), component?.replaceAll("_", " ")],
    [t("details.says.network"), header.network],
    [t("details.says.rank"), ranked],
    [t("details.words"), lines(header.words ?? []), { copies: true }],
    [t("details.says.guesses"), (header.suggestions ?? []).join(", ")],
    [t("details.says.resolution"), header.resolution],
    [t("details.says.images"), images ? number(images) : null],
    [t("details.says.tags"), tags.slice(0, TAGS).map(({ tag, count }) => `${tag} (${number(count)})`).join(", ")],
    [t("details.says.precision"), header.dtype],
    [t("details.says.parameters"), parameters ? short(parameters) : null],
    [t("details.says.tensors"), tensors ? number(tensors) : null],
    [t("details.says.format"), header.format],
    [t("details.description"), header.description],
  ];
}
