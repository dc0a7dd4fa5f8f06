/** The prompts of a graph: which text box is meant, and how text gets into it. Part of the room that knows ComfyUI. */
import { loraTag } from "../details/word-sets.js";
import { embeddingText } from "./loaders.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */
/** @typedef {{ title: string, read: () => string, write: (text: string) => void, caret: () => [number, number], takesTags: boolean }} Box `takesTags`: LoRAs are named in it */

/** More nodes in a row than any graph has. */
const LONGEST = 1000;

/** @param {Widget} widget */
export const isTextBox = (widget) => widget.type === "customtext" || (widget.element ?? widget.inputEl) instanceof HTMLTextAreaElement;

/** Whether the text area belongs to the node, in either renderer. @param {GraphNode} node @param {HTMLElement} area */
const holds = (node, area) =>
  node.widgets?.some((widget) => widget.element === area || widget.inputEl === area) ||
  area.closest("[data-node-id]")?.getAttribute("data-node-id") === String(node.id);

export class Texts {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** The prompt's text box that had the focus last. @type {HTMLTextAreaElement | null} */
    this.last = null;
    document.addEventListener(
      "focusin",
      ({ target }) => {
        if (target instanceof HTMLTextAreaElement) this.last = target;
      },
      true,
    );
  }

  /** The box of a text area in the graph that is to be seen; null for what is none, or can't be written. @param {EventTarget | null | undefined} area @returns {Box | null} */
  of(area) {
    if (!(area instanceof HTMLTextAreaElement) || !area.isConnected || area.readOnly || area.disabled) return null;
    const owner = this.app.canvas.graph?.nodes.find((node) => holds(node, area));
    if (!owner) return null;
    return {
      title: owner.title,
      read: () => area.value,
      // Works in both renderers, because both listen to what is typed.
      write: (text) => {
        area.value = text;
        area.dispatchEvent(new Event("input", { bubbles: true }));
      },
      caret: () => [area.selectionStart, area.selectionEnd],
      takesTags: takesTags(owner),
    };
  }

  /** The first text box of a node. @param {GraphNode} node @returns {Box | null} */
  on(node) {
    const widget = node.widgets?.find((each) => isTextBox(each) && !isFilled(node, each));
    if (!widget) return null;
    const read = () => String(widget.value ?? "");
    return {
      title: node.title,
      read,
      write: (text) => {
        widget.value = text;
        widget.callback?.(text);
      },
      caret: () => [read().length, read().length],
      takesTags: takesTags(node),
    };
  }

  /** The box that is meant: the one used last, a selected node's, else the one nearest to `from`. @param {GraphNode} [from] @returns {Box} */
  find(from) {
    const selected = Object.values(this.app.canvas.selected_nodes ?? {});
    for (const box of [this.of(this.last), ...selected.map((node) => this.on(node))]) if (box) return box;
    const near = from && nearest(from, (node) => (isPrompt(node) ? this.on(node) : null));
    if (near) return near;
    throw new Error(t("insert.noTarget"));
  }

  /** Changes a text as one step of ComfyUI's undo. @param {Box} box @param {string} text */
  write(box, text) {
    const { canvas } = this.app;
    canvas.emitBeforeChange();
    try {
      box.write(text);
    } finally {
      canvas.emitAfterChange();
    }
    canvas.setDirty(true, true);
  }
}

/** `text` with `piece` in the place of what is selected, set apart by commas. @param {string} text @param {string} piece @param {[number, number]} caret */
export function insertAt(text, piece, [start, end]) {
  const before = text.slice(0, start);
  const after = text.slice(end);
  const head = before.replace(/[ \t]+$/, "");
  const tail = after.replace(/^[ \t]+/, "");
  const left = /(^|[\n(])$/.test(head) ? before : `${head}${head.endsWith(",") ? " " : ", "}`;
  return left + piece + (/^([\n,)]|$)/.test(tail) ? after : `, ${tail}`);
}

/** What names a model in this box; null for a LoRA where it has no name, but trigger words. @param {import("./comfy.js").Model} item @param {Box} box */
export function promptText(item, { takesTags }) {
  if (item.kind === "embeddings") return embeddingText(item.name);
  return takesTags ? loraTag(item) : null;
}

/** Whether `text` names what `piece` does; a LoRA's weight may be another. @param {string} text @param {string} piece */
export function isNamed(text, piece) {
  const isTag = piece.startsWith("<");
  const name = (isTag ? piece.slice(0, piece.lastIndexOf(":") + 1) : piece).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(isTag ? name : `${name}(?![\\w./\\\\-])`, "i").test(text);
}

/** @param {GraphNode} node */
const takesTags = (node) => node.comfyClass === "Lorakeeper_PromptLoras";

/** @param {GraphNode} node @param {Widget} widget */
const isFilled = (node, widget) => Boolean(node.inputs?.some((slot) => slot.widget?.name === widget.name && slot.link != null));

/** A node whose text becomes a condition. @param {GraphNode} node */
const isPrompt = (node) => Boolean(node.outputs?.some(({ type }) => type === "CONDITIONING"));

/**
 * What `look` finds on the node that is the fewest links down from `from`, or else up; what leads to a positive prompt goes first.
 * @template T
 * @param {GraphNode} from
 * @param {(node: GraphNode) => T | null} look
 * @returns {T | null}
 */
function nearest(from, look) {
  for (const next of [below, above]) {
    const seen = new Set([from]);
    let here = [from];
    while (here.length && seen.size < LONGEST) {
      here = here.flatMap(next).filter((node) => !seen.has(node) && seen.add(node));
      for (const node of [...here.filter(isPositive), ...here]) {
        const found = look(node);
        if (found) return found;
      }
    }
  }
  return null;
}

/** @param {GraphNode} node @returns {GraphNode[]} */
const below = ({ graph, outputs }) =>
  (outputs ?? [])
    .flatMap(({ links }) => links ?? [])
    .flatMap((id) => graph?.getLink(id) ?? [])
    .flatMap(({ target_id }) => graph?.getNodeById(target_id) ?? []);

/** @param {GraphNode} node @returns {GraphNode[]} */
const above = ({ graph, inputs }) =>
  (inputs ?? [])
    .flatMap(({ link }) => (link == null ? [] : (graph?.getLink(link) ?? [])))
    .flatMap(({ origin_id }) => graph?.getNodeById(origin_id) ?? []);

/** @param {GraphNode} node */
const isPositive = ({ graph, outputs }) =>
  Boolean(
    outputs?.some(({ links }) =>
      links?.some((id) => {
        const link = graph?.getLink(id);
        return link && /positive/i.test(graph?.getNodeById(link.target_id)?.inputs?.[link.target_slot]?.name ?? "");
      }),
    ),
  );
