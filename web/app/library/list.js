/**
 * What the library's list shows, however long it is: the ids of all that fit, and what is known of those that somebody looks
 * at. The first page comes first, alone. Dispatches `change` when anything here is another, `renewed` when the order may be.
 */
import { library } from "../api.js";
import { onEvent, onResync } from "../events.js";

/** @typedef {import("../../types/lorakeeper").Item} Item */
/** @typedef {import("../../types/lorakeeper").LibraryFilter} Filter */

const FIRST = 60;
/** As many are asked for at once; the server gives at most 200. */
const MANY = 100;
const REQUESTS = 2;
/** So many are remembered. */
const KEPT = 2_000;
/** What happens in a moment is answered at once. */
const MOMENT_MS = 150;
/** A list is read anew at most so often; where that takes long, not more often than every so many seconds. */
const PAUSE_MS = 700;
const LONGEST_PAUSE_MS = 4_000;

export class LibraryList extends EventTarget {
  constructor() {
    super();
    /** How many fit; null until the first answer. @type {number | null} */
    this.total = null;
    this.error = "";
    /** Something else whenever the order or what is known of anything is. */
    this.version = 0;
    /** Something else whenever the order may be. */
    this.renewals = 0;
    /** What was asked for last. @type {Filter} */
    this.query = {};
    /** In the list's order: all of them, or the first page's. @type {number[]} */
    this.order = [];
    this.isWhole = false;
    /** Those looked at last are the last ones. @type {Map<number, Item>} */
    this.known = new Map();
    /** What an answer is awaited for. @type {Set<number>} */
    this.asked = new Set();
    /** What there was no answer for; it is asked for again once the list was read. @type {Set<number>} */
    this.lacking = new Set();
    this.requests = 0;
    this.range = { first: 0, last: -1, seen: [0, -1] };
    /** @type {AbortController} */
    this.reading = new AbortController();
    /** @type {Promise<number[]> | null} */
    this.whole = null;
    /** What has changed and wasn't fetched yet. @type {Set<number>} */
    this.stale = new Set();
    /** What was heard of while a first page is awaited, which may be older. @type {Set<number | null> | null} */
    this.heard = null;
    /** How long the last reading of all ids took. */
    this.took = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.moment = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.renewal = undefined;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  /** Follows what happens to models. */
  start() {
    this.stops = [
      onEvent("library", ({ id }) => this.hear(id)),
      onEvent("scan", ({ phase }) => phase === "done" && this.renewSoon()),
      onResync(() => {
        this.hear(null);
        void this.renew();
      }),
    ];
  }

  stop() {
    this.stops.forEach((stop) => stop());
    clearTimeout(this.moment);
    clearTimeout(this.renewal);
    this.moment = this.renewal = undefined;
  }

  /** Asks for another list. @param {Filter} query */
  async load(query) {
    const signal = this.#begin();
    this.query = query;
    this.whole = null;
    /** @type {Set<number | null>} */
    const heard = (this.heard = new Set());
    try {
      const page = await library.page({ ...query, limit: FIRST }, signal);
      this.error = "";
      this.order = page.items.map(({ id }) => id);
      this.total = page.total ?? this.order.length;
      this.isWhole = !page.next_cursor;
      for (const item of page.items) {
        this.#keep(item);
        if (heard.has(item.id) || heard.has(null)) this.stale.add(item.id);
        else this.stale.delete(item.id);
      }
      this.#changed("renewed");
      this.#fetch();
      if (!this.isWhole) await this.#readAll(signal);
    } catch (error) {
      this.#fail(error, signal);
    } finally {
      if (this.heard === heard) this.heard = null;
    }
  }

  /** Reads the order anew; what is known stays. */
  async renew() {
    clearTimeout(this.renewal);
    this.renewal = undefined;
    if (this.total === null) return this.load(this.query);
    const signal = this.#begin();
    try {
      await this.#readAll(signal);
      this.error = "";
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  renewSoon() {
    this.renewal ??= setTimeout(() => void this.renew(), Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, 4 * this.took)));
  }

  /** The ids of all that fit. */
  async ids() {
    if (!this.isWhole) await (this.whole ??= this.#readAll(this.reading.signal));
    return this.order;
  }

  /** @param {number} index */
  key(index) {
    return this.order[index] ?? -1 - index;
  }

  /** @param {number} index @returns {Item | undefined} */
  item(index) {
    return this.known.get(this.order[index] ?? -1);
  }

  /** What is needed now, and nothing that was needed before. @param {{ first: number, last: number, seen: number[] }} range */
  want(range) {
    this.range = range;
    this.#fetch();
  }

  /** A model is another now. @param {Item} item */
  put(item) {
    if (!this.known.has(item.id)) return;
    this.#keep(item);
    this.#changed();
  }

  /** @param {number | null} id of what came, changed or went; null for many */
  hear(id) {
    this.heard?.add(id);
    if (id === null) {
      for (const each of [...this.known.keys(), ...this.asked]) this.stale.add(each);
      this.renewSoon();
    } else {
      // An answer that is under way may be older than what happened.
      if (this.known.has(id) || this.asked.has(id)) this.stale.add(id);
      if (!this.known.has(id) || this.isNarrowed) this.renewSoon();
    }
    this.moment ??= setTimeout(() => {
      this.moment = undefined;
      this.#fetch();
    }, MOMENT_MS);
  }

  /** Whether a change of a model may take it out of the list, or to another place in it. */
  get isNarrowed() {
    const { sort = "added", descending: _, ...rest } = this.query;
    return sort !== "added" || Object.values(rest).some((value) => value !== "" && value !== null && value !== undefined);
  }

  #begin() {
    this.reading.abort();
    this.reading = new AbortController();
    return this.reading.signal;
  }

  /** @param {AbortSignal} signal */
  async #readAll(signal) {
    const began = performance.now();
    const ids = await library.ids(this.query, signal);
    this.took = performance.now() - began;
    if (signal.aborted) return this.order;
    this.lacking.clear();
    this.order = ids;
    this.total = ids.length;
    this.isWhole = true;
    this.#changed("renewed");
    this.#fetch();
    return ids;
  }

