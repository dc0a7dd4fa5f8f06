/** The downloads as the page knows them: read once, then kept by events. Dispatches `change`. */
import { jobs as routes } from "./api.js";
import { onEvent, onResync } from "./events.js";

/** @typedef {import("../types/lorakeeper").Job} Job */

const WORKING = new Set(["queued", "resolving", "downloading", "verifying", "scanning"]);

/** Whether the job goes on by itself. @param {Job} job */
export const isWorking = (job) => WORKING.has(job.state);

/** Whether the job will never change again unless it is retried. @param {Job} job */
export const isOver = (job) => !isWorking(job) && job.state !== "paused";

class Jobs extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Job>} */
    this.rows = new Map();
    /** Rows that the user has removed, while the removal can still be undone. @type {Set<string>} */
    this.hidden = new Set();
    this.loaded = false;
    this.started = false;
  }

  /** Reads the rows and follows them from now on. */
  async start() {
    if (!this.started) {
      this.started = true;
      onEvent("job", (job) => this.put(job));
      onResync(() => void this.load().catch(() => {}));
    }
    await this.load();
  }

  async load() {
    /** @type {Map<string, Job>} */
    const rows = new Map();
    /** @type {string | null} */
    let cursor = null;
    do {
      const page = /** @type {import("../types/lorakeeper").Page<Job>} */ (await routes.page(cursor));
      for (const job of page.items) rows.set(job.id, newer(this.rows.get(job.id), job));
      cursor = page.next_cursor;
    } while (cursor);
    this.rows = rows;
    this.loaded = true;
    this.changed();
  }

  /** @param {Job} job */
  put(job) {
    this.rows.set(job.id, newer(this.rows.get(job.id), job));
    this.changed();
  }

  /** @param {string[]} ids @param {boolean} hidden */
  hide(ids, hidden) {
    for (const id of ids) if (hidden) this.hidden.add(id);
      else this.hidden.delete(id);
    this.changed();
  }

  /** @param {string[]} ids */
  async forget(ids) {
    for (const id of ids) {
      await routes.forget(id);
      this.rows.delete(id);
      this.hidden.delete(id);
    }
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Newest first. @returns {Job[]} */
  get list() {
    const shown = [...this.rows.values()].filter((job) => !this.hidden.has(job.id));
    return shown.sort((one, other) => other.created_at.localeCompare(one.created_at));
  }

  get working() {
    return this.list.filter(isWorking);
  }

  /** How much of all running downloads is done, 0 to 1. */
  get progress() {
    const sized = this.working.filter((job) => job.total);
    const total = sized.reduce((sum, job) => sum + (job.total ?? 0), 0);
    return total ? sized.reduce((sum, job) => sum + job.received, 0) / total : 0;
  }
}

/** An answer may be older than an event that overtook it. @param {Job | undefined} known @param {Job} job */
const newer = (known, job) => (known && known.updated_at > job.updated_at ? known : job);

export const jobs = new Jobs();
