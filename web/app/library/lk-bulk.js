/** What is done with the models that are selected, however many: a bar at the bottom, with a small form above it where more must be said. */
import { LitElement, html, nothing } from "../vendor/lit.js";
import { actions, library } from "../api.js";
import { onEvent } from "../events.js";
import { kindName } from "./filters.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { copy, messages } from "../messages.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { loraTag } from "../details/word-sets.js";
import { closeByEscape, focusOn, valueOf } from "../parts/dom.js";
import { bar, progressStyles } from "../queue/progress.js";
import { bulkStyles } from "./bulk-styles.js";
import { saidOfSite } from "./lk-upkeep.js";

/** @typedef {import("../../types/lorakeeper").ActionRequest} Request */
/** @typedef {import("../../types/lorakeeper").ActionPlan} Plan */
/** @typedef {import("../../types/lorakeeper").Facets} Facets */

/** Of more than so many nobody wants the tags in one prompt. */
const MOST_TAGS = 1_000;
const AT_ONCE = 200;
const REASONS = 4;

export class LkBulk extends LitElement {
  static properties = {
    selection: { attribute: false },
    total: { attribute: false },
    version: { attribute: false },
    open: { state: true },
    busy: { state: true },
    far: { state: true },
    facets: { state: true },
    kind: { state: true },
    plan: { state: true },
  };

  static styles = [base, progressStyles, bulkStyles];

  constructor() {
    super();
    this.selection = /** @type {import("./selection.js").Selection} */ (/** @type {unknown} */ (null));
    /** How many there are to select. */
    this.total = 0;
    /** Something else when what is selected is, or what is known of it. @type {unknown} */
    this.version = 0;
    /** @type {"" | "tag" | "move" | "plan" | "purge"} */
    this.open = "";
    /** What is being done. */
    this.busy = "";
    /** How far that is. @type {{ done: number, total: number } | null} */
    this.far = null;
    this.deaf = () => {};
    /** What there is to choose from. @type {Facets} */
    this.facets = {};
    this.kind = "";
    /** What was asked for, and what would become of it. @type {{ request: Request, plan: Plan } | null} */
    this.plan = null;
    this.sizes = new ResizeObserver(() => messages.leaveBelow(this.clientHeight));
    closeByEscape(this, () => (this.open ? this.close() : this.select("none")));
  }

  connectedCallback() {
    super.connectedCallback();
    this.sizes.observe(this);
    this.deaf = onEvent("action", ({ done, total }) => {
      if (this.busy) this.far = { done, total };
    });
  }

  disconnectedCallback() {
    this.sizes.disconnect();
    this.deaf();
    messages.leaveBelow(0);
    super.disconnectedCallback();
  }

  get ids() {
    return [...this.selection.ids];
  }

  /** Whether all of the selected that we know are favourites. */
  get areFavourites() {
    const { known } = this.selection.list;
    let found = false;
    for (const id of this.selection.ids) {
      const item = known.get(id);
      if (item && !item.favourite) return false;
      found ||= Boolean(item);
    }
    return found;
  }

  /** @param {"all" | "none"} how */
  async select(how) {
    await this.selection.change({ index: 0, how, from: 0 }).catch((error) => messages.error(error));
    if (how === "none") this.dispatchEvent(new CustomEvent("lk-done", { bubbles: true, composed: true }));
  }

  /** Does it, at once, and offers the way back. @param {Request} request */
  async run(request) {
    const done = await this.work(request.action, () => actions.run(request));
    if (!done) return false;
    const { action_id: id, failed, steps } = done;
    const { list } = this.selection;
    const undo = async () => {
      await actions.undo(id ?? 0);
      await list.renew();
    };
    const why = steps.find((step) => step.outcome === "failed")?.why ?? steps.find(({ why }) => why)?.why ?? "";
    if (id === null || !done.done) messages.info(why || t("bulk.nothing"));
    else {
      const text = t(`bulk.done.${request.action}`, { count: number(done.done) });
      if (done.undoable) messages.undoable(text, undo);
      else messages.info(text);
    }
    if (failed) messages.error(t("bulk.failed", { count: number(failed), why }));
    // What was done needn't be heard of.
    void list.renew();
    return true;
  }

  /** Looks first what is refused: where something is, the user is asked. @param {Request} request */
  async consider(request) {
    const plan = await this.work(request.action, () => actions.plan(request));
    if (!plan) return;
    if (!plan.refused) return this.carryOut(request);
    this.plan = { request, plan };
    this.open = "plan";
    await this.updateComplete;
    focusOn(this, ".form button.primary, .form .shut");
  }

