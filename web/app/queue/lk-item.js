/** One file of a job of many: its name, how far it is, and what can be done about it. */
import { LitElement, css, html } from "../vendor/lit.js";
import { jobs as routes } from "../api.js";
import { bytes } from "../format.js";
import { icon } from "../icons.js";
import { isDone } from "./jobs.js";
import { messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { Turns } from "../turns.js";
import { focusAgain, openView } from "../parts/dom.js";
import { amounts, bar, progressStyles, stateMark } from "./progress.js";

/** @typedef {import("../../types/lorakeeper").JobItem} JobItem */
/** @typedef {import("../../types/lorakeeper").Action} Action */

class LkItem extends LitElement {
  static properties = { item: { attribute: false }, nearest: { attribute: false }, first: { attribute: false } };

  static styles = [
    base,
    progressStyles,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 8px; align-items: center; }
      .acts { display: flex; gap: 2px; margin-inline-end: -4px; grid-area: 1 / 2 / 3; }
      .acts button { min-height: 28px; width: 28px; padding: 0; color: var(--lk-quiet); }
      .acts button:hover { color: var(--lk-text); }
      .acts .icon { width: 16px; height: 16px; }
      .acts span { display: none; }
      progress { height: 3px; margin-top: 4px; }
      progress, .error { grid-column: 1 / 3; }
      .error { font-size: 12px; }
      @container app (width >= 620px) {
        .acts button:not(.sign) { width: auto; padding: 2px 8px; }
        .acts button:not(.sign) span { display: inline; }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {JobItem | null} */
    this.item = null;
    /** The file that waits right ahead of this one. @type {JobItem | null} */
    this.nearest = null;
    /** The first one that waits, if that is another one. @type {JobItem | null} */
    this.first = null;
    /** Moves it before another one. @type {(before: JobItem) => Promise<void> | undefined} */
    this.move = async () => {};
    this.turns = new Turns();
  }

  /** @param {Action} action */
  act(action) {
    const { item } = this;
    if (!item) return;
    void this.turns.take(action, async () => {
      // The row itself follows the event that this makes.
      await routes.actItem(item, action);
      if (action === "cancel") messages.undoable(t("queue.cancelled", { name: title(item) }), () => routes.actItem(item, "retry"));
    });
  }

  /** @param {JobItem | null} before @param {string} name */
  go(before, name) {
    void this.turns.take(name, async () => {
      if (before) await this.move(before);
      await focusAgain(this, `[name="${name}"]`, ".acts button");
    });
  }

  render() {
    const { item } = this;
    if (!item) return null;
    const name = title(item);
    const moving = item.state === "downloading";
    const sizes = moving || (item.received && !isDone(item)) ? amounts(item, { moving }) : item.total && !item.error ? bytes(item.total) : "";
    return html`
      <div class="cut" title=${item.target}>${name}</div>
      <div class="facts quiet">${stateMark(item.state, t(`job.state.${item.state}`))}${sizes ? html`<span>${sizes}</span>` : null}</div>
      <div class="acts">${this.actions(item, name)}</div>
      ${moving ? bar(name, item.state, item.total ? item.received / item.total : null) : null}
      ${item.error ? html`<p class="error">${item.error}</p>` : null}
    `;
  }

  /** @param {JobItem} item @param {string} name */
  actions(item, name) {
    const { state } = item;
    const button = (/** @type {string} */ key, /** @type {Parameters<typeof icon>[0]} */ sign, /** @type {() => void} */ act, look = "") =>
      html`<button type="button" class="plain ${look}" name=${key} title=${t(key)} aria-label=${t("job.label", { action: t(key), name })} @click=${act}>
        ${icon(sign)}<span>${t(key)}</span>
      </button>`;
    if (isDone(item))
      return [
        state === "failed" || state === "cancelled" ? button("job.retry", "retry", () => this.act("retry")) : null,
        state === "quarantined" ? button("quarantine.show", "broken", () => openView(this, "security")) : null,
        item.library_id === null ? null : button("preview.owned.show", "library", () => openView(this, "library", item.library_id)),
      ];
    return [
      state === "paused" ? button("job.resume", "play", () => this.act("resume")) : button("job.pause", "pause", () => this.act("pause")),
      button("job.cancel", "cancel", () => this.act("cancel")),
      this.nearest ? button("job.up", "up", () => this.go(this.nearest, "job.up"), "sign") : null,
      this.first ? button("job.front", "front", () => this.go(this.first, "job.front"), "sign") : null,
    ];
  }
}
customElements.define("lk-item", LkItem);

/** @param {JobItem} item */
const title = (item) => item.name ?? item.target;
