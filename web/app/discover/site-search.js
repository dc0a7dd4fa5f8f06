/**
 * The search of the site as Discover shows it: what is asked for, what has come of it so far, and how it goes on. It outlives
 * the view. Dispatches `change`.
 */
import { ApiError, civitai, library, settings } from "../api.js";
import { onEvent } from "../events.js";
import { NOTHING } from "./site-wanted.js";

/** @typedef {import("../../types/lorakeeper").Found} Found */
/** @typedef {import("./site-wanted.js").Wanted} Wanted */

const PAGE = 40;
/** Pages that bring nothing new, one after the other, before the user is asked whether to go on. */
const PATIENCE = 6;
/** How long to gather what has come to the library. */
const GATHER_MS = 300;
/** The most that the library tells of at once. */
const MOST = 200;

class SiteSearch extends EventTarget {
  constructor() {
    super();
    /** What the box holds. */
    this.text = "";
    /** @type {Wanted} */
    this.wanted = { ...NOTHING };
    /** What the items are the answer to; null before anything was searched. @type {Wanted | null} */
    this.answered = null;
    /** @type {Found[]} */
    this.items = [];
    /** Another number whenever the items are others. */
    this.version = 0;
    /** Another number whenever they are another search's. */
    this.turn = 0;
    this.busy = false;
    /** Why the last request has failed, "" where it has not. */
    this.error = "";
    /** Whether that was while the list went on. */
    this.isLater = false;
    /** Whether page after page brought nothing new. */
    this.isTired = false;
    /** Where it goes on, null at the end. @type {string | null} */
    this.cursor = null;
    /** The setting, once it was read. */
    this.limit = "";
    /** @type {AbortController | undefined} */
    this.request = undefined;
    /** What has come to the library since it was looked at last. @type {Set<number>} */
    this.arrived = new Set();
    /** Every base model that was ever found. @type {Set<string>} */
    this.bases = new Set();
    /** By version the library's id of what has come since the answers did. @type {Map<number, number>} */
    this.here = new Map();
    this.started = false;
  }

  /** Follows what comes to the library from now on. */
  start() {
    if (this.started) return;
    this.started = true;
    onEvent("library", ({ id }) => this.#hear(id));
    document.addEventListener("lk-settings", () => void this.#obey());
  }

  /** Searches anew. @param {Wanted} [wanted] */
  run(wanted = this.wanted) {
    this.wanted = wanted;
    return this.#load(true);
  }

  /** Goes on where the list ends. */
  more() {
    if (this.busy || this.cursor === null || this.error || this.isTired) return;
    return this.#load(false);
  }

  /** Tries once more what has failed, or goes on in spite of having found nothing for a while. */
  again() {
    return this.#load(!this.isLater && !this.isTired);
  }

  /** What is in this place, with what has come to the library since. @param {number} place @returns {Found | undefined} */
  at(place) {
    const item = this.items[place];
    if (!item?.versions.some(({ id }) => this.here.has(id))) return item;
    const versions = item.versions.map((each) => ({ ...each, owned: each.owned ?? this.here.get(each.id) ?? null }));
    const owned = item.owned ?? versions.find((each) => each.owned !== null)?.owned ?? null;
    const isNewer = (item.owned === null || item.has_update) && versions[0]?.owned === null;
    return { ...item, versions, owned, has_update: isNewer };
  }

  /** @param {boolean} fresh */
  async #load(fresh) {
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    const asked = fresh ? this.wanted : (this.answered ?? this.wanted);
    this.busy = true;
    this.error = "";
    this.isTired = false;
    this.isLater = !fresh;
    this.#changed();
    try {
      const items = fresh ? [] : [...this.items];
      const cursor = await this.#gather(asked, items, fresh ? null : this.cursor, signal);
      this.isTired = cursor !== null && items.length === (fresh ? 0 : this.items.length);
      this.items = items;
      this.cursor = cursor;
      this.version++;
      if (fresh) this.turn++;
      this.answered = asked;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error instanceof ApiError ? error.message : String(error);
    }
    this.busy = false;
    this.#changed();
  }

  /**
   * Adds to `items` what the next page brings that isn't there yet; the site's pages run short or empty, and the list goes on.
   * @param {Wanted} wanted
   * @param {Found[]} items
   * @param {string | null} cursor
   * @param {AbortSignal} signal
   * @returns {Promise<string | null>} where it goes on
   */
  async #gather(wanted, items, cursor, signal) {
    const limit = String((await settings.get()).nsfw_limit);
    this.limit = limit;
    const nsfw = !wanted.safe && limit !== "PG";
    const known = new Set(items.map(({ id }) => id));
    const before = items.length;
    for (let page = 0; page < PATIENCE; page++) {
      const { items: found, next_cursor: next } = await civitai.search({ ...query(wanted), nsfw, limit: PAGE, cursor }, signal);
      for (const item of found) {
        if (known.has(item.id)) continue;
        known.add(item.id);
        items.push(item);
        for (const base of item.base_models) this.bases.add(base);
      }
      cursor = next === cursor ? null : next;
      if (cursor === null || items.length > before) break;
    }
    signal.throwIfAborted();
    return cursor;
  }

  /** Another limit holds for what is shown, too. */
  async #obey() {
    const { nsfw_limit: limit } = await settings.get().catch(() => ({ nsfw_limit: this.limit }));
    if (this.answered && limit !== this.limit) await this.#load(true);
  }

  /** @param {number | null} id */
  #hear(id) {
    if (id === null || !this.items.length) return;
    if (!this.arrived.size) setTimeout(() => void this.#look(), GATHER_MS);
    this.arrived.add(id);
  }

  /** Learns what is here by now. */
  async #look() {
    const ids = [...this.arrived].slice(-MOST);
    this.arrived.clear();
    const cards = await library.cards(ids).catch(() => []);
    for (const { id, version_id, state } of cards) if (version_id !== null && state === "present") this.here.set(version_id, id);
    this.version++;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** What goes to the server. @param {Wanted} wanted */
const query = ({ query, types, base_models, sort, period, tag, username }) => ({ query, types, base_models, sort, period, tag, username });

export const siteSearch = new SiteSearch();
