/**
 * What a target stands for, before anything is fetched: picture, version, file, size, where it will go, warnings, and the
 * button that starts the download; after that, its progress. Dispatches `lk-close`.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { civitai, jobs as routes } from "../api.js";
import { bytes, day } from "../format.js";
import { icon } from "../icons.js";
import { jobs } from "../jobs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { frame, pageLink } from "./card.js";
import { closeByEscape, focusOn, openView, valueOf } from "./dom.js";
import "./lk-job.js";

/** @typedef {import("../../types/lorakeeper").Resolved} Resolved */

class LkPreview extends LitElement {
  static properties = {
    resolved: { attribute: false },
    shown: { state: true },
    kind: { state: true },
    job: { state: true },
    busy: { state: true },
    error: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr) auto; min-height: 0; }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 4px 6px; }
      .body { display: grid; gap: 14px; align-content: start; padding: 4px 14px 20px; }
      .picture { width: 100%; max-height: 44vh; aspect-ratio: 4 / 3; border-radius: 12px; box-shadow: inset 0 0 0 1px var(--lk-line); }
      .picture img { object-position: 50% 25%; }
      h2 { font-size: 17px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
      .facts, .words { display: flex; flex-wrap: wrap; gap: 6px; }
      .chip { font-size: 12px; }
      .form { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 8px 14px; align-items: center; }
      .form > span, .form > label { color: var(--lk-quiet); }
      .form > b { font-weight: 500; overflow-wrap: anywhere; }
      section { display: grid; gap: 8px; }
      .foot { padding: 10px 14px 14px; border-top: 1px solid var(--lk-line); display: grid; gap: 8px; }
      .foot .primary { min-height: 40px; border-radius: 10px; font-size: 14px; }
    `,
  ];

  constructor() {
    super();
    /** What the opener found. @type {Resolved | null} */
    this.resolved = null;
    /** The same, after another version or file was picked. @type {Resolved | null} */
    this.shown = null;
    this.kind = "";
    /** @type {string | null} */
    this.job = null;
    this.busy = false;
    this.error = "";
    this.changed = () => this.job && this.requestUpdate();
    closeByEscape(this, () => this.close());
  }

  connectedCallback() {
    super.connectedCallback();
    jobs.addEventListener("change", this.changed);
  }

  disconnectedCallback() {
    jobs.removeEventListener("change", this.changed);
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("resolved") || !this.resolved) return;
    this.take(this.resolved);
    this.error = "";
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {Resolved} resolved */
  take(resolved) {
    this.shown = resolved;
    this.kind = resolved.kind ?? "";
    this.job = null;
  }

  /** @param {string} target @param {number | null} [fileId] */
  async pick(target, fileId) {
    this.busy = true;
    this.error = "";
    try {
      this.take(await civitai.resolve(target, fileId));
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  async download() {
    const { shown } = this;
    if (!shown || this.busy) return;
    if (!this.kind) {
      this.error = t("preview.folder.ask");
      focusOn(this, "#folder");
      return;
    }
    this.busy = true;
    this.error = "";
    try {
      const job = await routes.add({
        target: versionTarget(shown, shown.version.id),
        ...(shown.kind === this.kind ? {} : { kind: this.kind }),
        ...(shown.file.id === null ? {} : { file_id: shown.file.id }),
      });
      jobs.put(job);
      this.job = job.id;
      // The button that had the focus is gone now; without this, so were Escape.
      focusOn(this, ".foot");
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  render() {
    const { shown } = this;
    if (!shown) return null;
    return html`
      <div class="bar">
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <span class="grow"></span>
        ${pageLink(shown.page)}
      </div>
      <div class="scroll" tabindex="-1">${this.body(shown)}</div>
      <div class="foot" tabindex="-1">${this.foot(shown)}</div>
    `;
  }

  /** @param {Resolved} shown */
  body(shown) {
    const { model, version } = shown;
    const creator = model.creator && t("preview.by", { creator: model.creator });
    const facts = [model.type, version.base_model, creator, day(version.published_at)];
    return html`
      <article class="body" aria-label=${t("preview.label", { name: model.name })} aria-busy=${this.busy}>
        ${shown.image ? frame(civitai.image(shown.image)) : null}
        <h2>${model.name}</h2>
        <div class="facts">${facts.filter(Boolean).map((fact) => html`<span class="chip">${fact}</span>`)}</div>
        ${shown.warnings.map((warning) => html`<p class="note warn">${icon("broken")}<span>${warning}</span></p>`)}
        <div class="form">${this.choices(shown)}</div>
        ${shown.trigger_words.length
          ? html`
              <section>
                <h3>${t("preview.words")}</h3>
                <div class="words">${shown.trigger_words.map((word) => html`<span class="chip">${word}</span>`)}</div>
              </section>
            `
          : null}
      </article>
    `;
  }

  /** @param {Resolved} shown */
  choices(shown) {
    const { version, versions, file, files } = shown;
    /** @param {(string | null)[]} parts */
    const join = (...parts) => parts.filter(Boolean).join(" · ");
    const fileLabel = (/** @type {Resolved["file"]} */ each) => join(each.name, each.size === null ? null : bytes(each.size));
    const pickVersion = (/** @type {Event} */ event) => this.pick(versionTarget(shown, Number(valueOf(event))));
    const pickFile = (/** @type {Event} */ event) => this.pick(versionTarget(shown, version.id), Number(valueOf(event)));
    const pickKind = (/** @type {Event} */ event) => (this.kind = valueOf(event));
    return html`
      <label for="version">${t("preview.version")}</label>
      ${versions.length > 1
        ? html`<select id="version" @change=${pickVersion}>
            ${versions.map((each) => html`<option value=${each.id} ?selected=${each.id === version.id}>${join(each.name, each.base_model)}</option>`)}
          </select>`
        : html`<b id="version">${version.name}</b>`}
      <label for="file">${t("preview.file")}</label>
      ${files.length > 1
        ? html`<select id="file" @change=${pickFile}>
            ${files.map((each) => html`<option value=${each.id} ?selected=${each.id === file.id}>${fileLabel(each)}</option>`)}
          </select>`
        : html`<b id="file">${fileLabel(file)}</b>`}
      <label for="folder">${t("preview.folder")}</label>
      <select id="folder" aria-required="true" @change=${pickKind}>
        ${shown.kind ? null : html`<option value="">${t("preview.folder.choose")}</option>`}
        ${shown.kinds.map(
          (kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${kind === shown.kind ? shown.folder || kind : kind}</option>`,
        )}
      </select>
    `;
  }

  /** @param {Resolved} shown */
  foot(shown) {
    const job = this.job && jobs.rows.get(this.job);
    const problem = this.error ? html`<p class="bad" role="alert">${this.error}</p>` : null;
    if (job) return html`<lk-job .job=${job}></lk-job>`;
    if (shown.owned !== null)
      return html`
        <p class="row good">${icon("check")}${t("preview.owned")}</p>
        <button type="button" class="primary" @click=${() => openView(this, "library", shown.owned)}>${t("preview.owned.show")}</button>
      `;
    return html`
      ${problem}
      <button type="button" class="primary" aria-disabled=${this.busy} @click=${this.download}>
        ${icon("queue")}${shown.file.size === null ? t("preview.download") : t("preview.download.size", { size: bytes(shown.file.size) })}
      </button>
    `;
  }
}
customElements.define("lk-preview", LkPreview);

/** @param {Resolved} resolved @param {number} version */
const versionTarget = ({ model }, version) => `${model.id ?? ""}@${version}`;
