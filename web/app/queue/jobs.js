/** The downloads as the page knows them: read once, then kept by events. Dispatches `change`. */
import { jobs as routes } from "../api.js";
import { onEvent, onResync } from "../events.js";

/** @typedef {import("../../types/lorakeeper").Job} Job */

/** @typedef {import("../../types/lorakeeper").JobItem} JobItem */
/** @typedef {import("../../types/lorakeeper").ItemState} ItemState */

const RANKS = { low: 0, normal: 1, high: 2 };
const ENDS = new Set(["installed", "owned", "quarantined", "failed", "cancelled"]);

/** Whether the job goes on by itself. @param {Job} job */
export const isWorking = (job) => job.state === "pending" || job.state === "processing";

/** Whether the job will never change again unless it is retried. @param {Job} job */
export const isOver = (job) => !isWorking(job) && job.state !== "paused";

/** Whether nothing more happens to the file by itself. @param {JobItem} item */
export const isDone = (item) => ENDS.has(item.state);

/** What a job of one file is at; while the job is paused its file only waits. @param {Job} job @param {JobItem} item @returns {ItemState} */
export const stateOf = (job, item) => (job.state === "paused" && !isDone(item) ? "paused" : item.state);

/** The bytes of a whole job, if its files without a known size are as large as the others; null while none is known. @param {Job} job */
export function expected(job) {
  if (!job.total || !job.sized_files) return null;
  const files = job.total_files - job.failed_files - job.cancelled_files;
  return job.sized_files < files ? Math.max(job.received, (job.total / job.sized_files) * files) : job.total;
}

/** Which jobs go first, as the server counts it: one more for each time that a job waited as long as it was told to. @param {Job} job */
export function rank({ options, created_at, started_at }) {
  const waited = (started_at ? Date.parse(started_at) : Date.now()) - Date.parse(created_at);
  const boost = options.priority_boost && Math.floor(waited / 60_000 / options.priority_boost);
  return Math.min(RANKS.high, RANKS[options.priority] + Math.max(0, boost));
}

class Jobs extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Job>} */
    this.rows = new Map();
    /** Rows that the user has removed, while the removal can still be undone. @type {Set<string>} */
    this.hidden = new Set();
    /** Rows that were heard of while the list was being read, which may be older than they are. @type {Set<string>} */
    this.heard = new Set();
    this.loaded = false;
    this.started = false;
    /** What `list` gave, until something changes. @type {Job[] | null} */
    this.sorted = null;
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
    this.heard.clear();
    /** @type {Map<string, Job>} */
    const rows = new Map();
    /** @type {string | null} */
    let cursor = null;
    do {
      const page = /** @type {import("../../types/lorakeeper").Page<Job>} */ (await routes.page(cursor));
      for (const job of page.items) rows.set(job.id, { ...newer(this.rows.get(job.id), job), position: job.position });
      cursor = page.next_cursor;
    } while (cursor);
    for (const id of this.heard) {
      const job = this.rows.get(id);
      if (job && !rows.has(id)) rows.set(id, job);
    }
    this.rows = rows;
    this.loaded = true;
    this.changed();
  }

  /** @param {Job} job */
  put(job) {
    const known = this.rows.get(job.id);
    this.heard.add(job.id);
    // Where a job stands is only told by the list: what runs it doesn't learn that others were moved.
    this.rows.set(job.id, newer(known, known ? { ...job, position: known.position } : job));
    this.changed();
  }

  /** Puts a job before another one. @param {string} id @param {string} before */
  async move(id, before) {
    await routes.move(id, before);
    await this.load();
  }

  /** The jobs before which this one can be moved, the first one first. @param {Job} job */
  ahead(job) {
    const equals = this.list.filter((each) => !isOver(each) && rank(each) === rank(job));
    return equals.slice(0, Math.max(0, equals.findIndex(({ id }) => id === job.id)));
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
      this.heard.delete(id);
      this.hidden.delete(id);
    }
    this.changed();
  }

  changed() {
    this.sorted = null;
    this.dispatchEvent(new Event("change"));
  }

  /** First what is still to do, in its order, then what is over, newest first. @returns {Job[]} */
  get list() {
    return (this.sorted ??= this.sort());
  }

  sort() {
    const shown = [...this.rows.values()].filter((job) => !this.hidden.has(job.id));
    /** @type {(one: Job, other: Job) => number} */
    const order = (one, other) =>
      Number(isOver(one)) - Number(isOver(other)) ||
      (isOver(one)
        ? other.created_at.localeCompare(one.created_at)
        : rank(other) - rank(one) || one.position - other.position || one.created_at.localeCompare(other.created_at));
    return shown.sort(order);
  }

  get working() {
    return this.list.filter(isWorking);
  }

  get open() {
    return this.list.filter((job) => !isOver(job));
  }

  /** How much of all running downloads is done, 0 to 1. */
  get progress() {
    let [received, total] = [0, 0];
    for (const job of this.working) {
      const whole = expected(job);
      if (whole !== null) [received, total] = [received + job.received, total + whole];
    }
    return total ? received / total : 0;
  }
}

/**
 * What holds of two tellings of a job. An answer may be older than an event that overtook it; and what runs the job tells
 * how much has come, but learns with its next file only what the user has changed.
 * @param {Job | undefined} known
 * @param {Job} job
 * @returns {Job}
 */
function newer(known, job) {
  if (!known || known.updated_at <= job.updated_at) return job;
  const { received, rate, eta, item } = job;
  return known.state === "processing" && job.state === "processing" ? { ...known, received, rate, eta, item } : known;
}

export const jobs = new Jobs();
