/**
 * Any number of things as cards or as a list, of which only those in view and a few around them are drawn. It scrolls by
 * itself, and keeps its place where the width or the things change.
 *
 * `lk-range` {first, last, seen: [first, last]}: what is in view, and near · `lk-choose` {index} · `lk-select` {index, how,
 * from}: `how` is toggle, range, all or none · `lk-end`: the end is near, said again when there is more. What is put into the
 * element stands behind the last one. Cards are `--lk-edge` away from both sides, where what stands above them says so.
 */
import { LitElement, classMap, createRef, css, html, ref, render } from "../vendor/lit.js";
import { base } from "../theme.js";
import { cardStyles } from "../library/card.js";
import { deepFocus } from "./dom.js";
import { Hands } from "./grid-hands.js";
import { Track, between, edgeOf, rowsOf } from "./grid-rows.js";

/** @typedef {string | number} Key */
/** `pictured` is false while things fly by. @typedef {{ reachable: boolean, selected: boolean, current: boolean, active: boolean, selectable: boolean, pictured: boolean }} Looks */
/** @typedef {{ li: HTMLLIElement, key: Key, index: number, drawn: string, item: unknown, pictured: boolean }} Cell */

/** Rows that are drawn above and below those in view are so tall together, or one. */
const AROUND = 300;
/** Who scrolls faster, in pixels a second, sees no pictures until that is over: each would be asked for in vain. */
const SWIFT = 4_000;
const REST_MS = 120;

export class LkGrid extends LitElement {
  static properties = {
    count: { attribute: false },
    item: { attribute: false },
    key: { attribute: false },
    cell: { attribute: false },
    layout: { attribute: false },
    selection: { attribute: false },
    current: { attribute: false },
    version: { attribute: false },
    label: { attribute: false },
    drag: { attribute: false },
  };

  static styles = [
    base,
    cardStyles,
    css`
      :host { display: block; position: relative; overflow: hidden auto; overflow-anchor: none; scrollbar-width: thin;
        scrollbar-color: var(--lk-line) transparent; contain: strict; min-height: 0; }
      ul { position: relative; width: 100%; overflow: hidden; }
      ul:focus { outline: none; }
      li { position: absolute; top: 0; left: 0; contain: layout style; }
    `,
  ];

  constructor() {
    super();
    /** How many there are. */
    this.count = 0;
    /** What is known of one; undefined where it isn't here yet. @type {(index: number) => any} */
    this.item = () => undefined;
    /** @type {(index: number) => Key} */
    this.key = (index) => index;
    /** What is drawn of it inside of its `<li>`: `.open`, and what else there is. @type {(item: any, index: number, looks: Looks) => unknown} */
    this.cell = () => null;
    /** @type {"cards" | "list"} */
    this.layout = "cards";
    /** The keys of what is selected; null where nothing can be. @type {Set<any> | null} */
    this.selection = null;
    /** The key of the one that is open elsewhere. @type {Key | null} */
    this.current = null;
    /** Something else whenever what `item` or `key` give is. @type {unknown} */
    this.version = 0;
    this.label = "";
    /** Fills in what is dragged, or says by false that it can't be. @type {((item: any, transfer: DataTransfer) => boolean) | null} */
    this.drag = null;

    this.track = new Track();
    this.rows = rowsOf("cards", 0, 0);
    this.view = { width: 0, height: 0 };
    /** @type {Map<Key, Cell>} */
    this.cells = new Map();
    /** @type {WeakMap<Element, Cell>} */
    this.owners = new WeakMap();
    /** The one that Tab reaches. */
    this.active = 0;
    /** @type {Key | null} */
    this.activeKey = null;
    this.isFocused = false;
    /** What the pointer is over. @type {Key | null} */
    this.pointed = null;
    /** What is first in view, and how much of its row is above; it stays there while only the width changes. @type {{ index: number, key: Key, above: number }} */
    this.anchor = { index: 0, key: "", above: 0 };
    this.said = "";
    this.ended = -1;
    this.isSwift = false;
    this.scrolledAt = 0;
    this.list = /** @type {{ value?: HTMLUListElement }} */ (createRef());
    this.hands = new Hands(this);
    this.sizes = new ResizeObserver(() => this.resize());
    this.addEventListener("scroll", () => this.follow(), { passive: true });
  }

  connectedCallback() {
    super.connectedCallback();
    // Whoever takes us out of the page loses what was scrolled; the observer calls once we stand somewhere.
    this.view = { width: 0, height: 0 };
    this.sizes.observe(this);
  }

  disconnectedCallback() {
    this.sizes.disconnect();
    this.pointed = null;
    super.disconnectedCallback();
  }

