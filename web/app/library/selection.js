/** Which models of the list are selected, by their ids alone: it may be all of a hundred thousand. Dispatches `change`. */

/** @typedef {{ index: number, how: "toggle" | "range" | "all" | "none", from: number }} Wish */

export class Selection extends EventTarget {
  /** @param {import("./list.js").LibraryList} list */
  constructor(list) {
    super();
    this.list = list;
    /** @type {Set<number>} */
    this.ids = new Set();
    /** Where a range begins. @type {number | null} */
    this.anchor = null;
    /** What was selected before the range. @type {Set<number>} */
    this.before = this.ids;
    list.addEventListener("renewed", () => this.#prune());
  }

  get size() {
    return this.ids.size;
  }

  /** @param {Wish} wish */
  async change({ index, how, from }) {
    if (how === "none") return this.#set(new Set());
    if (how === "all") return this.#set(new Set(await this.list.ids()));
    if (how === "range") {
      this.anchor ??= Number(this.list.key(from));
      const order = await this.list.ids();
      const begin = Math.max(0, order.indexOf(this.anchor));
      const range = order.slice(Math.min(begin, index), Math.max(begin, index) + 1);
      return this.#set(new Set([...this.before, ...range]), this.anchor);
    }
    const id = Number(this.list.key(index));
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    return this.#set(ids, id);
  }

  /** @param {Set<number>} ids @param {number | null} [anchor] */
  #set(ids, anchor = null) {
    if (anchor === null || anchor !== this.anchor) this.before = ids;
    this.anchor = anchor;
    this.ids = ids;
    this.dispatchEvent(new Event("change"));
  }

  /** What isn't in the list any more can't be selected. */
  #prune() {
    if (!this.ids.size || !this.list.isWhole) return;
    const there = new Set(this.list.order);
    const left = [...this.ids].filter((id) => there.has(id));
    if (left.length !== this.ids.size) this.#set(new Set(left), this.anchor);
  }
}
