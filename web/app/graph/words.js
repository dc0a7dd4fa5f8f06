/**
 * Trigger words as switches on our nodes. The words that are off are the value of a widget of the node, so that a workflow
 * keeps them, and the node runs the same where this page is not.
 */
import { languageOf } from "./comfy.js";
import { Panels } from "./panel.js";
import { loadWords } from "../strings.js";
import { setValue, widgetOf } from "./walk.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */

/** Where a Trigger Words node keeps the words of its last run: in what it shows, and in its properties. */
const WORDS = "lorakeeper_words";
const PLACE = "trigger word toggles";
/** Letters in a row of switches, and how many rows are shown without scrolling. */
const ROW = 34;
const ROWS = 4;

/** Shows the words that came into a Trigger Words node when it ran. @param {App} app @param {GraphNode} node */
export async function addWordToggles(app, node) {
  await Promise.all([import("./lk-word-toggles.js"), loadWords(languageOf(app))]);
  const off = widgetOf(node, "off");
  if (!off) return;
  const view = toggles(app, off);
  new Panels(app, PLACE, () => 72).show(node, view);

  const draw = () => {
    view.words = node.properties[WORDS] ?? [];
    view.off = String(off.value ?? "").split(",").map((word) => word.trim()).filter(Boolean);
  };
  const { callback } = off;
  off.callback = (value) => {
    callback?.call(off, value);
    draw();
  };
  const { onConfigure, onExecuted } = node;
  node.onConfigure = function (saved) {
    onConfigure?.call(this, saved);
    draw();
  };
  node.onExecuted = function (output) {
    onExecuted?.call(this, output);
    if (Array.isArray(output?.[WORDS])) node.properties[WORDS] = output[WORDS].map(String);
    draw();
  };
  draw();
}

/** The words of the LoRAs that our nodes name, with a switch each; nothing where there are none. */
export class Words {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.panels = new Panels(app, PLACE, (view) => heightOf(/** @type {any} */ (view).words));
  }

  /** Follows the widget that the switches write. @param {GraphNode} node */
  take(node) {
    const off = widgetOf(node, "words_off");
    if (!off) return;
    const { callback } = off;
    off.callback = (...given) => {
      callback?.apply(off, given);
      this.#draw(node, off);
    };
  }

  /** @param {GraphNode} node @param {string[]} words */
  async show(node, words) {
    const off = widgetOf(node, "words_off");
    if (!off) return;
    const before = /** @type {any} */ (this.panels.of(node));
    if (!words.length) return this.panels.hide(node);
    if (JSON.stringify(before?.words) === JSON.stringify(words)) return this.#draw(node, off);
    await import("./lk-word-toggles.js");
    const view = toggles(this.app, off);
    view.words = words;
    this.panels.show(node, view);
    this.#draw(node, off);
  }

  /** @param {GraphNode} node @param {Widget} off */
  #draw(node, off) {
    const view = /** @type {any} */ (this.panels.of(node));
    if (view) view.off = offOf(view.words, String(off.value ?? ""));
  }
}

/** Those of the words that stand in a text of words with commas. One may have commas itself. @param {string[]} words @param {string} text */
function offOf(words, text) {
  const folded = `,${text.toLowerCase().replace(/\s*,\s*/g, ",").trim()},`;
  return words.filter((word) => folded.includes(`,${word.toLowerCase().replace(/\s*,\s*/g, ",").trim()},`));
}

/** Switches that write what is off into a widget. @param {App} app @param {Widget} off */
function toggles(app, off) {
  const view = /** @type {any} */ (document.createElement("lk-word-toggles"));
  view.addEventListener("change", (/** @type {CustomEvent<string[]>} */ event) => {
    app.canvas.emitBeforeChange();
    setValue(off, event.detail.join(", "));
    app.canvas.emitAfterChange();
    app.canvas.setDirty(true, true);
  });
  return view;
}

/** @param {string[]} words */
function heightOf(words) {
  let [rows, used] = [1, 0];
  for (const { length } of words) {
    const width = Math.min(length + 5, ROW);
    if (used + width > ROW) [rows, used] = [rows + 1, 0];
    used += width;
  }
  return 14 + 26 * Math.min(rows, ROWS);
}
