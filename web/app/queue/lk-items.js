/** The files of a job, one row each, a page at a time: a job may have thousands. Lives only while it is unfolded. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { Items } from "./items.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import "./lk-item.js";

/** @typedef {import("../../types/lorakeeper").Job} Job */
/** @typedef {import("../../types/lorakeeper").JobItem} JobItem */

/** What happens to a whole job isn't told for each of its files; they are read again, not more often than this. */
const READ_AGAIN_MS = 800;

class LkItems extends LitElement {
  static properties = { job: { attribute: false } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; }
      ul { display: grid; grid-template-columns: minmax(0, 1fr); }
      li { padding: 6px 0; border-top: 1px solid var(--lk-line); }
      .more { justify-self: start; }
    `,
  ];

  constructor() {
    super();
    /** @type {Job | null} */
    this.job = null;
    /** @type {Items | null} */
    this.items = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.changed = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow();
  }

  disconnectedCallback() {
    this.leave();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("job") || !this.job) return;
    if (this.items?.job !== this.job.id) this.follow();
    const before = /** @type {Job | undefined} */ (changed.get("job"));
    if (before?.id === this.job.id && (before.state !== this.job.state || before.failed_files > this.job.failed_files)) this.readAgain();
  }

  follow() {
    this.leave();
    if (!this.job || !this.isConnected) return;
    this.items = new Items(this.job.id);
    this.items.addEventListener("change", this.changed);
    this.items.start().catch((error) => messages.error(error));
  }

  leave() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.items?.removeEventListener("change", this.changed);
    this.items?.stop();
    this.items = null;
  }

  readAgain() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.items?.reload().catch((error) => messages.error(error));
    }, READ_AGAIN_MS);
  }

  render() {
    const { items } = this;
    if (!items?.loaded) return html`<p class="quiet">${t("common.loading")}</p>`;
    return html`
      <ul aria-label=${t("bulk.items")}>${repeat(this.rows(items.list), ({ item }) => item.id, (row) => this.row(row))}</ul>
      ${items.cursor
        ? html`<button type="button" class="more" @click=${() => items.more().catch((error) => messages.error(error))}>${t("common.more")}</button>`
        : null}
    `;
  }

  /** Each file with those that wait ahead of it: the nearest one, and the first one. @param {JobItem[]} list */
  rows(list) {
    /** @type {JobItem | null} */
    let first = null;
    /** @type {JobItem | null} */
    let last = null;
    return list.map((item) => {
      if (item.state !== "queued") return { item, nearest: null, first: null };
      const row = { item, nearest: last, first: first === last ? null : first };
      first ??= item;
      last = item;
      return row;
    });
  }

  /** @param {{ item: JobItem, nearest: JobItem | null, first: JobItem | null }} row */
  row({ item, nearest, first }) {
    return html`<li><lk-item .item=${item} .nearest=${nearest} .first=${first} .move=${(/** @type {JobItem} */ before) => this.items?.move(item, before)}></lk-item></li>`;
  }
}
customElements.define("lk-items", LkItems);
