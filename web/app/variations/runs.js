/** The runs of variations as the page knows them: read when somebody first looks, then kept by events. Dispatches `change`. */
import { ApiError, variations as routes } from "../api.js";
import { onEvent, onResync } from "../events.js";

/** @typedef {import("../../types/lorakeeper").Run} Run */
/** @typedef {import("../../types/lorakeeper").RunView} RunView */
/** @typedef {import("../../types/lorakeeper").RunPicture} RunPicture */

/** @param {RunView} run */
export const accepted = (run) => run.pictures.filter((each) => each.accepted);

/** @param {RunView} run */
export const rejected = (run) => run.pictures.filter((each) => !each.accepted);

class Runs extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, RunView>} */
    this.rows = new Map();
    /** Runs that the user has removed, while the removal can still be undone. @type {Set<string>} */
    this.hidden = new Set();
    /** The files that pictures were kept as, by run and number. @type {Map<string, Map<number, string>>} */
    this.kept = new Map();
    /** Runs that were heard of while the list was being read, which may be older than they are. @type {Set<string>} */
    this.heard = new Set();
    this.loaded = false;
    this.started = false;
    /** What is being read, and what has changed meanwhile. @type {Set<string>} */
    this.reading = new Set();
    /** @type {Set<string>} */
    this.stale = new Set();
    /** Runs of plans and nodes, which no page has begun. @type {Set<string>} */
    this.foreign = new Set();
  }

  /** Reads the runs and follows them from now on. */
  async start() {
    if (this.started) return;
    this.started = true;
    onEvent("variation", (news) => this.#hear(news));
    onResync(() => void this.load().catch(() => {}));
    await this.load();
  }

  async load() {
    this.heard.clear();
    const found = await Promise.all((await routes.list()).map((run) => this.#view(run)));
    const rows = new Map(found.flatMap((run) => (run ? [[run.id, run]] : [])));
    for (const id of this.heard) {
      const run = this.rows.get(id);
      if (run) rows.set(id, run);
    }
    this.rows = rows;
    this.loaded = true;
    this.#changed();
  }

  /** @param {RunView} run */
  put(run) {
    this.heard.add(run.id);
    this.rows.set(run.id, run);
    this.#changed();
  }

  /** @param {string} id */
  async stop(id) {
    this.put(await routes.stop(id));
  }

  /** Writes pictures as files, all that were accepted where no `numbers` are given. @param {RunView} run @param {number[]} [numbers] @returns {Promise<string[]>} their names */
  async keep(run, numbers) {
    const wanted = numbers ?? accepted(run).map(({ number }) => number);
    const names = await routes.keep(run.id, wanted);
    const kept = this.kept.get(run.id) ?? new Map();
    for (const [place, number] of wanted.entries()) kept.set(number, names[place] ?? "");
    this.kept.set(run.id, kept);
    // Another object, so that who shows it draws it again.
    this.put({ ...(this.rows.get(run.id) ?? run) });
    return names;
  }

  /** @param {string} id @param {boolean} hidden */
  hide(id, hidden) {
    if (hidden) this.hidden.add(id);
    else this.hidden.delete(id);
    this.#changed();
  }

  /** @param {string} id */
  async forget(id) {
    try {
      await routes.forget(id);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        this.hide(id, false);
        throw error;
      }
    }
    this.rows.delete(id);
    this.heard.delete(id);
    this.kept.delete(id);
    this.hide(id, false);
  }

  /** Newest first. */
  get list() {
    return [...this.rows.values()].filter(({ id }) => !this.hidden.has(id)).sort((one, other) => other.created_at.localeCompare(one.created_at));
  }

  /** @param {{ id: string, report: Run["report"] }} news */
  #hear({ id, report }) {
    const run = this.rows.get(id);
    if (run) this.put({ ...run, report });
    if (!this.foreign.has(id)) void this.#read(id).catch(() => {}); // where the server is gone, a resync follows
  }

  /** Reads one run with its pictures, again where something happened meanwhile. @param {string} id */
  async #read(id) {
    this.stale.add(id);
    if (this.reading.has(id)) return;
    this.reading.add(id);
    try {
      while (this.stale.delete(id)) {
        if (this.rows.has(id)) this.put(await routes.get(id));
        else {
          await this.load();
          if (!this.rows.has(id)) this.foreign.add(id);
        }
      }
    } finally {
      this.reading.delete(id);
    }
  }

  /** A run with its pictures, null where it was forgotten meanwhile. @param {Run} run @returns {Promise<RunView | null>} */
  async #view(run) {
    const { successful, rejected: others } = run.report;
    const known = this.rows.get(run.id);
    if (known?.pictures.length === successful + others) return { ...run, pictures: known.pictures };
    if (!successful && !others) return { ...run, pictures: [] };
    try {
      return await routes.get(run.id);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

export const runs = new Runs();
