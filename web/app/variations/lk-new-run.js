/**
 * A new run as it is being written: pictures, words, how many and by which model, with what it would cost at least and at
 * most. Dispatches `lk-close`, whose `detail` is the id of the run that was begun, if one was.
 */
import { LitElement, css, html, live } from "../vendor/lit.js";
import { credentials, variations } from "../api.js";
import { dollars, number, price } from "../format.js";
import { icon } from "../icons.js";
import { messages } from "../messages.js";
import { fit, letGo, referenceOf } from "./references.js";
import { fileOf } from "./run-deeds.js";
import { runs } from "./runs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { closeByEscape, focusOn, openSetting } from "../parts/dom.js";
import { takeFiles } from "../parts/drop.js";

/** @typedef {import("../../types/lorakeeper").ImageModels} ImageModels */
/** @typedef {import("../../types/lorakeeper").NewRun} NewRun */
/** @typedef {import("../../types/lorakeeper").RunEstimate} RunEstimate */
/** @typedef {import("./references.js").Reference} Reference */

/** After the last change, before it is counted what it would cost. */
const REST_MS = 400;
/** Pictures that one run may be of. */
const MOST = 100;

export class LkNewRun extends LitElement {
  static properties = {
    shown: { attribute: false },
    images: { state: true },
    wish: { state: true },
    models: { state: true },
    hasKey: { state: true },
    estimate: { state: true },
    failure: { state: true },
    busy: { state: true },
    over: { state: true },
  };

  static styles = [
    base,
    css`
      :host { position: absolute; inset: 0; z-index: 4; display: grid; grid-template: auto minmax(0, 1fr) / minmax(0, 1fr); background: var(--lk-bg); }
      .bar { display: flex; align-items: center; gap: 4px; padding: 8px 8px 4px 6px; }
      form { display: grid; grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); min-height: 0; }
      .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; align-content: start; padding: 4px 14px 20px; }
      .body > * { max-width: 620px; }
      label, .field { display: grid; grid-template-columns: minmax(0, 1fr); gap: 4px; font-weight: 600; }
      label > *, .field > :not(b) { font-weight: 400; }
      .two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; }
      ul { display: flex; flex-wrap: wrap; gap: 8px; }
      li { position: relative; width: 96px; }
      li .picture { width: 96px; height: 96px; border-radius: 10px; }
      li button { position: absolute; top: 4px; inset-inline-end: 4px; min-height: 26px; width: 26px; background: #000a; color: #fff; }
      li button:hover:not(:disabled) { background: #000; }
      .drop { justify-content: flex-start; padding: 12px; border: 1px dashed color-mix(in srgb, var(--lk-text) 40%, transparent); border-radius: 10px; background: none; text-align: start; }
      .over .drop { border-color: var(--lk-accent); background: color-mix(in srgb, var(--lk-accent) 12%, transparent); }
      .small { font-size: 12px; }
      .foot { display: grid; gap: 8px; padding: 10px 14px 14px; border-top: 1px solid var(--lk-line); }
      .foot > * { max-width: 620px; }
      .foot .primary { min-height: 40px; border-radius: 10px; font-size: 14px; }
      .note { align-items: center; flex-wrap: wrap; }
      .note .grow { flex-basis: 180px; }
      @container app (width >= 620px) { .foot .primary { justify-self: start; padding-inline: 24px; } }
      @container app (width >= 880px) { .body, .foot { padding-inline: 20px; } .bar { padding-inline: 12px; } }
    `,
  ];

