/**
 * Keys, which go in and never come out, and the settings in their groups, drawn from the schema that the server publishes for
 * them. Dispatches `lk-settings` with all values when one has changed, and `lk-language` when another language is spoken.
 */
import { LitElement, css, html, live } from "../vendor/lit.js";
import { credentials, settings } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { grouped } from "./groups.js";
import { LANGUAGES, chooseLanguage, chosenLanguage, has, t } from "../strings.js";
import { base } from "../theme.js";
import { openSetting, valueOf } from "../parts/dom.js";
import "../analytics/lk-recorded.js";

/** @typedef {import("../../types/lorakeeper").Credential} Credential */
/** @typedef {import("../../types/lorakeeper").SettingSchema} SettingSchema */

/** Where keys are made. @type {Record<string, string>} */
const KEY_PAGES = { civitai: "https://civitai.com/user/account", gemini: "https://aistudio.google.com/apikey" };

export class LkSettings extends LitElement {
  static properties = {
    values: { state: true },
    schema: { state: true },
    keys: { state: true },
    errors: { state: true },
    saved: { state: true },
    failure: { state: true },
  };

  static styles = [
    base,
    css`
      :host { position: absolute; inset: 0; overflow: auto; scrollbar-width: thin; scrollbar-color: var(--lk-line) transparent; }
      nav { display: none; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px; padding: 16px 14px 32px; max-width: 620px; }
      section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
      section + section { padding-top: 20px; border-top: 1px solid var(--lk-line); }
      .field { display: grid; gap: 5px; }
      .field label { font-weight: 600; }
      .field p { font-size: 12px; }
      .line { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px; align-items: center; }
      .switch { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 4px 10px; align-items: center; }
      .switch p { grid-column: 2; }
      input[type="number"], select { max-width: 200px; }
      .saved .icon { width: 15px; height: 15px; }
      @container app (width >= 880px) {
        :host { display: grid; grid-template-columns: 200px minmax(0, 1fr); align-items: start; }
        nav { position: sticky; top: 0; display: grid; gap: 2px; padding: 16px 0 16px 12px; }
        nav button { justify-content: flex-start; color: var(--lk-quiet); }
        nav button:hover { color: var(--lk-text); }
        .body { padding: 20px 20px 60vh; }
        section { scroll-margin-top: 16px; }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Record<string, unknown>} */
    this.values = {};
    /** @type {Record<string, SettingSchema>} */
    this.schema = {};
    /** @type {Record<string, Credential>} */
    this.keys = {};
    /** Sentences by setting. @type {Record<string, string>} */
    this.errors = {};
    this.saved = "";
    this.failure = "";
    /** Until there is something to see. @type {Promise<void> | undefined} */
    this.loading = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    this.loading = this.load();
  }

  /** Brings a setting into sight, and the focus to it. @param {string} name */
  async showSetting(name) {
    await this.loading;
    await this.updateComplete;
    const input = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(`#${CSS.escape(name)}`));
    input?.closest(".field")?.scrollIntoView({ block: "center" });
    input?.focus({ preventScroll: true });
  }