  /** @param {Request} request */
  async carryOut(request) {
    if (!(await this.run(request))) return;
    this.open = "";
    if (["trash", "restore", "purge"].includes(request.action)) await this.select("none");
  }

  /** @template T @param {string} name @param {() => Promise<T>} deed @returns {Promise<T | null>} */
  async work(name, deed) {
    this.busy = name;
    try {
      return await deed();
    } catch (error) {
      messages.error(error);
      return null;
    } finally {
      this.busy = "";
      this.far = null;
    }
  }

  async askSite() {
    messages.info(t("upkeep.site.asking"));
    const said = await this.work("site", async () => saidOfSite(await library.askSite(this.ids, true)));
    if (said) messages.info(said);
  }

  async copyTags() {
    const text = await this.work("copy", async () => {
      const { ids } = this;
      const tags = [];
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const items = await library.cards(ids.slice(at, at + AT_ONCE));
        tags.push(...items.filter(({ kind }) => kind === "loras").map((item) => loraTag(item)));
      }
      return tags.join(" ");
    });
    if (text) await copy(text);
    else if (text !== null) messages.info(t("bulk.noLoras"));
  }

  /** @param {"tag" | "move" | "purge"} form */
  async toggle(form) {
    this.open = this.open === form ? "" : form;
    await this.updateComplete;
    if (!this.open) return;
    focusOn(this, ".form input, .form select, .form .shut");
    if (form === "purge") return;
    const facets = await this.work("facets", () => library.facets({}));
    if (!facets) return;
    this.facets = facets;
    const known = this.selection.list.known;
    const first = this.ids.map((id) => known.get(id)).find((item) => item);
    if (form === "move") await this.chooseKind(first?.kind ?? facets.kind?.[0]?.value ?? "");
  }

  /** @param {string} kind */
  async chooseKind(kind) {
    this.kind = kind;
    const facets = await library.facets({ kind: [kind] }).catch(() => null);
    if (facets && this.kind === kind) this.facets = { ...this.facets, folder: facets.folder ?? [] };
  }

  async close() {
    const { open } = this;
    this.open = "";
    await this.updateComplete;
    focusOn(this, `[data-name="${open === "plan" ? "move" : open}"]`);
  }

  /** @param {SubmitEvent} event */
  async tag(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const words = String(new FormData(form).get("tags")).split(",").map((word) => word.trim()).filter(Boolean);
    if (!words.length) return focusOn(this, ".form input");
    const removes = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value === "remove";
    if (await this.run({ action: "tag", ids: this.ids, ...(removes ? { remove: words } : { add: words }) })) form.reset();
  }

  /** @param {SubmitEvent} event */
  async move(event) {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const folder = String(given.get("folder")).trim().replaceAll("\\", "/").replace(/^\/+|\/+$/g, "");
    await this.consider({ action: "move", ids: this.ids, kind: String(given.get("kind")), folder });
  }

  render() {
    const { size } = this.selection;
    const count = t("bulk.count", { count: number(size) });
    const { far } = this;
    return html`
      <section aria-label=${count}>
        ${this.form()}
        <div class="bar">
          <div class="row chosen">
            <button type="button" class="plain square" title=${t("bulk.none")} aria-label=${t("bulk.none")} @click=${() => this.select("none")}>${icon("cancel")}</button>
            <span role="status">${count}</span>
            ${far ? html`<span class="quiet">${t("job.progress", { received: number(far.done), total: number(far.total) })}</span>` : size < this.total ? html`<button type="button" class="plain all" @click=${() => this.select("all")}>${t("bulk.all", { count: number(this.total) })}</button>` : null}
          </div>
          <div class="row deeds" role="toolbar" aria-label=${t("bulk")}>
            ${this.areFavourites
              ? this.deed("unfavourite", "starred", () => this.run({ action: "favourite", ids: this.ids, value: false }))
              : this.deed("favourite", "star", () => this.run({ action: "favourite", ids: this.ids, value: true }))}
            ${this.deed("tag", "tag", () => this.toggle("tag"), true)}${this.deed("move", "folder", () => this.toggle("move"), true)}
            ${this.deed("site", "discover", () => this.askSite())}
            ${size > MOST_TAGS ? null : this.deed("copy", "copy", () => this.copyTags())}
            ${this.selection.list.query.trashed
              ? [this.deed("restore", "retry", () => this.consider({ action: "restore", ids: this.ids })), this.deed("purge", "trash", () => this.toggle("purge"), true)]
              : this.deed("trash", "trash", () => this.consider({ action: "trash", ids: this.ids }))}
          </div>
        </div>
        ${far ? bar(count, "", far.done / Math.max(1, far.total)) : null}
      </section>
    `;
  }

  /** @param {string} name @param {Parameters<typeof icon>[0]} sign @param {() => unknown} deed @param {boolean} [opens] */
  deed(name, sign, deed, opens = false) {
    const label = t(`bulk.${name}`);
    return html`
      <button type="button" class="plain" data-name=${name} title=${label} aria-label=${label} aria-expanded=${opens ? this.open === name : nothing}
        ?disabled=${Boolean(this.busy)} @click=${deed}>${icon(sign)}<span>${label}</span></button>
    `;
  }

  tagForm() {
    return html`
      <form class="form" @submit=${this.tag}>
        <label for="tags">${t("bulk.tags")}</label>
        <input id="tags" name="tags" list="known-tags" autocomplete="off" placeholder=${t("bulk.tags.hint")} />
        <datalist id="known-tags">${this.facets.tag?.map(({ value }) => html`<option value=${value}></option>`)}</datalist>
        <div class="row end">
          <button type="button" class="plain" @click=${this.close}>${t("common.close")}</button>
          <button type="submit" value="remove" ?disabled=${Boolean(this.busy)}>${t("bulk.tags.remove")}</button>
          <button type="submit" value="add" class="primary" ?disabled=${Boolean(this.busy)}>${t("bulk.tags.add")}</button>
        </div>
      </form>
    `;
  }

  moveForm() {
    const kinds = (this.facets.kind ?? []).map(({ value }) => value).filter(Boolean);
    return html`
      <form class="form" @submit=${this.move}>
        <label for="kind">${t("library.section.kind")}</label>
        <select id="kind" name="kind" @change=${(/** @type {Event} */ event) => this.chooseKind(valueOf(event))}>
          ${kinds.map((kind) => html`<option value=${kind} .selected=${kind === this.kind}>${kindName(kind)}</option>`)}
        </select>
        <label for="folder">${t("library.section.folder")}</label>
        <input id="folder" name="folder" list="known-folders" autocomplete="off" placeholder=${t("bulk.folder.hint")} />
        <datalist id="known-folders">${this.facets.folder?.map(({ value }) => html`<option value=${value}></option>`)}</datalist>
        <div class="row end">
          <button type="button" class="plain" @click=${this.close}>${t("common.close")}</button>
          <button type="submit" class="primary" ?disabled=${Boolean(this.busy) || !kinds.length}>${t("bulk.move")}</button>
        </div>
      </form>
    `;
  }

  /** What stands above the bar. */
  form() {
    if (this.open === "tag") return this.tagForm();
    if (this.open === "move") return this.moveForm();
    if (this.open === "purge") return this.purgeForm();
    return this.open === "plan" && this.plan ? this.refusals(this.plan) : null;
  }

  purgeForm() {
    return html`
      <div class="form" role="alertdialog" aria-labelledby="sure">
        <p id="sure">${t("bulk.purge.ask", { count: number(this.selection.size) })}</p>
        <div class="row end">
          <button type="button" class="plain shut" @click=${this.close}>${t("common.cancel")}</button>
          <button type="button" class="primary" ?disabled=${Boolean(this.busy)} @click=${() => this.carryOut({ action: "purge", ids: this.ids, confirm: true })}>${t("bulk.purge")}</button>
        </div>
      </div>
    `;
  }

  /** @param {{ request: Request, plan: Plan }} considered */
  refusals({ request, plan }) {
    const refused = plan.steps.filter(({ outcome }) => outcome === "refused");
    return html`
      <div class="form" role="alert">
        <p>${t("bulk.refused", { count: number(plan.refused) })}</p>
        <ul>${refused.slice(0, REASONS).map(({ path, why }) => html`<li class="quiet"><b>${path.split(/[\\/]/).at(-1)}</b> ${why}</li>`)}</ul>
        ${refused.length > REASONS ? html`<p class="quiet">${t("bulk.refused.more", { count: number(refused.length - REASONS) })}</p>` : null}
        <div class="row end">
          <button type="button" class="plain shut" @click=${this.close}>${t(plan.changes ? "common.cancel" : "common.close")}</button>
          ${plan.changes
            ? html`<button type="button" class="primary" ?disabled=${Boolean(this.busy)} @click=${() => this.carryOut(request)}>${t(`bulk.others.${request.action}`, { count: number(plan.changes) })}</button>`
            : null}
        </div>
      </div>
    `;
  }
}
customElements.define("lk-bulk", LkBulk);
