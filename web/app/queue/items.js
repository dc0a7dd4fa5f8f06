/**
 * The files of one job, in their order and as many as were asked for: read page by page, then kept by events. Dispatches
 * `change`. Where a file stands is only told by the pages: what fetches it doesn't learn that others were moved.
 */
import { jobs as routes } from "../api.js";
import { onEvent, onResync } from "../events.js";

/** @typedef {import("../../types/lorakeeper").JobItem} JobItem */
/** @typedef {import("../../types/lorakeeper").Page<JobItem>} ItemPage */

const FIRST = 30;
const MORE = 100;
const LONGEST_PAGE = 500;

export class Items extends EventTarget {
  /** @param {string} job */
  constructor(job) {
    super();
    this.job = job;
    /** In their order. @type {JobItem[]} */
    this.list = [];
    /** @type {string | null} */
    this.cursor = null;
    this.loaded = false;
    /** Only what the last reading says counts. */
    this.reading = 0;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  /** Reads the first files and follows them from now on. */
  async start() {
    this.stops = [onEvent("item", (item) => this.put(item)), onResync(() => void this.reload().catch(() => {}))];
    await this.reload();
  }

  stop() {
    for (const stop of this.stops) stop();
    this.stops = [];
    this.reading += 1;
  }

  /** Reads the files that are shown anew: their order may be another one, or the whole job's state. */
  reload() {
    return this.#read(Math.max(FIRST, this.list.length), null);
  }

  more() {
    return this.#read(MORE, this.cursor);
  }

  /** @param {JobItem} item */
  put(item) {
    if (item.job !== this.job) return;
    const place = this.list.findIndex(({ id }) => id === item.id);
    if (place < 0) return;
    this.list = this.list.with(place, newer(this.list[place], item));
    this.#changed();
  }

  /** Puts a file before another one. @param {JobItem} item @param {JobItem} before */
  async move(item, before) {
    await routes.moveItem(item, before.id);
    await this.reload();
  }

  /** Reads so many files, those behind `from` in addition to what is there. @param {number} count @param {string | null} from */
  async #read(count, from) {
    const reading = (this.reading += 1);
    /** @type {JobItem[]} */
    const found = [];
    let cursor = from;
    do {
      const page = /** @type {ItemPage} */ (await routes.items(this.job, cursor, Math.min(count - found.length, LONGEST_PAGE)));
      if (reading !== this.reading) return;
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && found.length < count);
    const known = new Map(this.list.map((item) => [item.id, item]));
    const fresh = found.map((item) => newer(known.get(item.id), item));
    this.list = from ? [...this.list, ...fresh.filter(({ id }) => !known.has(id))] : fresh;
    this.cursor = cursor;
    this.loaded = true;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** An answer may be older than an event that overtook it. @param {JobItem | undefined} known @param {JobItem} item */
const newer = (known, item) => (known && known.updated_at > item.updated_at ? known : item);
