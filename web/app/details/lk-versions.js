/**
 * The versions that the site has of a model, newest first: what is here can be opened, the rest downloaded, with its progress
 * in its place. Where only the one here is known the site is asked, once somebody looks. Dispatches `lk-owned` once one of
 * them has arrived.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { civitai, jobs as routes } from "../api.js";
import { bytes, day } from "../format.js";
import { icon } from "../icons.js";
import { isOver, jobs } from "../queue/jobs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { openView } from "../parts/dom.js";
import "../queue/lk-job.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").KnownVersion} KnownVersion */

/** So many are shown before the rest is asked for. */
const FEW = 5;

class LkVersions extends LitElement {
  static properties = { model: { attribute: false }, all: { state: true }, heard: { state: true }, error: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      section, ul { display: grid; gap: 8px; }
      li { display: grid; gap: 8px; padding: 8px 10px; border: 1px solid var(--lk-line); border-radius: 10px; }
      li.shown { background: var(--lk-hover); }
      .what { display: grid; gap: 2px; min-width: 0; flex: 1 1 130px; }
      .what b { font-weight: 600; overflow-wrap: anywhere; }
      .what > span { font-size: 12px; }
      .mark { display: inline-flex; align-items: center; gap: 4px; font-size: 12px; }
      .mark .icon { width: 15px; height: 15px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    this.all = false;
    /** What the site said of what isn't known here. @type {KnownVersion[] | null} */
    this.heard = null;
    this.error = "";
    this.asked = false;
    /** The downloads that were started here, by version. @type {Map<number, string>} */
    this.started = new Map();
    /** The library's ids of what has arrived meanwhile, by version. @type {Map<number, number>} */
    this.arrived = new Map();
    this.turns = new Turns();
    this.changed = () => this.follow();
    this.seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.ask());
  }

  connectedCallback() {
    super.connectedCallback();
    jobs.addEventListener("change", this.changed);
    this.seen.observe(this);
  }

  disconnectedCallback() {
    jobs.removeEventListener("change", this.changed);
    this.seen.disconnect();
    super.disconnectedCallback();
  }

  /** @returns {KnownVersion[]} */
  get versions() {
    const { versions = [] } = this.model ?? {};
    const here = new Map(versions.map(({ id, owned }) => [id, owned]));
    return (this.heard ?? versions).map((each) => ({ ...each, owned: here.get(each.id) ?? each.owned ?? this.arrived.get(each.id) ?? null }));
  }

  async ask() {
    const { model } = this;
    if (this.asked || !model?.version_id || model.model) return;
    this.asked = true;
    try {
      this.heard = (await civitai.resolve(`${model.model_id ?? ""}@${model.version_id}`)).versions;
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
  }

  follow() {
    this.requestUpdate();
    for (const version of this.versions) {
      const item = version.owned === null && this.jobOf(version)?.item;
      if (!item || item.library_id === null) continue;
      this.arrived.set(version.id, item.library_id);
      this.dispatchEvent(new CustomEvent("lk-owned"));
    }
  }

  /** The download of a version: what was started here, else what is under way. @param {KnownVersion} version */
  jobOf({ id }) {
    const started = jobs.rows.get(this.started.get(id) ?? "");
    return started ?? jobs.list.find((job) => job.item?.version_id === id && !isOver(job));
  }

  /** @param {KnownVersion} version */
  download({ id }) {
    return this.turns.take(String(id), async () => {
      const job = await routes.add({ target: `${this.model?.model_id ?? ""}@${id}` });
      this.started.set(id, job.id);
      jobs.put(job);
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(`[data-version="${id}"]`))?.focus();
    });
  }

  render() {
    const { versions } = this;
    if (!versions.length) return null;
    const shown = this.all ? versions : versions.slice(0, FEW);
    return html`
      <section aria-labelledby="versions">
        <h3 id="versions">${t("details.versions")}</h3>
        <ul>${shown.map((version, index) => this.version(version, index === 0))}</ul>
        ${shown.length < versions.length
          ? html`<button type="button" class="plain" @click=${() => (this.all = true)}>${t("details.versions.all", { count: versions.length })}</button>`
          : null}
        ${this.error ? html`<p class="quiet">${this.error}</p>` : null}
      </section>
    `;
  }

  /** @param {KnownVersion} version @param {boolean} newest */
  version(version, newest) {
    const { id, name, base_model, published_at, size, owned } = version;
    const facts = [base_model, day(published_at), size === null ? null : bytes(size)];
    const isShown = id === this.model?.version_id;
    const job = owned === null && !isShown ? this.jobOf(version) : undefined;
    return html`
      <li class=${isShown ? "shown" : ""} tabindex="-1" data-version=${id}>
        <div class="row wrap">
          <div class="what"><b>${name}</b><span class="quiet">${facts.filter(Boolean).join(" · ")}</span></div>
          ${newest && !isShown && owned === null ? html`<span class="mark">${icon("update")}${t("details.versions.newest")}</span>` : null}
          ${isShown ? html`<span class="mark good">${icon("check")}${t("details.versions.this")}</span>` : this.act(version, newest, Boolean(job))}
        </div>
        ${job ? html`<lk-job .job=${job}></lk-job>` : null}
      </li>
    `;
  }

  /** @param {KnownVersion} version @param {boolean} newest @param {boolean} busy */
  act(version, newest, busy) {
    const { name, owned } = version;
    const label = (/** @type {string} */ action) => t("job.label", { action, name });
    if (owned !== null)
      return html`
        <span class="mark good">${icon("check")}${t("details.versions.owned")}</span>
        <button type="button" aria-label=${label(t("details.versions.open"))} @click=${() => openView(this, "library", owned)}>${t("details.versions.open")}</button>
      `;
    return busy
      ? null
      : html`<button type="button" class=${newest ? "primary" : ""} aria-label=${label(t("preview.download"))} @click=${() => this.download(version)}>
          ${icon("download")}${t("preview.download")}
        </button>`;
  }
}
customElements.define("lk-versions", LkVersions);