  /** @param {unknown} error @param {AbortSignal} signal */
  #fail(error, signal) {
    this.whole = null;
    if (signal.aborted) return;
    this.error = /** @type {Error} */ (error).message;
    this.#changed();
  }

  /** Ids that are needed, those in view first, then the nearest. */
  #needed() {
    const { first, last, seen } = this.range;
    const [from = first, to = last] = seen;
    const needs = (/** @type {number | undefined} */ id) =>
      id !== undefined && !this.asked.has(id) && !this.lacking.has(id) && (!this.known.has(id) || this.stale.has(id));
    const inView = this.order.slice(from, to + 1).filter(needs);
    if (inView.length) return inView;
    return [...this.order.slice(to + 1, last + 1), ...this.order.slice(first, from).reverse()].filter(needs);
  }

  #fetch() {
    while (this.requests < REQUESTS) {
      const ids = this.#needed().slice(0, MANY);
      if (!ids.length) return;
      void this.#ask(ids);
    }
  }

  /** @param {number[]} ids */
  async #ask(ids) {
    this.requests += 1;
    const open = new Set(ids);
    for (const id of ids) {
      this.asked.add(id);
      this.stale.delete(id);
    }
    try {
      for (const item of await library.cards(ids)) {
        this.#keep(item);
        open.delete(item.id);
      }
      for (const id of open) {
        this.known.delete(id);
        this.lacking.add(id);
      }
      if (open.size) this.renewSoon();
      this.#changed();
    } catch {
      // The list says itself that the server is away, and asks again when it is back.
      for (const id of ids) {
        this.stale.add(id);
        this.lacking.add(id);
      }
      setTimeout(() => {
        for (const id of ids) this.lacking.delete(id);
        this.#fetch();
      }, PAUSE_MS);
    } finally {
      this.requests -= 1;
      for (const id of ids) this.asked.delete(id);
    }
    this.#fetch();
  }

  /** @param {Item} item */
  #keep(item) {
    this.known.delete(item.id);
    this.known.set(item.id, item);
    // What goes into the trash, or comes out of it, is in another list.
    if ((item.state === "trashed") !== Boolean(this.query.trashed)) this.renewSoon();
    if (this.known.size <= KEPT) return;
    const seen = new Set(this.order.slice(this.range.first, this.range.last + 1));
    for (const id of this.known.keys()) {
      if (this.known.size <= KEPT) return;
      if (seen.has(id)) continue;
      this.known.delete(id);
      this.stale.delete(id);
    }
  }

  /** @param {"change" | "renewed"} [type] */
  #changed(type = "change") {
    this.version += 1;
    if (type === "renewed") this.renewals += 1;
    this.dispatchEvent(new Event(type));
  }
}
