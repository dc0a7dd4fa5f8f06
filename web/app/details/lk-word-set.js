/**
 * One set of trigger words: a toggle and a copy button for each, and what is done with the chosen ones. Dispatches `lk-toggle`
 * with {word, on}, `lk-insert`, and for a set of the user's own `lk-edit` and `lk-remove`; while `editing` a text box stands
 * in its place, and `lk-done` says what was written there, null where it is given up.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { icon } from "../icons.js";
import { copy } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";

/** @typedef {import("../../types/lorakeeper").WordSet} WordSet */

class LkWordSet extends LitElement {
  static properties = {
    set: { attribute: false },
    number: { attribute: false },
    chosen: { attribute: false },
    text: { attribute: false },
    inserts: { attribute: false },
    editing: { type: Boolean, reflect: true },
    active: { state: true },
  };

  static styles = [
    base,
    css`
      :host { display: block; }
      .set, form { display: grid; gap: 8px; padding: 10px; border: 1px solid var(--lk-line); border-radius: 10px; }
      .words { display: flex; flex-wrap: wrap; gap: 6px; }
      .word { display: inline-flex; align-items: stretch; max-width: 100%; border: 1px solid var(--lk-line); border-radius: 13px; overflow: hidden;
        background: var(--lk-hover); }
      .word button { min-height: 26px; border-radius: 0; background: none; }
      .word button:hover { background: var(--lk-hover); }
      .word button:focus-visible { outline-offset: -2px; border-radius: 12px; }
      .toggle { gap: 5px; padding: 2px 2px 2px 8px; text-align: start; overflow-wrap: anywhere; min-width: 0; }
      .toggle .icon { width: 14px; height: 14px; }
      .copy { flex: none; width: 26px; padding: 0 3px 0 0; color: var(--lk-quiet); }
      .copy .icon { width: 13px; height: 13px; }
      .word.off { border-style: dashed; background: none; }
      .word.off .toggle { color: var(--lk-quiet); }
      .row { font-size: 12px; gap: 4px 6px; }
      .row .grow { flex: 1 0 auto; }
      .row button { min-height: 26px; padding: 2px 8px; }
      .row .icon { width: 15px; height: 15px; }
      textarea { min-height: 52px; }
      form p { font-size: 12px; }
    `,
  ];

  constructor() {
    super();
    /** @type {WordSet | null} */
    this.set = null;
    /** Its number where there are several, else 0. */
    this.number = 0;
    /** @type {string[]} */
    this.chosen = [];
    /** As the user wrote it. */
    this.text = "";
    this.inserts = false;
    this.editing = false;
    /** The one of the words' buttons, two for each, that Tab reaches. */
    this.active = 0;
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const end = (this.set?.words.length ?? 0) * 2 - 1;
    const to = { ArrowLeft: this.active - 1, ArrowRight: this.active + 1, Home: 0, End: end }[event.key];
    if (to === undefined || to < 0 || to > end) return;
    event.preventDefault();
    this.active = to;
    /** @type {HTMLElement | undefined} */ (this.renderRoot.querySelectorAll(".word button")[to])?.focus();
  }

  /** @param {string} type @param {unknown} [detail] */
  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  render() {
    return this.editing ? this.editor() : this.set && this.shown(this.set);
  }

  /** @param {WordSet} set */
  shown(set) {
    const label = (/** @type {string} */ one, /** @type {string} */ many) => (this.number ? t(many, { number: this.number }) : t(one));
    const name = [this.number ? t("details.words.set", { number: this.number }) : "", t(`details.source.${set.suggested ? "guess" : set.source}`)];
    const none = this.chosen.length === 0;
    return html`
      <div class="set" role="group" aria-label=${name.filter(Boolean).join(", ")}>
        <div class="words" @keydown=${this.move}>${set.words.map((word, index) => this.word(word, index * 2))}</div>
        <div class="row wrap">
          <span class="grow quiet">${name.filter(Boolean).join(", ")}</span>
          <div class="row">
            ${set.source === "user"
              ? html`
                  <button type="button" class="plain" title=${label("details.words.edit", "details.words.editSet")}
                    aria-label=${label("details.words.edit", "details.words.editSet")} @click=${() => this.tell("lk-edit")}>
                    ${icon("edit")}
                  </button>
                  <button type="button" class="plain" title=${label("details.words.remove", "details.words.removeSet")}
                    aria-label=${label("details.words.remove", "details.words.removeSet")} @click=${() => this.tell("lk-remove")}>
                    ${icon("trash")}
                  </button>
                `
              : null}
            <button type="button" class="plain" ?disabled=${none} aria-label=${label("details.copyAll", "details.copySet")}
              @click=${() => copy(this.chosen.join(", "))}>
              ${icon("copy")}${t("details.copyAll")}
            </button>
            ${this.inserts
              ? html`<button type="button" ?disabled=${none} aria-label=${label("details.insert", "details.insert.set")}
                  title=${t("details.insert.title")} @click=${() => this.tell("lk-insert")}>
                  ${icon("insert")}${t("details.insert")}
                </button>`
              : null}
          </div>
        </div>
      </div>
    `;
  }

  /** @param {string} word @param {number} place of its first button */
  word(word, place) {
    const active = Math.min(this.active, (this.set?.words.length ?? 1) * 2 - 1);
    const tab = (/** @type {number} */ at) => (at === active ? 0 : -1);
    const on = this.chosen.includes(word);
    const copies = t("details.word.copy", { word });
    return html`
      <span class="word ${on ? "" : "off"}">
        <button type="button" class="toggle" tabindex=${tab(place)} aria-pressed=${on} title=${t("details.word.toggle")}
          @focus=${() => (this.active = place)} @click=${() => this.tell("lk-toggle", { word, on: !on })}>
          ${icon(on ? "check" : "add")}${word}
        </button>
        <button type="button" class="copy" tabindex=${tab(place + 1)} title=${copies} aria-label=${copies}
          @focus=${() => (this.active = place + 1)} @click=${() => copy(word)}>
          ${icon("copy")}
        </button>
      </span>
    `;
  }

  editor() {
    const finish = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.tell("lk-done", /** @type {HTMLTextAreaElement} */ (this.renderRoot.querySelector("textarea")).value);
    };
    const keys = (/** @type {KeyboardEvent} */ event) => {
      const written = event.target instanceof HTMLTextAreaElement && !event.isComposing;
      if (event.key === "Enter" && written && !event.shiftKey) finish(event);
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.tell("lk-done", null);
    };
    return html`
      <form @submit=${finish} @keydown=${keys}>
        <textarea rows="2" aria-label=${t("details.words.own")} placeholder=${t("details.words.own.placeholder")} .value=${this.text}></textarea>
        <p class="quiet">${t("details.words.own")}</p>
        <div class="row">
          <span class="grow"></span>
          <button type="button" class="plain" @click=${() => this.tell("lk-done", null)}>${t("common.cancel")}</button>
          <button type="submit">${t("details.save")}</button>
        </div>
      </form>
    `;
  }
}
customElements.define("lk-word-set", LkWordSet);