  constructor() {
    super();
    /** Whether it is to be seen. */
    this.shown = false;
    /** The first one is what variations are measured against. @type {Reference[]} */
    this.images = [];
    this.wish = { prompt: "", count: "4", model: "", size: "", aspect_ratio: "", budget: "" };
    /** @type {ImageModels | null} */
    this.models = null;
    this.hasKey = true;
    /** @type {RunEstimate | null} */
    this.estimate = null;
    /** What is wrong with what is asked for, or why it couldn't be begun. */
    this.failure = "";
    this.busy = false;
    this.over = false;
    /** Only what the last question brings counts. */
    this.asked = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    closeByEscape(this, () => this.close());
    takeFiles(this, (over) => (this.over = over), (files) => this.add(files));
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("shown") && this.shown) void this.load();
  }

  /** What can be asked for: the user may come back with a key. */
  async load() {
    try {
      const [models, keys] = await Promise.all([variations.models(), credentials.get()]);
      this.models = models;
      this.hasKey = Boolean(keys.gemini?.configured);
      if (!this.wish.model) this.wish = { ...this.wish, model: models.default };
      this.count();
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  /** Takes the focus; with a picture of a run it starts from that one. @param {{ run: import("../../types/lorakeeper").RunView, picture: import("../../types/lorakeeper").RunPicture } | null} of */
  async begin(of) {
    focusOn(this, of || this.images.length ? "textarea" : ".drop");
    if (!of) return;
    try {
      const { name, content } = await fileOf(of.run, of.picture);
      this.drop(this.images);
      this.images = [referenceOf(name, content)];
      this.change({ prompt: of.run.prompt, model: of.run.model });
    } catch (error) {
      messages.error(error);
    }
  }

  /** @param {string} [id] */
  close(id = "") {
    this.dispatchEvent(new CustomEvent("lk-close", { detail: id }));
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      try {
        const images = [...this.images, referenceOf(file.name, file)];
        if (!fit(images)) throw new Error(t("variations.image.many"));
        this.images = images;
      } catch (error) {
        messages.error(error);
      }
    }
    this.count();
  }

  /** @param {Reference[]} images */
  drop(images) {
    for (const image of images) letGo(image);
    this.images = this.images.filter((each) => !images.includes(each));
    this.count();
  }

  /** @param {Partial<LkNewRun["wish"]>} changes */
  change(changes) {
    this.wish = { ...this.wish, ...changes };
    const model = this.model;
    // What another model had, this one may not have.
    if (!model?.sizes.includes(this.wish.size)) this.wish.size = "";
    if (!model?.aspect_ratios.includes(this.wish.aspect_ratio)) this.wish.aspect_ratio = "";
    this.count();
  }

  get model() {
    return this.models?.items.find(({ name }) => name === this.wish.model);
  }

  get isEmpty() {
    return !this.images.length && !this.wish.prompt.trim();
  }

  /** How many pictures are wanted, 0 where that can't be. */
  get many() {
    const many = Number(this.wish.count);
    return Number.isInteger(many) && many >= 1 && many <= MOST ? many : 0;
  }

  /** @returns {Promise<NewRun>} */
  async request() {
    const { prompt, model, size, aspect_ratio, budget } = this.wish;
    const images = await Promise.all(this.images.map(async ({ data }) => ({ data: await data })));
    return { prompt, count: this.many, model, size: size || null, aspect_ratio: aspect_ratio || null, budget: budget ? Number(budget) : null, images };
  }

  /** Says soon what it would cost. */
  count() {
    clearTimeout(this.timer);
    this.asked += 1;
    this.estimate = null;
    this.failure = "";
    if (this.many && !this.isEmpty && this.shown) this.timer = setTimeout(() => this.foresee(), REST_MS);
  }

  async foresee() {
    const asked = (this.asked += 1);
    try {
      const estimate = await variations.estimate(await this.request());
      if (asked === this.asked) this.estimate = estimate;
    } catch (error) {
      if (asked === this.asked) this.failure = /** @type {Error} */ (error).message;
    }
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault();
    if (this.busy || this.isEmpty || !this.many || !this.hasKey) return;
    this.busy = true;
    this.failure = "";
    try {
      const run = await variations.begin(await this.request());
      runs.put(run);
      this.drop(this.images);
      this.wish = { ...this.wish, prompt: "" };
      this.close(run.id);
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  render() {
    return html`
      <div class="bar">
        <button type="button" class="plain square" title=${t("common.back")} aria-label=${t("common.back")} @click=${() => this.close()}>${icon("back")}</button>
        <h2 class="grow">${t("variations.new")}</h2>
      </div>
      <form class=${this.over ? "over" : ""} aria-label=${t("variations.new")} @submit=${this.submit}>
        <div class="body scroll">${this.hasKey ? null : this.keyNote()} ${this.pictures()} ${this.fields()}</div>
        <div class="foot">${this.foot()}</div>
      </form>
    `;
  }

  keyNote() {
    return html`<p class="note">
      ${icon("info")}<span class="grow">${t("variations.noKey")}</span>
      <button type="button" @click=${() => openSetting(this, "gemini")}>${t("variations.noKey.action")}</button>
    </p>`;
  }

  pictures() {
    const take = (/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      this.add(input.files ?? []);
      input.value = "";
    };
    const pick = () => /** @type {HTMLElement | null} */ (this.renderRoot.querySelector("[type=file]"))?.click();
    return html`
      <div class="field" role="group" aria-labelledby="pictures">
        <b id="pictures">${t("variations.images")}</b>
        ${this.images.length ? html`<ul>${this.images.map((image, place) => this.picture(image, place))}</ul>` : null}
        <button type="button" class="drop" @click=${pick}>${icon("picture")}${t(this.images.length ? "variations.images.more" : "variations.images.add")}</button>
        <input type="file" hidden multiple accept="image/png,image/jpeg,image/webp" aria-label=${t("variations.images.add")} @change=${take} />
        <span class="small quiet">${t("variations.images.hint")}</span>
      </div>
    `;
  }

  /** @param {Reference} image @param {number} place */
  picture(image, place) {
    const remove = t("variations.images.remove", { name: image.name });
    return html`<li>
      <div class="picture"><img src=${image.url} alt=${image.name} /></div>
      <button type="button" class="square" title=${remove} aria-label=${remove} @click=${() => this.dropOne(image, place)}>${icon("cancel")}</button>
    </li>`;
  }

  /** @param {Reference} image @param {number} place */
  async dropOne(image, place) {
    this.drop([image]);
    await this.updateComplete;
    focusOn(this, this.images.length ? `li:nth-child(${Math.min(place + 1, this.images.length)}) button` : ".drop");
  }

  fields() {
    const { wish, model } = this;
    const set = (/** @type {Event} */ event) => {
      const { name, value } = /** @type {HTMLInputElement} */ (event.target);
      this.change({ [name]: value });
    };
    const usual = model?.sizes[0] ?? "";
    const sizes = (model?.sizes ?? []).map((size) => [size, priced(size, model?.prices[size])]);
    const models = (this.models?.items ?? []).map(({ name, label, available }) => ({ name, label: available === false ? t("variations.model.none", { label }) : label, available }));
    return html`
      <label>${t("variations.prompt")}<textarea name="prompt" rows="4" maxlength="20000" placeholder=${t("variations.prompt.hint")} .value=${live(wish.prompt)} @input=${set}></textarea></label>
      <div class="two">
        <label>${t("variations.many")}<input name="count" type="number" min="1" max=${MOST} required .value=${live(wish.count)} @input=${set} /></label>
        <label>${t("variations.budget")}<input name="budget" type="number" min="0.01" step="any" placeholder=${t("variations.budget.none")} .value=${live(wish.budget)} @input=${set} /></label>
      </div>
      <label>
        ${t("variations.model")}
        <select name="model" @change=${set}>
          ${models.map(({ name, label, available }) => html`<option value=${name} ?selected=${name === wish.model} ?disabled=${available === false}>${label}</option>`)}
        </select>
        ${this.hasKey && this.models?.problem ? html`<span class="small quiet">${this.models.problem}</span>` : null}
      </label>
      <div class="two">
        ${this.select("size", [["", usual ? t("variations.size.usual", { size: usual }) : t("variations.size.own")], ...sizes], set)}
        ${this.select("aspect_ratio", [["", t("variations.ratio.own")], ...(model?.aspect_ratios ?? []).map((ratio) => [ratio, ratio])], set)}
      </div>
    `;
  }

  /** @param {"size" | "aspect_ratio"} name @param {string[][]} options @param {(event: Event) => void} set */
  select(name, options, set) {
    return html`<label>
      ${t(`variations.${name}`)}
      <select name=${name} @change=${set}>
        ${options.map(([value, label]) => html`<option value=${value ?? ""} ?selected=${value === this.wish[name]}>${label}</option>`)}
      </select>
    </label>`;
  }

  foot() {
    const { estimate, failure, isEmpty } = this;
    const says = isEmpty ? t("variations.nothing") : !this.many ? t("variations.many.wrong", { count: MOST }) : estimate ? foreseen(estimate) : failure ? "" : t("variations.counting");
    return html`
      ${failure ? html`<p class="note bad" role="alert">${icon("broken")}<span class="grow">${failure}</span></p>` : null}
      <p class="quiet" role="status">${says}</p>
      <button class="primary" aria-disabled=${this.busy || isEmpty || !this.many || !this.hasKey}>${icon("variations")}${t("variations.make", { count: this.many })}</button>
    `;
  }
}
customElements.define("lk-new-run", LkNewRun);

/** @param {string} size @param {number} [usd] */
const priced = (size, usd) => (usd === undefined ? size : t("variations.size.priced", { size, price: price(usd) }));

/** What it would take, in a sentence. @param {RunEstimate} estimate */
function foreseen({ kept, fewest, most, least_cost: least, most_cost: dearest }) {
  if (!most) return t("variations.estimate.free", { count: kept });
  const requests = fewest === most ? t("variations.estimate.requests", { count: number(most) }) : t("variations.estimate.requests.range", { fewest: number(fewest), most: number(most) });
  const cost =
    least === null || dearest === null
      ? t("variations.estimate.unknown")
      : dollars(least) === dollars(dearest)
        ? t("variations.estimate.cost", { cost: dollars(dearest) })
        : t("variations.estimate.cost.range", { least: dollars(least), most: dollars(dearest) });
  return [requests, cost, kept ? t("variations.estimate.kept", { count: number(kept) }) : ""].filter(Boolean).join(" · ");
}
