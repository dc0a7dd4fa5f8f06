/** The plans that wait for the user, as Downloads lists them: read once, then kept by events. Dispatches `change`. */
import { ApiError, instructions as routes } from "../api.js";
import { onEvent, onResync } from "../events.js";

/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */
/** @typedef {import("../../types/lorakeeper").InstructionStatus} Status */
/** @typedef {Pick<Instruction, "id" | "title" | "kind" | "status" | "error" | "every" | "due"> & { files: number | null, bytes: number | null, created: string }} Row */

const WAITING = /** @type {const} */ (["draft", "validated", "approved", "failed"]);

class Plans extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** Rows that the user has removed, while the removal can still be undone. @type {Set<string>} */
    this.hidden = new Set();
    /** Where each status goes on. @type {Map<Status, string>} */
    this.cursors = new Map();
    this.started = false;
    /** What was heard while pages were being read, which may be older. @type {import("../../types/lorakeeper").InstructionNews[] | null} */
    this.meanwhile = null;
  }

  /** Reads the first rows and follows them from now on. */
  async start() {
    if (!this.started) {
      this.started = true;
      onEvent("instruction", (news) => this.#hear(news));
      onResync(() => void this.load().catch(() => {}));
    }
    await this.load();
  }

  async load() {
    const meanwhile = (this.meanwhile ??= []);
    const pages = await Promise.all(WAITING.map((status) => routes.page(status))).finally(() => (this.meanwhile = null));
    this.rows.clear();
    this.cursors.clear();
    this.#add(pages);
    for (const news of meanwhile) this.#hear(news);
  }

  /** Reads on where there is more. */
  async more() {
    const wanted = [...this.cursors];
    this.cursors.clear();
    this.#add(await Promise.all(wanted.map(([status, cursor]) => routes.page(status, cursor))), wanted.map(([status]) => status));
  }

  /** @param {Instruction} plan */
  put(plan) {
    const { id, title, kind, status, error, every, due, validation, created_at } = plan;
    this.#set({ id, title, kind, status, error, every, due, files: validation?.files ?? null, bytes: validation?.bytes ?? null, created: created_at });
    this.#changed();
  }

  /** @param {string} id @param {boolean} hidden */
  hide(id, hidden) {
    if (hidden) this.hidden.add(id);
    else this.hidden.delete(id);
    this.#changed();
  }

  /** @param {string} id @param {"remove" | "reject"} how */
  async end(id, how) {
    try {
      await routes[how](id);
      this.rows.delete(id);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      this.rows.delete(id);
    } finally {
      this.hide(id, false);
    }
  }

  /** Newest first. */
  get list() {
    return [...this.rows.values()].filter(({ id }) => !this.hidden.has(id)).sort((one, other) => other.created.localeCompare(one.created));
  }

  /** @param {import("../../types/lorakeeper").Page<Instruction>[]} pages @param {readonly Status[]} statuses */
  #add(pages, statuses = WAITING) {
    for (const [place, { items, next_cursor }] of pages.entries()) {
      for (const plan of items) this.put(plan);
      const status = statuses[place];
      if (next_cursor && status) this.cursors.set(status, next_cursor);
    }
    this.#changed();
  }

  /** @param {import("../../types/lorakeeper").InstructionNews} news */
  #hear(news) {
    this.meanwhile?.push(news);
    const { id, title, kind, status, error, every = "once", due = null } = news;
    if (!status || !title || !kind) return;
    const known = this.rows.get(id);
    // How much it is, events don't say; nothing else has changed that where the state is the same.
    const sums = status === "draft" ? { files: null, bytes: null } : { files: known?.files ?? null, bytes: known?.bytes ?? null };
    this.#set({ id, title, kind, status, error: error ?? null, every, due, ...sums, created: known?.created ?? new Date().toISOString() });
    this.#changed();
  }

  /** @param {Row} row */
  #set(row) {
    if (/** @type {readonly Status[]} */ (WAITING).includes(row.status)) this.rows.set(row.id, row);
    else this.rows.delete(row.id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

export const plans = new Plans();
