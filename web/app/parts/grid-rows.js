/** Where the things of a grid stand, and how a scrollbar leads to all of them. Everything is counted in whole pixels. */

/** As tall as a list may be to the browser: beyond this some lose pixels, and some draw nothing. */
const TALLEST = 8_000_000;
/** So far from both ends of a longer list a pixel of scrolling is a pixel. */
const EXACT = 50_000;
/** Who goes farther than this at once has dragged the scrollbar. */
const LEAP = 5_000;

/** A picture's height by its width, and of the two lines below it. */
const TALL = 4 / 3;
const LINES = 46;
const LINE = 52;

/**
 * How many stand beside each other and how far apart: `step` is from row to row, `pace` from column to column.
 * @typedef {{ count: number, columns: number, rows: number, width: number, height: number, step: number, pace: number, top: number, left: number, tall: number }} Rows
 */

/** @param {"cards" | "list"} layout @param {number} count @param {number} room the width that there is @returns {Rows} */
export function rowsOf(layout, count, room) {
  const wide = room >= 880;
  if (layout === "list") {
    const left = wide ? 14 : 6;
    const width = Math.max(1, room - 2 * left);
    return { count, columns: 1, rows: count, width, height: LINE, step: LINE, pace: width, top: 2, left, tall: count * LINE + 18 };
  }
  const left = wide ? 20 : 12;
  const [least, beside, below] = wide ? [160, 14, 18] : [132, 12, 14];
  const inner = Math.max(1, room - 2 * left);
  const columns = room < 240 ? 1 : Math.max(2, Math.floor((inner + beside) / (least + beside)));
  const width = Math.floor((inner - beside * (columns - 1)) / columns);
  const height = Math.round(width * TALL) + LINES;
  const rows = Math.ceil(count / columns);
  return { count, columns, rows, width, height, step: height + below, pace: width + beside, top: 6, left, tall: rows * (height + below) + 18 };
}

/** The row's upper edge, that of the first being `rows.top`. @param {Rows} rows @param {number} index */
export const edgeOf = (rows, index) => rows.top + Math.floor(index / rows.columns) * rows.step;

/** The first and the last thing that stand between two heights, at least one. @param {Rows} rows @param {number} from @param {number} to */
export function between({ top, step, columns, rows, count }, from, to) {
  const row = (/** @type {number} */ height) => Math.min(Math.max(0, rows - 1), Math.max(0, Math.floor((height - top) / step)));
  return { first: row(from) * columns, last: Math.min(count, (row(to - 1) + 1) * columns) - 1 };
}

/** Where a key leads to from one, undefined for other keys. @param {Rows} rows @param {string} key @param {number} at @param {number} view the height of what is in view */
export function toward({ columns, step, count }, key, at, view) {
  const end = count - 1;
  const screen = Math.max(1, Math.floor(view / step)) * columns;
  if (key === "PageUp") return Math.max(at % columns, at - screen);
  if (key === "PageDown") return Math.min(end, at + screen);
  const ways = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: end };
  const to = /** @type {Record<string, number>} */ (ways)[key];
  if (to === undefined || to < 0) return to && at;
  if (to <= end) return to;
  // The last row may be shorter than the one above it.
  return key === "ArrowDown" && Math.floor(at / columns) < Math.floor(end / columns) ? end : at;
}

/**
 * A place in a list that may be longer than what the browser scrolls. `at` is the place in the list, `top` what the browser
 * calls it. Short ways are as long as they look; long ones, which are of the scrollbar, lead to the same part of the list.
 */
export class Track {
  at = 0;
  top = 0;
  /** How tall the browser is told that it is. */
  length = 0;
  most = 0;
  reach = 0;

  /** @param {number} tall @param {number} view */
  fit(tall, view) {
    this.length = Math.min(tall, TALLEST);
    this.most = Math.max(0, tall - view);
    this.reach = Math.max(0, this.length - view);
    this.go(this.at);
  }

  /** Goes to a place of the list. @param {number} at */
  go(at) {
    this.at = Math.round(Math.max(0, this.isShort ? at : Math.min(this.most, at)));
    this.top = Math.round(this.#through(this.at, this.most, this.reach));
  }

  /** Where the browser has gone after that. @param {number} top */
  settle(top) {
    this.top = top;
    if (this.isShort) this.at = top;
  }

  /** Whether the browser scrolls all of it. Then there may be more behind the last row. */
  get isShort() {
    return this.most <= this.reach;
  }

  /** The browser has scrolled. @param {number} top */
  scrolled(top) {
    const { most, reach, top: before } = this;
    const way = top - before;
    this.top = top;
    if (this.isShort || top <= 0) this.at = Math.max(0, top);
    else if (top >= reach) this.at = most;
    else if (Math.abs(way) > LEAP) this.at = this.#through(top, reach, most);
    else {
      // Near an end the way that is left is all that is left of the list.
      const left = way < 0 ? before : reach - before;
      const all = way < 0 ? this.at : most - this.at;
      this.at = Math.min(most, Math.max(0, this.at + way * (left < EXACT && left > 0 ? all / left : 1)));
    }
  }

  /** What stands as far in a length of `to` as `value` in one of `from`. @param {number} value @param {number} from @param {number} to */
  #through(value, from, to) {
    if (this.isShort) return value;
    const near = Math.min(EXACT, this.reach / 4);
    if (value <= near) return value;
    if (value >= from - near) return to - (from - value);
    return near + ((value - near) * (to - 2 * near)) / (from - 2 * near);
  }
}
