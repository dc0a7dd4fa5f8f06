/** What the views tell the user: short messages, some of which can be undone for ten seconds. */
import { comfy } from "./graph/comfy.js";
import { t } from "./strings.js";

/** @typedef {{ severity: "info" | "error", text: string, undo?: () => unknown, end: () => void }} Message */

const UNDO_MS = 10_000;
const READ_MS = 5_000;

class Messages extends EventTarget {
  constructor() {
    super();
    /** @type {Message[]} */
    this.list = [];
    /** So many pixels at the bottom are another's. */
    this.above = 0;
  }

  /** Leaves so much room below. @param {number} pixels */
  leaveBelow(pixels) {
    this.above = pixels;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} text */
  info(text) {
    if (comfy) comfy.toast("success", text);
    else this.#show("info", text, READ_MS);
  }

  /** @param {unknown} error */
  error(error) {
    const text = error instanceof Error ? error.message : String(error);
    if (comfy) comfy.toast("error", text);
    else this.#show("error", text, UNDO_MS);
  }

  /**
   * Says what was done, with a way back for ten seconds; then `commit` makes it final. ComfyUI's toasts have no buttons, so
   * these are always shown by us.
   * @param {string} text
   * @param {() => unknown} undo
   * @param {() => unknown} [commit]
   */
  undoable(text, undo, commit) {
    this.#show("info", text, UNDO_MS, undo, commit);
  }

  /**
   * @param {Message["severity"]} severity
   * @param {string} text
   * @param {number} life
   * @param {() => unknown} [undo]
   * @param {() => unknown} [commit]
   */
  #show(severity, text, life, undo, commit) {
    const end = () => {
      clearTimeout(timer);
      this.list = this.list.filter((each) => each !== message);
      this.dispatchEvent(new Event("change"));
    };
    const finish = async (/** @type {(() => unknown) | undefined} */ deed) => {
      end();
      try {
        await deed?.();
      } catch (error) {
        this.error(error);
      }
    };
    const timer = setTimeout(() => finish(commit), life);
    /** @type {Message} */
    const message = { severity, text, end: () => void finish(commit), undo: undo && (() => finish(undo)) };
    this.list = [...this.list, message];
    this.dispatchEvent(new Event("change"));
  }
}

export const messages = new Messages();

/** @param {string} text */
export async function copy(text) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyBySelection(text);
    messages.info(t("common.copied", { text }));
  } catch {
    messages.error(t("common.copyFailed"));
  }
}

/** Browsers keep the clipboard from pages that came over plain HTTP from another machine, but not this. @param {string} text */
function copyBySelection(text) {
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error(t("common.copyFailed"));
}
