/**
 * The trigger words of a model: each source's sets apart, the user's own to be changed, and what is done with those that are
 * chosen. Which ones are is remembered as long as the model is shown.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { prompt } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { copy, messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { distinct, folded, loraTag } from "./word-sets.js";
import { focusOn, valueOf } from "../parts/dom.js";
import "./lk-word-set.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").WordSet} WordSet */

/** In `editing`: a set that isn't there yet. */
const NEW = -1;

class LkWords extends LitElement {
  static properties = { model: { attribute: false }, choices: { state: true }, weight: { state: true }, editing: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      section { display: grid; gap: 8px; }
      .all { display: grid; gap: 8px; }
      .add { min-height: 26px; padding: 2px 8px; margin: -4px -8px -4px 0; font-size: 12px; }
      .add .icon { width: 15px; height: 15px; }
      label { display: flex; align-items: center; gap: 6px; font-size: 12px; color: var(--lk-quiet); }
      input { width: 68px; min-height: 30px; color: var(--lk-text); }
      .hint { font-size: 12px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    /** Saves what the user says. @type {(changes: import("../../types/lorakeeper").UserChanges) => Promise<boolean>} */
    this.save = async () => false;
    /** What was switched, by word. @type {Map<string, boolean>} */
    this.choices = new Map();
    /** What was typed; null is the preferred strength. @type {string | null} */
    this.weight = null;
    /** The place among the user's own sets of the one that is being changed. @type {number | null} */
    this.editing = null;
  }

  /** @param {WordSet} set */
  chosenOf(set) {
    return set.words.filter((word) => this.choices.get(folded(word)) ?? !set.suggested);
  }

  /** @param {WordSet[]} sets */
  allChosen(sets) {
    return distinct(sets.flatMap((set) => this.chosenOf(set)));
  }

  /** @param {string[]} words */
  async insert(words) {
    if (!comfy) return;
    try {
      const { title, changed, undo } = await comfy.rewritePrompt((text) => prompt.insert(text, words));
      if (changed) messages.undoable(t("details.inserted", { node: title }), undo);
      else messages.info(t("details.inserted.none", { node: title }));
    } catch (error) {
      messages.error(error);
    }
  }

  /** Begins to change a set of the user's own. @param {number} place */
  async edit(place) {
    this.editing = place;
    await this.updateComplete;
    const editor = /** @type {LitElement | null} */ (this.renderRoot.querySelector("lk-word-set[editing]"));
    await editor?.updateComplete;
    if (editor) focusOn(editor, "textarea");
  }

  /** Ends it; an empty text takes the set away, null leaves it as it was. @param {string | null} text */
  async finish(text) {
    const { editing, model } = this;
    if (editing === null || !model) return;
    const own = [...model.user.trigger_words];
    // What is only commas is no set.
    const said = text === null ? null : /[^\s,]/.test(text) ? text.trim() : "";
    if (said !== null && said !== (own[editing] ?? "")) {
      own.splice(editing === NEW ? own.length : editing, 1, ...(said ? [said] : []));
      if (!(await this.save({ trigger_words: own }))) return;
    }
    this.editing = null;
    await this.updateComplete;
    focusOn(this, ".add");
  }

  /** @param {number} place */
  async drop(place) {
    const before = this.model?.user.trigger_words ?? [];
    if (!(await this.save({ trigger_words: before.filter((_, index) => index !== place) }))) return;
    messages.undoable(t("details.words.removed"), () => this.save({ trigger_words: before }));
    await this.updateComplete;
    focusOn(this, ".add");
  }

  get strength() {
    const typed = Number(this.weight || NaN);
    return Number.isFinite(typed) ? typed : (this.model?.preferred_strength ?? 1);
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const sets = model.word_sets;
    const declared = sets.filter(({ suggested }) => !suggested).length;
    const own = sets.filter(({ source }) => source === "user").length;
    return html`
      <section aria-labelledby="words">
        <div class="row">
          <h3 id="words" class="grow">${t("details.words")}</h3>
          <button type="button" class="plain add" @click=${() => this.edit(NEW)}>${icon("add")}${t("details.words.add")}</button>
        </div>
        ${sets.length ? null : html`<p class="quiet">${t("details.words.none")}</p>`}
        ${sets.map((set, index) => this.set(set, declared > 1 && !set.suggested ? index + 1 : 0))}
        ${this.editing === NEW ? html`<lk-word-set editing .set=${null} @lk-done=${this.done}></lk-word-set>` : null}
        ${own && own < sets.length ? html`<p class="quiet hint">${t("details.words.yours")}</p>` : null}
        ${this.all(model, sets)}
      </section>
    `;
  }

  /** @param {CustomEvent<string | null>} event */
  done({ detail }) {
    return this.finish(detail);
  }

  /** @param {WordSet} set @param {number} number what it is called by, 0 where it is the only one */
  set(set, number) {
    const place = set.source === "user" ? set.place : null;
    const toggle = (/** @type {CustomEvent<{ word: string, on: boolean }>} */ { detail: { word, on } }) =>
      (this.choices = new Map(this.choices).set(folded(word), on));
    return html`
      <lk-word-set .set=${set} .number=${number} .chosen=${this.chosenOf(set)} ?editing=${place !== null && this.editing === place}
        .text=${place === null ? "" : (this.model?.user.trigger_words[place] ?? "")} .inserts=${Boolean(comfy)}
        @lk-toggle=${toggle} @lk-insert=${() => this.insert(this.chosenOf(set))} @lk-edit=${() => place !== null && this.edit(place)}
        @lk-remove=${() => place !== null && this.drop(place)} @lk-done=${this.done}></lk-word-set>
    `;
  }

  /** What is done with all that are chosen. @param {Detail} model @param {WordSet[]} sets */
  all(model, sets) {
    const words = this.allChosen(sets);
    const several = sets.length > 1;
    const none = words.length === 0;
    return html`
      <div class="all">
        ${several
          ? html`
              <div class="row wrap">
                <button type="button" ?disabled=${none} @click=${() => copy(words.join(", "))}>
                  ${icon("copy")}${t("details.words.copyChosen", { count: words.length })}
                </button>
                ${comfy
                  ? html`<button type="button" ?disabled=${none} title=${t("details.insert.title")} @click=${() => this.insert(words)}>
                      ${icon("insert")}${t("details.insert.chosen")}
                    </button>`
                  : null}
              </div>
            `
          : null}
        ${model.kind === "loras" ? this.tag(model, words) : null}
      </div>
    `;
  }

  /** @param {Detail} model @param {string[]} words */
  tag(model, words) {
    return html`
      <div class="row wrap" role="group" aria-label=${t("details.tag")}>
        <label>
          ${t("details.tag.weight")}
          <input type="number" step="0.05" min="-100" max="100" placeholder=${String(model.preferred_strength ?? 1)} .value=${this.weight ?? ""}
            @input=${(/** @type {Event} */ event) => (this.weight = valueOf(event))} />
        </label>
        <button type="button" @click=${() => copy(loraTag(model, this.strength))}>${icon("copy")}${t("details.copyTag")}</button>
        ${words.length
          ? html`<button type="button" @click=${() => copy(loraTag(model, this.strength, words))}>${icon("copy")}${t("details.copyTag.words")}</button>`
          : null}
      </div>
    `;
  }
}
customElements.define("lk-words", LkWords);
