/**
 * Models that are dragged from the panel into the graph: what a drop would do at each place, a hint that says so meanwhile,
 * and the drop. Part of the room that knows ComfyUI; other packs' drags are left alone.
 */
import { loaderOf, sameName, spelling, widgetFor } from "./loaders.js";
import { isTextBox, promptText } from "./text.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */
/** @typedef {import("./text.js").Box} Box */
/** @typedef {import("./comfy.js").Model} Model */
/** @typedef {{ does: "set", node: GraphNode, widget: Widget } | { does: "write", box: Box } | { does: "add" }} Landing */

/** What a dragged model travels as: the JSON of a `Model`. */
const MODEL_TYPE = "application/x-lorakeeper-model";
/** Pixels between the pointer and the hint. */
const ASIDE = 16;

export class Drops {
  /** @param {import("./comfy.js").Comfy} comfy */
  constructor(comfy) {
    this.comfy = comfy;
    this.app = comfy.app;
    /** What is dragged now, if it is from this page: a drag keeps its data to itself until it is dropped. @type {Model | null} */
    this.dragged = null;
    /** @type {HTMLElement | null} */
    this.hint = null;
  }

  /** @param {DataTransfer} transfer @param {Model} item */
  fill(transfer, { id, kind, name, title, preferred_strength }) {
    this.dragged = { id, kind, name, title, preferred_strength };
    transfer.setData(MODEL_TYPE, JSON.stringify(this.dragged));
    transfer.effectAllowed = "copy";
  }

  /** Takes drops until the returned function is called. @param {(error: Error) => void} onError @returns {() => void} */
  attach(onError) {
    /** @param {DragEvent} event */
    const over = (event) => {
      const isOurs = this.#isOurs(event);
      this.#showHint(isOurs && this.dragged ? event : null);
      if (!isOurs || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    };
    /** @param {DragEvent} event */
    const drop = (event) => {
      this.#end();
      const item = this.#isOurs(event) && modelIn(event.dataTransfer?.getData(MODEL_TYPE));
      if (!item) return;
      event.preventDefault();
      event.stopPropagation();
      this.land(item, this.landing(item, event), event).catch(onError);
    };
    const end = () => this.#end();
    document.addEventListener("dragover", over, true);
    document.addEventListener("drop", drop, true);
    document.addEventListener("dragend", end, true);
    return () => {
      this.#end();
      document.removeEventListener("dragover", over, true);
      document.removeEventListener("drop", drop, true);
      document.removeEventListener("dragend", end, true);
    };
  }

  /** What a drop does where the pointer is. @param {Model} item @param {DragEvent} event @returns {Landing} */
  landing(item, event) {
    const area = event.composedPath().find((each) => each instanceof HTMLTextAreaElement);
    const words = item.kind === "loras" || item.kind === "embeddings";
    const box = words ? this.comfy.texts.of(area) : null;
    if (box) return { does: "write", box };
    const { node, pointed } = this.#under(event);
    const widget = node && widgetFor(node, item, pointed);
    if (node && widget) return { does: "set", node, widget };
    const first = node && words && node.widgets?.some(isTextBox) ? this.comfy.texts.on(node) : null;
    return first ? { does: "write", box: first } : { does: "add" };
  }

  /** @param {Model} item @param {Landing} landing @param {{ clientX: number, clientY: number }} point */
  async land(item, landing, point) {
    const { comfy } = this;
    if (landing.does === "set") {
      await comfy.setFile(landing.widget, item.name);
      comfy.toast("success", t("drop.set.done", { ...named(landing), title: item.title ?? item.name }));
    } else if (landing.does === "write") {
      const { title, changed } = await comfy.writeWords(item, landing.box);
      comfy.toast("success", t(changed ? "drop.write.done" : "details.inserted.none", { node: title }));
    } else await comfy.addLoader(item, point);
  }

  /** The node under the pointer, and which of its widgets, in either renderer. @param {DragEvent} event @returns {{ node: GraphNode | null, pointed?: Widget }} */
  #under(event) {
    const { graph } = this.app.canvas;
    const element = event.composedPath().find((each) => each instanceof Element);
    const id = element?.closest("[data-node-id]")?.getAttribute("data-node-id");
    if (id) {
      const node = graph?.nodes.find((each) => String(each.id) === id) ?? null;
      // Newer front ends write a widget's name on its row, older ones on its input alone.
      const row = element?.closest(".lg-node-widget");
      const name = row?.getAttribute("data-widget-name") ?? row?.querySelector("[aria-label]")?.getAttribute("aria-label");
      return { node, pointed: node?.widgets?.find((each) => each.name === name) };
    }
    const [x, y] = this.app.clientPosToCanvasPos([event.clientX, event.clientY]);
    const node = graph?.getNodeOnPos(x, y) ?? null;
    return { node, pointed: node?.getWidgetOnPos?.(x, y, true) };
  }

  /** @param {DragEvent} event */
  #isOurs(event) {
    if (!event.dataTransfer?.types.includes(MODEL_TYPE)) return false;
    const [target] = event.composedPath();
    if (target === this.app.canvas.canvas) return true;
    return target instanceof Element && (target.closest("[data-node-id]") !== null || this.comfy.texts.of(target) !== null);
  }

  /** Says at the pointer what a drop would do; null says no more. @param {DragEvent | null} event */
  #showHint(event) {
    if (!event || !this.dragged) {
      this.hint?.remove();
      this.hint = null;
      return;
    }
    this.hint ??= document.body.appendChild(makeHint());
    const text = this.#say(this.dragged, this.landing(this.dragged, event));
    if (this.hint.textContent !== text) this.hint.textContent = text;
    const left = Math.min(event.clientX + ASIDE, innerWidth - this.hint.offsetWidth - 8);
    const top = Math.min(event.clientY + ASIDE, innerHeight - this.hint.offsetHeight - 8);
    this.hint.style.translate = `${left}px ${top}px`;
  }

  /** @param {Model} item @param {Landing} landing */
  #say(item, landing) {
    if (landing.does === "set") {
      const isSame = sameName(landing.widget.value, spelling(landing.widget, item.name) ?? item.name);
      return t(isSame ? "drop.set.same" : "drop.set", named(landing));
    }
    if (landing.does === "write") {
      const text = promptText(item, landing.box);
      return text ? t("drop.write.text", { text }) : t("drop.write", { node: landing.box.title });
    }
    if (item.kind === "embeddings") return t("drop.none.embedding");
    return loaderOf(item.kind) ? t("drop.add") : t("item.noNode");
  }

  #end() {
    this.dragged = null;
    this.#showHint(null);
  }
}

/** What was dropped; null for what another page may call so. @param {string | undefined} text @returns {Model | null} */
function modelIn(text) {
  try {
    const item = JSON.parse(text ?? "");
    return typeof item?.kind === "string" && typeof item.name === "string" ? item : null;
  } catch {
    return null;
  }
}

/** @param {{ node: GraphNode, widget: Widget }} landing */
const named = ({ node, widget }) => ({ node: node.title, widget: widget.name });

function makeHint() {
  const hint = document.createElement("div");
  hint.className = "lorakeeper-drop";
  hint.style.cssText =
    "position: fixed; inset: 0 auto auto 0; z-index: 9999; max-width: 280px; padding: 5px 10px; border-radius: 6px; pointer-events: none; " +
    "font: 12px/1.35 system-ui, sans-serif; color: var(--fg-color, #ddd); background: var(--comfy-menu-bg, #222); " +
    "border: 1px solid var(--border-color, #4e4e4e); box-shadow: 0 2px 8px rgb(0 0 0 / 30%);";
  return hint;
}
