/**
 * What a target stands for, before anything is fetched: pictures, versions and files, where it will go, warnings, what its author
 * says, and the buttons that start the download or put it into a plan; after that, its progress. Dispatches `lk-close`, and
 * `lk-add` with targets.
 */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { civitai, jobs as routes } from "../api.js";
import { Examples } from "../details/examples.js";
import { bytes, day } from "../format.js";
import { icon } from "../icons.js";
import { jobs } from "../queue/jobs.js";
import { copy } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { followVeil, veiled } from "../parts/veil.js";
import { frame, pageLink } from "../library/card.js";
import { closeByEscape, focusOn, openSearch, openView, valueOf } from "../parts/dom.js";
import "../details/lk-about.js";
import "../details/lk-example.js";
import "../details/lk-examples.js";
import "../queue/lk-job.js";
import "../parts/lk-one-of.js";

/** @typedef {import("../../types/lorakeeper").Resolved} Resolved */
/** @typedef {import("../../types/lorakeeper").RemoteFile} RemoteFile */

/** Tags beyond these fold. */
const TAGS = 14;

class LkPreview extends LitElement {
  static properties = {
    resolved: { attribute: false },
    shown: { state: true },
    kind: { state: true },
    job: { state: true },
    busy: { state: true },
    error: { state: true },
    large: { state: true },
    allTags: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr); min-height: 0; }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 4px 6px; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 18px; align-content: start; padding: 4px 14px 24px; }
      .picture { width: 100%; max-height: 44vh; aspect-ratio: 4 / 3; border-radius: 12px; box-shadow: inset 0 0 0 1px var(--lk-line); }
      .picture img { object-position: 50% 25%; }
      .veil { border-radius: 12px; }
      .veil .picture img { filter: blur(26px); }
      .veil:is(:hover, :focus) .picture img { filter: none; }
      header { display: grid; gap: 8px; }
      h2 { font-size: 17px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
      .facts, .words { display: flex; flex-wrap: wrap; gap: 6px; }
      .chip { font-size: 12px; }
      .chip .icon { width: 13px; height: 13px; }
      .folder { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 14px; align-items: center; }
      .folder label { color: var(--lk-quiet); }
      section { display: grid; gap: 8px; }
      .foot { padding: 10px 14px 14px; border-top: 1px solid var(--lk-line); display: grid; gap: 8px; }
      .foot .primary { min-height: 40px; border-radius: 10px; font-size: 14px; flex: 1 1 auto; }
      .foot .plan { min-height: 40px; border-radius: 10px; flex: 1 0 auto; }
      .foot .row { flex-wrap: wrap; }
      .foot .row button { white-space: nowrap; }
      lk-example { position: absolute; inset: 0; z-index: 1; }
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
    /** What was picked and isn't known yet. @type {{ version: number, file: number | null } | null} */
    this.picked = null;
    /** @type {Examples | null} */
    this.examples = null;
    /** The place of the example that is seen large. @type {number | null} */
    this.large = null;
    this.allTags = false;
    /** @type {AbortController | undefined} */
    this.request = undefined;
    /** @type {() => void} */
    this.stop = () => {};
    this.changed = () => this.job && this.requestUpdate();
    this.told = () => this.requestUpdate();
    closeByEscape(this, () => this.close());
  }

  connectedCallback() {
    super.connectedCallback();
    jobs.addEventListener("change", this.changed);
    this.stop = followVeil(() => this.requestUpdate());
  }

  disconnectedCallback() {
    jobs.removeEventListener("change", this.changed);
    this.request?.abort();
    this.stop();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("resolved") || !this.resolved) return;
    this.request?.abort();
    this.busy = this.allTags = false;
    this.picked = null;
    this.error = "";
    this.take(this.resolved);
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    // Another model is read from its beginning.
    if (changed.get("resolved")) this.renderRoot.querySelector(".scroll")?.scrollTo(0, 0);
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {Resolved} resolved */
  take(resolved) {
    this.shown = resolved;
    this.kind = resolved.kind ?? "";
    this.job = null;
    if (this.examples?.version === resolved.version.id) return;
    this.examples?.removeEventListener("change", this.told);
    this.examples = new Examples(resolved.version.id);
    this.examples.addEventListener("change", this.told);
    this.large = null;
  }

  /** @param {Resolved} shown @param {number} version @param {number | null} file null for the one that its author means */
  async pick(shown, version, file) {
    this.request?.abort();
    this.picked = { version, file };
    const { signal } = (this.request = new AbortController());
    this.busy = true;
    this.error = "";
    try {
      this.take(await civitai.resolve(versionTarget(shown, version), file, signal));
    } catch (error) {
      if (signal.aborted) return;
      this.error = /** @type {Error} */ (error).message;
    }
    this.picked = null;
    this.busy = false;
  }

  /** What stands for the file that is chosen, or null where its folder has to be said first. */
  wanted() {
    const { shown, kind } = this;
    if (!shown || this.busy) return null;
    this.error = kind ? "" : t("preview.folder.ask");
    if (!kind) {
      focusOn(this, "#folder");
      return null;
    }
    return {
      target: versionTarget(shown, shown.version.id),
      ...(shown.kind === kind ? {} : { kind }),
      ...(shown.file.id === null ? {} : { file_id: shown.file.id }),
    };
  }

  async download() {
    const wanted = this.wanted();
    if (!wanted) return;
    this.busy = true;
    try {
      const job = await routes.add(wanted);
      jobs.put(job);
      this.job = job.id;
      // The button that had the focus is gone now; without this, so were Escape.
      focusOn(this, ".foot");
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  plan() {
    const wanted = this.wanted();
    const name = this.shown?.model.name || this.shown?.file.name || "";
    if (wanted) this.dispatchEvent(new CustomEvent("lk-add", { detail: [{ ...wanted, name: name.slice(0, 300) }] }));
  }

  async closeLarge() {
    const place = this.large ?? 0;
    this.large = null;
    await this.updateComplete;
    /** @type {any} */ (this.renderRoot.querySelector("lk-examples"))?.focusItem(place);
  }

  render() {
    const { shown, large, examples } = this;
    if (!shown) return null;
    return html`
      <div class="bar" ?inert=${large !== null}>
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <span class="grow"></span>
        ${pageLink(shown.page)}
      </div>
      <div class="scroll" tabindex="-1" ?inert=${large !== null}>${this.body(shown)}</div>
      <div class="foot" tabindex="-1" ?inert=${large !== null}>${this.foot(shown)}</div>
      ${large !== null && examples
        ? html`<lk-example .examples=${examples} .index=${large} @lk-close=${this.closeLarge}
            @lk-go=${(/** @type {CustomEvent<number>} */ { detail }) => (this.large = detail)}></lk-example>`
        : null}
    `;
  }

  /** @param {Resolved} shown */
  body(shown) {
    const { model, version } = shown;
    return html`
      <article class="body" aria-label=${t("preview.label", { name: model.name })} aria-busy=${this.busy}>
        <header>
          <h2>${model.name}</h2>
          <div class="facts">
            <span class="chip">${model.type}</span>
            ${version.base_model ? html`<span class="chip">${version.base_model}</span>` : null} ${this.creator(model.creator)}
          </div>
        </header>
        ${this.pictures(shown)} ${shown.warnings.map((warning) => html`<p class="note warn">${icon("broken")}<span>${warning}</span></p>`)}
        ${this.choices(shown)} ${this.words(shown.trigger_words)} ${this.tags(model.tags)}
        ${repeat([model.id], String, () => html`<lk-about .model=${model}></lk-about>`)}
      </article>
    `;
  }

  /** @param {string | null} creator */
  creator(creator) {
    if (!creator) return null;
    const search = () => openSearch(this, { username: creator });
    return html`<button type="button" class="chip" title=${t("preview.creator", { creator })} @click=${search}>${icon("person")}${t("preview.by", { creator })}</button>`;
  }

  /** The examples, and where there are none what is known of the version. @param {Resolved} shown */
  pictures({ image, nsfw_level, version }) {
    const { examples } = this;
    const isBare = !examples?.list.length && (examples?.over || examples?.error);
    const isVeiled = image !== null && veiled(nsfw_level);
    return html`
      ${isBare && image
        ? html`<div class=${isVeiled ? "veil" : ""} tabindex=${isVeiled ? "0" : "-1"} role="img" aria-label=${t("preview.picture")}>${frame(civitai.image(image))}</div>`
        : null}
      ${repeat(
        [version.id],
        String,
        () => html`<lk-examples .examples=${examples} @lk-show=${(/** @type {CustomEvent<number>} */ { detail }) => (this.large = detail)}></lk-examples>`,
      )}
    `;
  }

  /** @param {Resolved} shown */
  choices(shown) {
    const { version, versions, file, files } = shown;
    // What the site says of a model may be older than the version.
    const known = versions.some(({ id }) => id === version.id) ? versions : [{ ...version, size: null, owned: null }, ...versions];
    const others = known.map(({ id, name, base_model, published_at, size, owned }) => ({
      value: id,
      title: name,
      facts: join(base_model, day(published_at), sized(size)),
      mark: owned === null ? "" : t("preview.version.owned"),
    }));
    const parts = files.map((each) => ({ value: each.id ?? 0, title: each.name, facts: join(sized(each.size), each.format) }));
    const chosen = parts.length > 1 ? parts : [{ value: file.id ?? 0, title: file.name, facts: join(sized(file.size), file.format) }];
    return html`
      <lk-one-of .label=${t("preview.version")} .options=${others} .value=${this.picked?.version ?? version.id}
        @lk-changed=${(/** @type {CustomEvent<number>} */ { detail }) => this.pick(shown, detail, null)}></lk-one-of>
      <lk-one-of .label=${t("preview.file")} .options=${chosen} .value=${this.picked?.file ?? file.id ?? 0}
        @lk-changed=${(/** @type {CustomEvent<number>} */ { detail }) => this.pick(shown, version.id, detail)}></lk-one-of>
      <div class="folder">
        <label for="folder">${t("preview.folder")}</label>
        <select id="folder" aria-required="true" @change=${(/** @type {Event} */ event) => (this.kind = valueOf(event))}>
          ${shown.kind ? null : html`<option value="">${t("preview.folder.choose")}</option>`}
          ${shown.kinds.map(
            (kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${kind === shown.kind ? shown.folder || kind : kind}</option>`,
          )}
        </select>
      </div>
    `;
  }

  /** @param {string[]} words */
  words(words) {
    if (!words.length) return null;
    return html`
      <section aria-labelledby="words">
        <h3 id="words">${t("preview.words")}</h3>
        <div class="words">
          ${words.map((word) => html`<button type="button" class="chip" title=${t("preview.words.copy")} @click=${() => copy(word)}>${word}</button>`)}
        </div>
      </section>
    `;
  }

  /** @param {string[]} tags */
  tags(tags) {
    if (!tags.length) return null;
    const shown = this.allTags ? tags : tags.slice(0, TAGS);
    return html`
      <section aria-labelledby="tags">
        <h3 id="tags">${t("preview.tags")}</h3>
        <div class="words">
          ${shown.map(
            (tag) => html`<button type="button" class="chip" title=${t("preview.tag", { tag })} @click=${() => openSearch(this, { tag })}>${tag}</button>`,
          )}
          ${shown.length < tags.length
            ? html`<button type="button" class="chip plain" @click=${() => (this.allTags = true)}>${t("preview.all", { count: tags.length })}</button>`
            : null}
        </div>
      </section>
    `;
  }

  /** @param {Resolved} shown */
  foot(shown) {
    const job = this.job && jobs.rows.get(this.job);
    if (job) return html`<lk-job .job=${job}></lk-job>`;
    if (shown.owned !== null)
      return html`
        <p class="row good">${icon("check")}${t("preview.owned")}</p>
        <button type="button" class="primary" @click=${() => openView(this, "library", shown.owned)}>${t("preview.owned.show")}</button>
      `;
    return html`
      ${this.error ? html`<p class="bad" role="alert">${this.error}</p>` : null}
      <div class="row">
        <button type="button" class="primary" aria-disabled=${this.busy} @click=${this.download}>
          ${icon("download")}${shown.file.size === null ? t("preview.download") : t("preview.download.size", { size: bytes(shown.file.size) })}
        </button>
        <button type="button" class="plan" aria-disabled=${this.busy} @click=${this.plan}>${icon("add")}${t("discover.plan")}</button>
      </div>
    `;
  }
}
customElements.define("lk-preview", LkPreview);

/** @param {Resolved} resolved @param {number} version */
const versionTarget = ({ model }, version) => `${model.id ?? ""}@${version}`;

/** @param {(string | null)[]} parts */
const join = (...parts) => parts.filter(Boolean).join(" · ");

/** @param {number | null} size */
const sized = (size) => (size === null ? null : bytes(size));