  async load() {
    try {
      [this.values, this.schema, this.keys] = await Promise.all([settings.get(), settings.schema(), credentials.get()]);
      this.failure = "";
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  /** @param {string} name @param {unknown} value */
  async set(name, value) {
    const before = this.values[name];
    this.saved = "";
    this.values = { ...this.values, [name]: value };
    try {
      const values = await settings.update({ [name]: value });
      this.values = { ...this.values, [name]: values[name] };
      this.errors = { ...this.errors, [name]: "" };
      this.saved = name;
      this.dispatchEvent(new CustomEvent("lk-settings", { detail: values, bubbles: true, composed: true }));
    } catch (error) {
      // What was typed stays, to be corrected; a switch shows what holds.
      if (typeof value === "boolean") this.values = { ...this.values, [name]: before };
      this.errors = { ...this.errors, [name]: /** @type {Error} */ (error).message };
    }
  }

  /** @param {string} service @param {SubmitEvent} event */
  async keep(service, event) {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("key"));
    if (!input.value.trim()) return;
    await this.changeKey(() => credentials.set(service, input.value.trim()), "settings.key.saved", () => (input.value = ""));
  }

  /** @param {() => Promise<unknown>} change @param {string} said @param {() => void} [after] */
  async changeKey(change, said, after) {
    try {
      await change();
      after?.();
      this.keys = await credentials.get();
      messages.info(t(said));
    } catch (error) {
      messages.error(error);
    }
  }

  /** @param {Event} event */
  async speak(event) {
    try {
      await chooseLanguage(/** @type {keyof typeof LANGUAGES | ""} */ (valueOf(event)));
    } catch (error) {
      messages.error(error);
    }
    // All is drawn anew, this too: the focus comes back by the frame.
    this.dispatchEvent(new CustomEvent("lk-language", { bubbles: true, composed: true }));
    openSetting(this, "language");
  }

  /** @param {string} group */
  goTo(group) {
    const section = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(`[data-group="${group}"]`));
    section?.scrollIntoView({ block: "start" });
    section?.focus({ preventScroll: true });
  }

  render() {
    const names = Object.entries(this.schema).filter(([name, { hidden }]) => name in this.values && !hidden).map(([name]) => name);
    const groups = grouped(names);
    const all = ["keys", ...groups.map(({ group }) => group), "browser"];
    return html`
      <nav aria-label=${t("settings.groups")}>
        ${all.map((group) => html`<button type="button" class="plain" @click=${() => this.goTo(group)}>${t(`settings.group.${group}`)}</button>`)}
      </nav>
      <div class="body">
        ${this.failure ? html`<p class="note bad" role="alert">${icon("broken")}${this.failure}</p>` : null}
        ${this.group("keys", html`
          <p class="quiet">${t("settings.keys.hint")}</p>
          ${Object.entries(this.keys).map(([service, key]) => this.key(service, key))}
        `)}
        ${groups.map(({ group, names: each }) => this.group(group, each.map((name) => this.field(name, this.schema[name] ?? {}))))}
        ${this.group("browser", this.language())}
      </div>
    `;
  }

  /** @param {string} group @param {unknown} content */
  group(group, content) {
    return html`<section data-group=${group} tabindex="-1" aria-labelledby="group-${group}"><h2 id="group-${group}">${t(`settings.group.${group}`)}</h2>${content}</section>`;
  }

  language() {
    const chosen = chosenLanguage();
    return html`
      <div class="field">
        <label for="language">${t("settings.language")}</label>
        <select id="language" aria-describedby="about-language" @change=${this.speak}>
          <option value="" ?selected=${!chosen}>${t(comfy ? "settings.language.comfyui" : "settings.language.browser")}</option>
          ${Object.entries(LANGUAGES).map(([language, name]) => html`<option value=${language} lang=${language} ?selected=${language === chosen}>${name}</option>`)}
        </select>
        <p class="quiet" id="about-language">${t("settings.about.language")}</p>
      </div>
    `;
  }

  /** @param {string} service @param {Credential} key */
  key(service, { configured, source, masked }) {
    const state = configured ? t(`settings.key.${source ?? "file"}`, { masked: masked ?? "…" }) : t("settings.key.none");
    const remove = () => this.changeKey(() => credentials.remove(service), "settings.key.removed");
    return html`
      <form class="field" autocomplete="off" @submit=${(/** @type {SubmitEvent} */ event) => this.keep(service, event)}>
        <label for=${service}>${t(`settings.key.${service}`)}</label>
        <p class="row ${configured ? "good" : "quiet"}">
          ${configured ? icon("check") : null}<span class="grow">${state}</span>
          <a class="quiet" href=${KEY_PAGES[service] ?? ""} ?hidden=${!KEY_PAGES[service]} target="_blank" rel="noreferrer">${t("settings.key.get")}</a>
        </p>
        ${source === "environment"
          ? null
          : html`
              <div class="line">
                <input id=${service} name="key" type="password" autocomplete="off" spellcheck="false" placeholder=${t("settings.key.placeholder")} />
                <div class="row">
                  <button>${t("settings.key.save")}</button>
                  ${configured ? html`<button type="button" class="plain" @click=${remove}>${t("settings.key.remove")}</button>` : null}
                </div>
              </div>
            `}
      </form>
    `;
  }

