/** What pointer and keyboard do to a grid: they choose, select, drag, and move the focus, also to what isn't drawn yet. */
import { deepFocus } from "./dom.js";
import { toward } from "./grid-rows.js";

/** Listens to the grid's list. */
export class Hands {
  /** @param {import("./lk-grid.js").LkGrid} grid */
  constructor(grid) {
    this.grid = grid;
    /** @type {Record<string, (event: any) => void>} */
    this.deeds = {
      click: (event) => this.tap(event),
      keydown: (event) => this.press(event),
      keyup: keepSpace,
      focusin: (event) => this.take(event),
      focusout: (event) => this.leave(event),
      pointerover: (event) => this.point(event),
      pointerleave: (event) => this.point(event),
      dragstart: (event) => this.grab(event),
    };
  }

  /** @param {Event} event */
  handleEvent(event) {
    this.deeds[event.type]?.(event);
  }

  /** The cell that something happened in. @param {Event} event */
  cellOf({ target }) {
    const li = /** @type {Element} */ (target).closest?.("li");
    return li ? this.grid.owners.get(li) : undefined;
  }

  /** @param {MouseEvent} event */
  tap(event) {
    const { grid } = this;
    const cell = this.cellOf(event);
    if (!cell?.item) return;
    const target = /** @type {Element} */ (event.target);
    const picks = grid.selection !== null && target.closest(".pick");
    if (!picks && !target.closest(".open")) return;
    if (grid.selection && event.shiftKey) this.select("range", cell.index, grid.active);
    else if (grid.selection && (picks || event.ctrlKey || event.metaKey)) this.select("toggle", cell.index);
    else grid.send("lk-choose", { index: cell.index });
  }

  /** @param {"toggle" | "range" | "all" | "none"} how @param {number} index @param {number} [from] */
  select(how, index, from = index) {
    this.grid.send("lk-select", { index, how, from });
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { grid } = this;
    const { key, shiftKey } = event;
    const isCommand = event.ctrlKey || event.metaKey;
    const at = grid.active;
    if (event.altKey || !grid.count) return;
    const done = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (grid.selection && isCommand && key.toLowerCase() === "a") {
      done();
      this.select("all", at);
    } else if (grid.selection?.size && key === "Escape") {
      done();
      this.select("none", at);
    } else if (grid.selection && key === " " && isOpen(event.target)) {
      done();
      this.select(shiftKey ? "range" : "toggle", at);
    } else if (!isCommand || key === "Home" || key === "End") {
      const to = toward(grid.rows, key, at, grid.view.height);
      if (to === undefined) return;
      done();
      grid.focusItem(to);
      if (grid.selection && shiftKey) this.select("range", grid.active, at);
    }
  }

  /** @param {FocusEvent} event */
  take(event) {
    const { grid } = this;
    const cell = this.cellOf(event);
    if (!cell || (grid.isFocused && grid.activeKey === cell.key)) return;
    grid.isFocused = true;
    grid.active = cell.index;
    grid.activeKey = cell.key;
    grid.draw();
  }

  /** @param {FocusEvent} event */
  leave({ relatedTarget }) {
    const { grid } = this;
    if (grid.list.value?.contains(/** @type {Node | null} */ (relatedTarget))) return;
    // Not while something is being drawn, which may take away what has the focus.
    queueMicrotask(() => {
      if (!grid.isFocused || grid.list.value?.contains(deepFocus(grid.shadowRoot))) return;
      grid.isFocused = false;
      grid.draw();
    });
  }

  /** @param {PointerEvent} event */
  point(event) {
    const key = event.type === "pointerleave" ? null : (this.cellOf(event)?.key ?? null);
    if (key === this.grid.pointed) return;
    this.grid.pointed = key;
    this.grid.draw();
  }

  /** @param {DragEvent} event */
  grab(event) {
    const cell = this.cellOf(event);
    if (!cell?.item || !event.dataTransfer || !this.grid.drag?.(cell.item, event.dataTransfer)) event.preventDefault();
  }
}

/** @param {EventTarget | null} target */
const isOpen = (target) => target instanceof Element && target.classList.contains("open");

/** Some browsers press a button when the space bar comes up, whatever became of its going down. @param {KeyboardEvent} event */
function keepSpace(event) {
  if (event.key === " " && isOpen(event.target)) event.preventDefault();
}