  render() {
    return html`
      <ul class=${classMap({ [this.layout]: true, picking: Boolean(this.selection?.size) })} tabindex="-1" role="list" aria-label=${this.label} ${ref(this.list)}
        @keydown=${this.hands} @keyup=${this.hands} @click=${this.hands} @focusin=${this.hands} @focusout=${this.hands}
        @pointerover=${this.hands} @pointerleave=${this.hands} @dragstart=${this.hands}></ul>
      <slot></slot>
    `;
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("count") || changed.has("version")) this.find(changed.has("count"));
    if (changed.has("layout")) this.measure();
    this.draw(true);
  }

  // -- Places --------------------------------------------------------------------------------------------------------

  resize() {
    const { clientWidth: width, clientHeight: height } = this;
    if (!width || !height || (width === this.view.width && height === this.view.height)) return;
    this.view = { width, height };
    this.measure();
    this.draw(true);
  }

  /** Counts rows and columns anew, and shows what was shown. */
  measure() {
    const { width, height } = this.view;
    if (!width) return;
    const edge = parseFloat(getComputedStyle(this).getPropertyValue("--lk-edge"));
    const inset = Number.isNaN(edge) ? 0 : edge - rowsOf("cards", 0, width).left;
    this.rows = rowsOf(this.layout, this.count, width - 2 * inset);
    this.rows.left += inset;
    this.track.fit(this.rows.tall, height);
    const { index, above } = this.anchor;
    this.place(edgeOf(this.rows, Math.min(index, Math.max(0, this.count - 1))) - this.rows.top + above * this.rows.step);
  }

  /** Things came, went or were sorted: what was first in view, and what has the focus, may stand elsewhere. @param {boolean} isOther whether there are more or fewer now */
  find(isOther) {
    const { index, above, key } = this.anchor;
    // Who is at the very beginning wants to see what is new there.
    const now = index === 0 && above === 0 ? 0 : this.indexOf(key, index);
    const moved = now !== index;
    this.anchor.index = now;
    if (this.activeKey !== null) this.active = this.indexOf(this.activeKey, this.active);
    this.active = Math.min(this.active, Math.max(0, this.count - 1));
    this.ended = -1;
    if ((isOther || moved) && this.view.width) this.measure();
  }

  /** Where a key stands now, near where it stood; there, where it is gone. @param {Key} key @param {number} near */
  indexOf(key, near) {
    for (let away = 0; near - away >= 0 || near + away < this.count; away += 1) {
      if (near + away < this.count && this.key(near + away) === key) return near + away;
      if (near - away >= 0 && near - away < this.count && this.key(near - away) === key) return near - away;
    }
    return Math.min(near, Math.max(0, this.count - 1));
  }

  /** Scrolls to a place of the list. @param {number} at */
  place(at) {
    const list = this.list.value;
    if (!list) return;
    this.track.go(at);
    list.style.height = `${this.track.length}px`;
    this.scrollTop = this.track.top;
    this.track.settle(this.scrollTop);
  }

  follow() {
    const top = this.scrollTop;
    if (!this.view.width || top === this.track.top) return;
    const before = this.track.at;
    this.track.scrolled(top);
    this.keepAnchor();
    this.hurry(Math.abs(this.track.at - before));
    this.draw();
  }

  /** Notes how fast that was. @param {number} way */
  hurry(way) {
    const now = performance.now();
    this.isSwift = way > (SWIFT / 1000) * Math.min(REST_MS, Math.max(4, now - this.scrolledAt));
    this.scrolledAt = now;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.isSwift = false;
      this.draw();
    }, REST_MS);
  }

  keepAnchor() {
    const { rows, track } = this;
    const { first: index } = between(rows, track.at, track.at + 1);
    this.anchor = { index, key: this.count ? this.key(index) : "", above: (track.at - (edgeOf(rows, index) - rows.top)) / rows.step };
  }

  /** Brings one into view, by the shortest way. @param {number} index */
  reveal(index) {
    if (!this.view.width) this.resize();
    const { rows, track, view } = this;
    const edge = edgeOf(rows, index);
    const least = edge + rows.height + 8 - view.height;
    const most = edge - rows.top;
    if (track.at > most || track.at < least) this.place(track.at > most || least > most ? most : least);
    this.keepAnchor();
    this.draw();
  }

  /** Shows the beginning. */
  toStart() {
    this.active = 0;
    this.activeKey = null;
    this.anchor = { index: 0, key: "", above: 0 };
    if (this.view.width) this.place(0);
  }

  /** Brings one into view, and the focus to it. @param {number} index */
  focusItem(index) {
    if (!this.count) return;
    this.active = Math.min(this.count - 1, Math.max(0, index));
    this.activeKey = this.key(this.active);
    this.isFocused = true;
    this.reveal(this.active);
    this.focusActive();
  }

  focusActive() {
    const li = this.cells.get(this.key(this.active))?.li;
    const open = /** @type {HTMLElement | null | undefined} */ (li?.querySelector(".open"));
    (open ?? li ?? this.list.value)?.focus({ preventScroll: true });
  }

  // -- Drawing -------------------------------------------------------------------------------------------------------

  /** Draws what is in view. @param {boolean} [all] also what looks as it did */
  draw(all = false) {
    const list = this.list.value;
    const { rows, track, view } = this;
    if (!list || !view.width) return;
    const hadFocus = this.isFocused && list.contains(deepFocus(this.shadowRoot));
    const seen = between(rows, track.at, track.at + view.height);
    const around = Math.max(1, Math.floor(AROUND / rows.step)) * rows.columns;
    const first = Math.max(0, seen.first - around);
    const last = Math.min(this.count - 1, seen.last + around);
    const indexes = [];
    for (let index = first; index <= last; index += 1) indexes.push(index);
    // What has the focus stays.
    if (this.isFocused && this.active < first && this.active < this.count) indexes.unshift(this.active);
    if (this.isFocused && this.active > last && this.active < this.count) indexes.push(this.active);
    const reach = this.isFocused || (this.active >= seen.first && this.active <= seen.last) ? this.active : seen.first;
    this.arrange(list, indexes);
    const shift = Math.round(track.top - track.at);
    for (const index of indexes) this.drawCell(index, shift, index === reach, all);
    if (hadFocus && !list.contains(deepFocus(this.shadowRoot))) this.focusActive();
    this.tell(first, last, seen);
  }

  /** Has an element for each of these, in their order, and no other. None is moved that needn't be: it would lose the focus. @param {HTMLElement} list @param {number[]} indexes */
  arrange(list, indexes) {
    const wanted = new Map(indexes.map((index) => [this.key(index), index]));
    for (const [key, { li }] of this.cells) {
      if (wanted.has(key)) continue;
      // A picture that isn't here yet needn't come.
      for (const picture of li.querySelectorAll("img")) if (!picture.complete) picture.removeAttribute("src");
      li.remove();
      this.cells.delete(key);
    }
    let next = list.firstElementChild;
    for (const [key, index] of wanted) {
      let cell = this.cells.get(key);
      if (!cell) {
        cell = { li: document.createElement("li"), key, index, drawn: "", item: undefined, pictured: false };
        cell.li.dataset.key = String(key);
        this.cells.set(key, cell);
        this.owners.set(cell.li, cell);
      }
      cell.index = index;
      if (cell.li === next) next = next.nextElementSibling;
      else list.insertBefore(cell.li, next);
    }
  }

  /** @param {number} index @param {number} shift @param {boolean} reachable @param {boolean} all */
  drawCell(index, shift, reachable, all) {
    const { rows } = this;
    const key = this.key(index);
    const cell = this.cells.get(key);
    if (!cell) return;
    const { li } = cell;
    const item = this.item(index);
    const x = rows.left + (index % rows.columns) * rows.pace;
    const where = `translate(${x}px, ${edgeOf(rows, index) + shift}px)`;
    if (li.style.transform !== where) li.style.transform = where;
    const looks = {
      reachable,
      selected: Boolean(this.selection?.has(key)),
      current: key === this.current,
      // Has the pointer or the focus.
      active: key === this.pointed || (this.isFocused && index === this.active),
      selectable: this.selection !== null,
      pictured: cell.pictured || !this.isSwift,
    };
    const drawn = `${index} ${this.count} ${rows.width} ${Object.values(looks).join()}`;
    if (!all && cell.item === item && cell.drawn === drawn) return;
    const heldFocus = item && !cell.item && li === deepFocus(this.shadowRoot);
    cell.item = item;
    cell.drawn = drawn;
    cell.pictured = Boolean(item) && looks.pictured;
    li.className = `card${item ? "" : " waiting"}${looks.selected ? " selected" : ""}${looks.current ? " current" : ""}${looks.active ? " active" : ""}`;
    li.style.width = `${rows.width}px`;
    li.style.height = `${rows.height}px`;
    li.setAttribute("aria-setsize", String(this.count));
    li.setAttribute("aria-posinset", String(index + 1));
    li.draggable = Boolean(item && this.drag);
    li.toggleAttribute("aria-busy", !item);
    if (item) li.removeAttribute("tabindex");
    else li.tabIndex = -1;
    render(item ? this.cell(item, index, looks) : null, li, { host: this });
    if (heldFocus) /** @type {HTMLElement | null} */ (li.querySelector(".open"))?.focus({ preventScroll: true });
  }

  /** @param {number} first @param {number} last @param {{ first: number, last: number }} seen */
  tell(first, last, seen) {
    const near = between(this.rows, this.track.at - this.view.height, this.track.at + 2 * this.view.height);
    const range = { first: Math.min(first, near.first), last: Math.max(last, near.last), seen: [seen.first, seen.last] };
    const said = `${range.first} ${range.last} ${range.seen} ${this.count}`;
    if (said !== this.said) this.send("lk-range", range);
    this.said = said;
    if (range.last >= this.count - 1 && this.ended !== this.count) {
      this.ended = this.count;
      this.send("lk-end", {});
    }
  }

  /** @param {string} name @param {object} detail */
  send(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
customElements.define("lk-grid", LkGrid);
