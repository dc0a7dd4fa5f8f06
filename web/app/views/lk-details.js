/**
 * One model: its trigger words by the author's sets, what can be done with it, what the user says of it, and its file.
 * Dispatches `lk-close`, and `lk-changed` with the model whenever the user has changed something.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { library, prompt } from "../api.js";
import { comfy } from "../comfy.js";
import { onEvent } from "../events.js";
import { bytes, day } from "../format.js";
import { icon } from "../icons.js";
import { copy, messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { pageLink, picture } from "./card.js";
import { closeByEscape, focusOn, valueOf } from "./dom.js";
import { addToGraph } from "./lk-library.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").UserChanges} UserChanges */
/** @typedef {import("../../types/lorakeeper").Word} Word */

class LkDetails extends LitElement {
  static properties = { itemId: { attribute: false }, model: { state: true }, error: { state: true }, saved: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; grid-template-rows: auto minmax(0, 1fr); min-height: 0; }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 8px 6px; }
      .body { display: grid; gap: 20px; align-content: start; padding: 4px 14px 28px; }
      .head { display: grid; grid-template-columns: minmax(96px, 38%) minmax(0, 1fr); gap: 14px; align-items: start; }
      .head .picture { aspect-ratio: 3 / 4; border-radius: 10px; box-shadow: inset 0 0 0 1px var(--lk-line); cursor: default; }
      .head .picture[draggable="true"] { cursor: grab; }
      .head > div:last-child { display: grid; gap: 8px; align-content: start; }
      .head h2 { overflow-wrap: anywhere; font-size: 16px; letter-spacing: -0.01em; }
      .facts { display: flex; flex-wrap: wrap; gap: 6px; }
      .facts .chip { font-size: 12px; }
      .actions { display: grid; gap: 6px; margin-top: 4px; }
      section { display: grid; gap: 8px; }
      .set { display: grid; gap: 8px; padding: 10px; border: 1px solid var(--lk-line); border-radius: 10px; }
      .words { display: flex; flex-wrap: wrap; gap: 6px; }
      .set .row { font-size: 12px; gap: 4px 8px; }
      .set .row .grow { flex: 1 0 auto; }
      .set .row button { min-height: 26px; padding: 2px 8px; }
      dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 6px 14px; }
      dt { color: var(--lk-quiet); }
      dd { overflow-wrap: anywhere; user-select: text; }
      dd.code { font-family: ui-monospace, monospace; font-size: 12px; }
      details summary { cursor: pointer; padding: 4px 0; color: var(--lk-quiet); }
      label { display: grid; gap: 6px; }
      .tags { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
      .tags input { width: 120px; min-height: 26px; border-radius: 13px; padding: 2px 10px; }
      .tags .chip { padding-inline-end: 2px; }
      .tags .chip button { min-height: 20px; width: 20px; border-radius: 10px; }
      .tags .chip .icon { width: 12px; height: 12px; }
      input[type="number"] { width: 110px; }
    `,
  ];

  constructor() {
    super();
    /** @type {number} */
    this.itemId = 0;
    /** @type {Detail | null} */
    this.model = null;
    this.error = "";
    /** The field that was saved last, for its tick. */
    this.saved = "";
    /** @type {(() => void) | undefined} */
    this.stop = undefined;
    closeByEscape(this, () => this.close());
  }

  connectedCallback() {
    super.connectedCallback();
    this.stop = onEvent("library", ({ id }) => id === this.itemId && this.load());
  }

  disconnectedCallback() {
    this.stop?.();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("itemId")) this.load();
  }

  firstUpdated() {
    focusOn(this, ".scroll");
  }

  async load() {
    const id = this.itemId;
    try {
      const model = await library.get(id);
      if (id !== this.itemId) return;
      this.model = model;
      this.error = "";
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
  }

  close() {
    this.dispatchEvent(new CustomEvent("lk-close"));
  }

  /** @param {UserChanges} changes */
  async save(changes) {
    try {
      this.model = await library.update(this.itemId, changes);
      this.saved = Object.keys(changes)[0] ?? "";
      this.dispatchEvent(new CustomEvent("lk-changed", { detail: this.model }));
    } catch (error) {
      messages.error(error);
      this.requestUpdate();
    }
  }

  /** @param {Word[]} words */
  async insert(words) {
    if (!comfy) return;
    const texts = words.map(({ text }) => text);
    try {
      const { title, changed, undo } = await comfy.rewritePrompt((text) => prompt.insert(text, texts));
      if (changed) messages.undoable(t("details.inserted", { node: title }), undo);
      else messages.info(t("details.inserted.none", { node: title }));
    } catch (error) {
      messages.error(error);
    }
  }

  render() {
    const { model } = this;
    return html`
      <div class="bar">
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${this.close}>${icon("back")}</button>
        <span class="grow"></span>
        ${model
          ? html`
              ${pageLink(model.url)}
              <button type="button" class="plain square" aria-pressed=${model.favourite} aria-label=${t("item.favourite")}
                title=${t(model.favourite ? "details.favourite.remove" : "details.favourite.add")}
                @click=${() => this.save({ favourite: !model.favourite })}>
                ${icon(model.favourite ? "starred" : "star")}
              </button>
            `
          : null}
      </div>
      <div class="scroll" tabindex="-1">
        ${this.error ? html`<p class="note bad" role="alert" style="margin: 12px">${icon("broken")}${this.error}</p>` : null}
        ${model ? this.body(model) : null}
      </div>
    `;
  }

  /** @param {Detail} model */
  body(model) {
    const canAdd = comfy?.canLoad(model.kind);
    const creator = model.creator && t("preview.by", { creator: model.creator });
    const facts = [model.version_name, model.base_model, bytes(model.size), creator].filter(Boolean);
    const drag = (/** @type {DragEvent} */ event) => event.dataTransfer && comfy?.fillDrag(event.dataTransfer, model);
    return html`
      <article class="body" aria-label=${t("details.label", { title: model.title })}>
        <div class="head">
          <div draggable=${canAdd ? "true" : "false"} @dragstart=${drag}>${picture(model)}</div>
          <div>
            <h2>${model.title}</h2>
            <div class="facts">${facts.map((fact) => html`<span class="chip">${fact}</span>`)}</div>
            <div class="actions">
              ${canAdd
                ? html`<button type="button" class="primary" title=${t("item.add.title")} @click=${() => addToGraph(model)}>
                    ${icon("graph")}${t("item.add")}
                  </button>`
                : null}
              ${model.kind === "loras"
                ? html`<button type="button" @click=${() => copy(loraTag(model))}>${icon("copy")}${t("details.copyTag")}</button>`
                : null}
            </div>
          </div>
        </div>
        ${model.state === "present" ? null : html`<p class="note bad" role="alert">${icon("broken")}${t(`details.${model.state}`)}</p>`}
        ${this.words(model)} ${this.yours(model)} ${this.file(model)}
      </article>
    `;
  }

  /** @param {Detail} model */
  words(model) {
    /** @type {Map<string, Word[]>} */
    const sets = new Map();
    for (const word of model.trigger_words) {
      const key = `${word.source} ${word.group}`;
      sets.set(key, [...(sets.get(key) ?? []), word]);
    }
    return html`
      <section aria-labelledby="words">
        <div class="row">
          <h3 id="words" class="grow">${t("details.words")}</h3>
          ${sets.size ? html`<span class="quiet">${t("details.words.hint")}</span>` : null}
        </div>
        ${sets.size ? null : html`<p class="quiet">${t("details.words.none")}</p>`}
        ${[...sets.values()].map((words, index) => this.wordSet(words, sets.size > 1 ? index + 1 : 0))}
      </section>
    `;
  }

  /** @param {Word[]} words @param {number} set its number where there are several, else 0 */
  wordSet(words, set) {
    const label = (/** @type {string} */ one, /** @type {string} */ many) => (set ? t(many, { number: set }) : t(one));
    const text = words.map(({ text }) => text).join(", ");
    const chip = (/** @type {string} */ word) => {
      const copyIt = t("details.word.copy", { word });
      return html`<button type="button" class="chip" title=${copyIt} aria-label=${copyIt} @click=${() => copy(word)}>${word}</button>`;
    };
    return html`
      <div class="set">
        <div class="words">${words.map(({ text }) => chip(text))}</div>
        <div class="row wrap">
          <span class="grow quiet">
            ${set ? `${t("details.words.set", { number: set })}, ` : ""}${t(`details.source.${words[0]?.source ?? "site"}`)}
          </span>
          <div class="row">
            <button type="button" class="plain" aria-label=${label("details.copyAll", "details.copySet")} @click=${() => copy(text)}>
              ${icon("copy")}${t("details.copyAll")}
            </button>
            ${comfy
              ? html`<button type="button" aria-label=${label("details.insert", "details.insert.set")} title=${t("details.insert.title")}
                  @click=${() => this.insert(words)}>
                  ${icon("insert")}${t("details.insert")}
                </button>`
              : null}
          </div>
        </div>
      </div>
    `;
  }

  /** @param {Detail} model */
  yours(model) {
    const saved = html`<span class="good row" role="status">${icon("check")}${t("details.saved")}</span>`;
    const tick = (/** @type {string} */ field) => (this.saved === field ? saved : null);
    const addTag = (/** @type {Event} */ event) => {
      const tag = valueOf(event).trim();
      /** @type {HTMLInputElement} */ (event.target).value = "";
      if (tag && !model.tags.includes(tag)) this.save({ tags: [...model.tags, tag] });
    };
    return html`
      <section>
        <div class="row"><h3 class="grow">${t("details.tags")}</h3>${tick("tags")}</div>
        <div class="tags">
          ${model.tags.map(
            (tag) => html`
              <span class="chip">
                ${tag}
                <button type="button" class="plain square" aria-label=${t("details.tags.remove", { tag })}
                  @click=${() => this.save({ tags: model.tags.filter((each) => each !== tag) })}>
                  ${icon("cancel")}
                </button>
              </span>
            `,
          )}
          <input aria-label=${t("details.tags.add")} placeholder=${t("details.tags.add")} @change=${addTag} />
        </div>
      </section>
      <section>
        <div class="row"><h3 id="notes" class="grow">${t("details.notes")}</h3>${tick("notes")}</div>
        <textarea rows="3" aria-labelledby="notes" placeholder=${t("details.notes.placeholder")} .value=${model.notes}
          @change=${(/** @type {Event} */ event) => this.save({ notes: valueOf(event) })}></textarea>
      </section>
      ${model.kind === "loras"
        ? html`
            <section>
              <div class="row"><h3 id="strength" class="grow">${t("details.strength")}</h3>${tick("preferred_strength")}</div>
              <input type="number" step="0.05" min="-100" max="100" placeholder="1" aria-labelledby="strength"
                .value=${String(model.preferred_strength ?? "")}
                @change=${(/** @type {Event} */ event) => this.save({ preferred_strength: valueOf(event) === "" ? null : Number(valueOf(event)) })} />
            </section>
          `
        : null}
    `;
  }

  /** @param {Detail} model */
  file(model) {
    /** @type {[string, string | null, boolean?][]} */
    const facts = [
      ["name", model.name],
      ["path", model.path],
      ["size", bytes(model.size)],
      ["added", day(model.added_at)],
      ["sha256", model.sha256, true],
      ["air", model.air, true],
    ];
    const header = Object.entries(model.header ?? {});
    const row = (/** @type {string} */ name, /** @type {unknown} */ value, code = false) =>
      html`<dt>${name}</dt><dd class=${code ? "code" : ""}>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>`;
    return html`
      <section>
        <h3>${t("details.file")}</h3>
        <dl>${facts.filter(([, value]) => value).map(([key, value, code]) => row(t(`details.file.${key}`), value, code))}</dl>
        ${header.length
          ? html`<details><summary>${t("details.header")}</summary><dl>${header.map(([name, value]) => row(name, value, true))}</dl></details>`
          : null}
      </section>
    `;
  }
}
customElements.define("lk-details", LkDetails);

/** How prompts name a LoRA: without folder order or ending in doubt, as ComfyUI lists it. @param {Detail} model */
const loraTag = (model) => `<lora:${model.name.replace(/\.[^./\\]+$/, "")}:${model.preferred_strength ?? 1}>`;