  /** @param {string} name @param {SettingSchema} schema */
  field(name, schema) {
    const value = this.values[name];
    const label = has(`settings.${name}`) ? t(`settings.${name}`) : name.replaceAll("_", " ");
    const error = this.errors[name];
    const lines = schema.type === "array" ? t("settings.lines") : "";
    const words = has(`settings.about.${name}`) ? t(`settings.about.${name}`) : (schema.description ?? "");
    const about = html`
      ${words ? html`<p class="quiet" id="about-${name}">${code(words)} ${lines}</p>` : null}
      ${error ? html`<p class="bad" role="alert">${error}</p>` : null}
    `;
    const saved = html`<span class="saved good row" role="status">${icon("check")}${t("settings.saved")}</span>`;
    const heading = html`<span class="row"><label class="grow" for=${name}>${label}</label>${this.saved === name ? saved : null}</span>`;
    const input = this.input(name, schema, value);
    if (name === "analytics_days") return html`<div class="field">${heading}${input}${about}<lk-recorded></lk-recorded></div>`;
    if (schema.type === "boolean") return html`<div class="field switch">${input}${heading}${about}</div>`;
    return html`<div class="field">${heading}${input}${about}</div>`;
  }

  /** @param {string} name @param {SettingSchema} schema @param {unknown} value */
  input(name, schema, value) {
    const about = `about-${name}`;
    const setText = (/** @type {Event} */ event) => this.set(name, valueOf(event));
    const setNumber = (/** @type {Event} */ event) => this.set(name, Number(valueOf(event)));
    const setSwitch = (/** @type {Event} */ event) => this.set(name, /** @type {HTMLInputElement} */ (event.target).checked);
    const setLines = (/** @type {Event} */ event) => this.set(name, valueOf(event).split("\n").map((line) => line.trim()).filter(Boolean));
    // Only a switch is set back at every drawing: what is being typed elsewhere must outlive another setting's answer.
    if (schema.type === "boolean")
      return html`<input id=${name} type="checkbox" aria-describedby=${about} .checked=${live(Boolean(value))} @change=${setSwitch} />`;
    if (schema.enum)
      return html`<select id=${name} aria-describedby=${about} @change=${setText}>
        ${schema.enum.map((each) => html`<option value=${each} ?selected=${each === value}>${option(name, each)}</option>`)}
      </select>`;
    if (schema.type === "integer" || schema.type === "number")
      return html`<input id=${name} type="number" aria-describedby=${about} min=${schema.minimum ?? ""} max=${schema.maximum ?? ""}
        .value=${String(value)} @change=${setNumber} />`;
    if (schema.type === "array")
      return html`<textarea id=${name} rows="3" spellcheck="false" aria-describedby=${about}
        .value=${/** @type {string[]} */ (value).join("\n")} @change=${setLines}></textarea>`;
    return html`<input id=${name} type="text" spellcheck="false" aria-describedby=${about} .value=${String(value ?? "")} @change=${setText} />`;
  }
}
customElements.define("lk-settings", LkSettings);

/** Text with `parts` between backticks as code. @param {string} text */
const code = (text) => text.split("`").map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));

/** @param {string} name @param {string} value */
const option = (name, value) => (has(`settings.option.${name}.${value}`) ? t(`settings.option.${name}.${value}`) : value);
