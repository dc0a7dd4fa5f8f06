/**
 * What the user says of a model besides its trigger words: tags, preferred strength, notes. What is being typed stays, whatever
 * is heard of the model meanwhile, and is saved even if the view closes.
 */
import { LitElement, css, html, live } from "../vendor/lit.js";
import { library } from "../api.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { focusOn, valueOf } from "../parts/dom.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */
/** @typedef {import("../../types/lorakeeper").UserChanges} UserChanges */
/** @typedef {"notes" | "preferred_strength"} Field */

class LkYours extends LitElement {
  static properties = { model: { attribute: false }, saved: { attribute: false }, typed: { state: true }, known: { state: true } };

  static styles = [
    base,
    css`
      :host { display: grid; gap: 20px; }
      section { display: grid; gap: 8px; }
      .tags { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
      .tags input { width: 124px; min-height: 26px; border-radius: 13px; padding: 2px 10px; }
      .tags .chip { padding-inline-end: 1px; padding-block: 0; }
      .tags .chip button { min-height: 24px; width: 24px; border-radius: 12px; }
      .tags .chip .icon { width: 12px; height: 12px; }
      input[type="number"] { width: 110px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
    /** @type {(changes: UserChanges) => Promise<boolean>} */
    this.save = async () => false;
    /** The field that was saved last, for its tick. */
    this.saved = "";
    /** What was typed and isn't saved. @type {Partial<Record<Field, string>>} */
    this.typed = {};
    /** Tags that are in use. @type {string[] | null} */
    this.known = null;
  }

  disconnectedCallback() {
    for (const field of /** @type {Field[]} */ (Object.keys(this.typed))) void this.keep(field);
    super.disconnectedCallback();
  }

  /** @param {Field} field */
  async keep(field) {
    const text = this.typed[field];
    if (text === undefined) return;
    const changes = field === "notes" ? { notes: text } : { preferred_strength: text === "" ? null : Number(text) };
    if ((await this.save(changes)) && this.typed[field] === text) {
      const { [field]: _, ...rest } = this.typed;
      this.typed = rest;
    }
  }

  async suggest() {
    this.known ??= (await library.facets({}).catch(() => /** @type {import("../../types/lorakeeper").Facets} */ ({}))).tag?.map(({ value }) => value) ?? [];
  }

  /** @param {string} tag */
  async removeTag(tag) {
    if (await this.save({ tags: this.model?.tags.filter((each) => each !== tag) })) focusOn(this, ".tags input");
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const tick = (/** @type {string} */ field) =>
      html`<span class="row" role="status">${this.saved === field ? html`<span class="good row">${icon("check")}${t("details.saved")}</span>` : null}</span>`;
    const addTag = (/** @type {Event} */ event) => {
      const tag = valueOf(event).trim();
      /** @type {HTMLInputElement} */ (event.target).value = "";
      if (tag && !model.tags.includes(tag)) void this.save({ tags: [...model.tags, tag] });
    };
    const type = (/** @type {Field} */ field) => (/** @type {InputEvent & { target: HTMLInputElement }} */ { target }) => {
      // Half a number, such as “-”, is nothing to keep.
      if (!target.validity.badInput) this.typed = { ...this.typed, [field]: target.value };
    };
    return html`
      <section>
        <div class="row"><h3 class="grow">${t("details.tags")}</h3>${tick("tags")}</div>
        <div class="tags">
          ${model.tags.map(
            (tag) => html`
              <span class="chip">
                ${tag}
                <button type="button" class="plain square" title=${t("details.tags.remove", { tag })} aria-label=${t("details.tags.remove", { tag })}
                  @click=${() => this.removeTag(tag)}>
                  ${icon("cancel")}
                </button>
              </span>
            `,
          )}
          <input aria-label=${t("details.tags.add")} placeholder=${t("details.tags.add")} list="known" maxlength="100" @change=${addTag} @focus=${this.suggest} />
          <datalist id="known">${this.known?.map((tag) => html`<option value=${tag}></option>`)}</datalist>
        </div>
      </section>
      ${model.kind === "loras"
        ? html`
            <section>
              <div class="row"><h3 id="strength" class="grow">${t("details.strength")}</h3>${tick("preferred_strength")}</div>
              <input type="number" step="0.05" min="-100" max="100" placeholder="1" aria-labelledby="strength"
                .value=${live(this.typed.preferred_strength ?? String(model.preferred_strength ?? ""))}
                @input=${type("preferred_strength")} @change=${() => this.keep("preferred_strength")} />
            </section>
          `
        : null}
      <section>
        <div class="row"><h3 id="notes" class="grow">${t("details.notes")}</h3>${tick("notes")}</div>
        <textarea rows="3" aria-labelledby="notes" placeholder=${t("details.notes.placeholder")} .value=${live(this.typed.notes ?? model.notes)}
          @input=${type("notes")} @change=${() => this.keep("notes")}></textarea>
      </section>
    `;
  }
}
customElements.define("lk-yours", LkYours);
