/** The only module that calls ComfyUI's front end. `comfy` is null on the standalone page. */
import { sendThrough } from "./api.js";
import { listen, listenThrough } from "./events.js";
import { loadWords, t } from "./strings.js";

/** @typedef {import("../types/comfyui").App} App */
/** @typedef {import("../types/comfyui").Api} Api */
/** @typedef {import("../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../types/comfyui").Widget} Widget */
/** @typedef {{ clientX: number, clientY: number }} Point */

/** Our tab in the sidebar, as lorakeeper.js registers it. */
const TAB = "lorakeeper";

/** What a dragged model travels as: the JSON of `{kind, name}`. */
const MODEL_TYPE = "application/x-lorakeeper-model";

/** Node and widget that load a kind of model. @type {Record<string, { type: string, widget: string }>} */
const LOADERS = { loras: { type: "Lorakeeper_LoadLora", widget: "lora_name" } };

/** Where a Trigger Words node keeps the words of its last run: in what it shows, and in its properties. */
const WORDS = "lorakeeper_words";

/** Between two nodes, for a title. */
const GAP = 50;

/** @type {Comfy | null} */
export let comfy = null;

/** @param {App} app @param {Api} api */
export function connect(app, api) {
  comfy ??= new Comfy(app, api);
}

class Comfy {
  /** @param {App} app @param {Api} api */
  constructor(app, api) {
    this.app = app;
    /** The prompt's text box that had the focus last. @type {HTMLTextAreaElement | null} */
    this.textBox = null;
    sendThrough((route, init) => api.fetchApi(route, init));
    listenThrough({
      listen: (type, listener) => listen(api, type, (event) => listener(/** @type {CustomEvent} */ (event).detail)),
      onReconnect: (listener) => listen(api, "reconnected", listener),
    });
  }

  /** @param {"success" | "info" | "warn" | "error"} severity @param {string} text */
  toast(severity, text) {
    this.app.extensionManager.toast.add({ severity, summary: t("app.name"), detail: text, life: 5000 });
  }

  /** Opens our tab, whatever is open now. */
  showPanel() {
    this.app.extensionManager.sidebarTab.activeSidebarTabId = TAB;
  }

  /**
   * The graph that is open, as text: as it is saved, and as it would be run, which knows values that a saved one may not. The
   * latter can't always be had, as of a graph with nodes that are not installed.
   * @returns {Promise<{ name: string, text: string }>}
   */
  async workflow() {
    const workflow = (this.app.rootGraph ?? this.app.graph).serialize();
    const prompt = await this.app.graphToPrompt().then(({ output }) => output, () => null);
    const name = this.app.extensionManager.workflow?.activeWorkflow?.filename ?? "";
    return { name, text: JSON.stringify(prompt ? { workflow, prompt } : workflow) };
  }

  /** Whether there is a node that loads this kind. @param {string} kind */
  canLoad(kind) {
    return kind in LOADERS;
  }

  /**
   * Follows the focus and takes drops, while the panel exists. @param {(error: Error) => void} onError
   * @returns {() => void} ends it
   */
  attach(onError) {
    /** @param {DragEvent} event */
    const isOurs = (event) => Boolean(event.dataTransfer?.types.includes(MODEL_TYPE)) && this.#isOnCanvas(event);
    /** @param {DragEvent} event */
    const over = (event) => {
      if (!isOurs(event) || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    };
    /** @param {DragEvent} event */
    const drop = (event) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      event.stopPropagation();
      this.addLoader(JSON.parse(event.dataTransfer?.getData(MODEL_TYPE) ?? ""), event).catch(onError);
    };
    /** @param {FocusEvent} event */
    const focus = (event) => {
      if (event.target instanceof HTMLTextAreaElement) this.textBox = event.target;
    };
    document.addEventListener("dragover", over, true);
    document.addEventListener("drop", drop, true);
    document.addEventListener("focusin", focus, true);
    return () => {
      document.removeEventListener("dragover", over, true);
      document.removeEventListener("drop", drop, true);
      document.removeEventListener("focusin", focus, true);
    };
  }

  /** @param {DataTransfer} transfer @param {{ kind: string, name: string }} item */
  fillDrag(transfer, { kind, name }) {
    transfer.setData(MODEL_TYPE, JSON.stringify({ kind, name }));
    transfer.effectAllowed = "copy";
  }

  /**
   * Adds the node that loads this model, selected, at `point` or in the middle of what is to be seen.
   * @param {{ kind: string, name: string }} item
   * @param {Point} [point]
   */
  async addLoader({ kind, name }, point) {
    const loader = LOADERS[kind];
    if (!loader) throw new Error(t("item.noNode"));
    const node = LiteGraph.createNode(loader.type);
    const { canvas } = this.app;
    if (!node || !canvas.graph) throw new Error(t("error.noNode", { type: loader.type }));
    const { graph } = canvas;
    const place = this.app.clientPosToCanvasPos(point ? [point.clientX, point.clientY] : this.#middle());
    if (!point) place[1] = below(graph.nodes, place, node.size);
    node.pos = place;
    canvas.emitBeforeChange();
    try {
      graph.add(node);
      const widget = node.widgets?.find((each) => each.name === loader.widget);
      if (widget) {
        if (!options(widget).includes(name)) await this.app.refreshComboInNodes();
        setValue(widget, name);
      }
      canvas.selectNode(node);
    } finally {
      canvas.emitAfterChange();
    }
    canvas.setDirty(true, true);
  }

  /**
   * Rewrites the text box that was used last, else the first one of the selected node.
   * @param {(text: string) => Promise<string>} rewrite
   * @returns {Promise<{ title: string, changed: boolean, undo: () => void }>}
   */
  async rewritePrompt(rewrite) {
    const box = this.#findText();
    const before = box.read();
    const after = await rewrite(before);
    /** @param {string} text */
    const write = (text) => {
      this.app.canvas.emitBeforeChange();
      box.write(text);
      this.app.canvas.emitAfterChange();
      this.app.canvas.setDirty(true, true);
    };
    if (after !== before) write(after);
    return { title: box.title, changed: after !== before, undo: () => write(before) };
  }

  #findText() {
    const area = this.textBox;
    const graph = this.app.canvas.graph;
    const nodes = graph?.nodes ?? [];
    const owner = area?.isConnected && nodes.find((node) => holds(node, area));
    if (area && owner && !area.readOnly) {
      return {
        title: owner.title,
        read: () => area.value,
        // Works in both renderers, because both listen to what is typed.
        write: (/** @type {string} */ text) => {
          area.value = text;
          area.dispatchEvent(new Event("input", { bubbles: true }));
        },
      };
    }
    for (const node of Object.values(this.app.canvas.selected_nodes)) {
      const widget = node.widgets?.find(isTextBox);
      if (widget) {
        return {
          title: node.title,
          read: () => String(widget.value ?? ""),
          write: (/** @type {string} */ text) => setValue(widget, text),
        };
      }
    }
    throw new Error(t("insert.noTarget"));
  }

  /** @param {Event} event */
  #isOnCanvas(event) {
    const [target] = event.composedPath();
    return target === this.app.canvas.canvas || (target instanceof Element && target.closest("[data-node-id]") !== null);
  }

  /** @returns {[number, number]} */
  #middle() {
    const { left, top, width, height } = this.app.canvas.canvas.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  }
}

/**
 * Shows a toggle for each trigger word on a Trigger Words node. The words that are off are the value of its `off` widget,
 * so that a workflow keeps them, and the node runs the same where this page is not.
 * @param {App} app
 * @param {GraphNode} node
 */
export async function addWordToggles(app, node) {
  await Promise.all([import("./views/lk-word-toggles.js"), loadWords()]);
  const off = node.widgets?.find(({ name }) => name === "off");
  if (!off) return;
  // The toggles take its place; it stays the one that holds the value.
  off.hidden = true;
  off.options.hidden = true;

  const view = /** @type {any} */ (document.createElement("lk-word-toggles"));
  const widget = node.addDOMWidget("trigger word toggles", "lorakeeper_words", view, {
    serialize: false,
    hideOnZoom: false,
    getMinHeight: () => 72,
  });
  widget.serialize = false;

  const draw = () => {
    view.words = node.properties[WORDS] ?? [];
    view.off = String(off.value ?? "").split(",").map((word) => word.trim()).filter(Boolean);
  };
  view.addEventListener("change", (/** @type {CustomEvent<string[]>} */ event) => {
    app.canvas.emitBeforeChange();
    setValue(off, event.detail.join(", "));
    app.canvas.emitAfterChange();
    app.canvas.setDirty(true, true);
  });
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
  // The widget came after the node had its size.
  const [width, height] = node.computeSize();
  if (node.size[1] < height) node.setSize([Math.max(node.size[0], width), height]);
  app.canvas.setDirty(true, true);
}

/**
 * The first height at or under `place` at which nothing would be covered.
 * @param {GraphNode[]} nodes
 * @param {[number, number]} place
 * @param {[number, number]} size
 */
function below(nodes, [left, top], [width, height]) {
  const inTheWay = nodes.filter(({ pos, size }) => pos[0] < left + width && left < pos[0] + size[0]).sort((one, other) => one.pos[1] - other.pos[1]);
  for (const { pos, size } of inTheWay) if (pos[1] - GAP < top + height && top < pos[1] + size[1] + GAP) top = pos[1] + size[1] + GAP;
  return top;
}

/** @param {Widget} widget @returns {unknown[]} */
const options = (widget) => (Array.isArray(widget.options.values) ? widget.options.values : []);

/** @param {Widget} widget @param {unknown} value */
function setValue(widget, value) {
  widget.value = value;
  widget.callback?.(value);
}

/** @param {Widget} widget */
const isTextBox = (widget) =>
  widget.type === "customtext" || (widget.element ?? widget.inputEl) instanceof HTMLTextAreaElement;

/** Whether the text area belongs to the node, in either renderer. @param {GraphNode} node @param {HTMLElement} area */
const holds = (node, area) =>
  node.widgets?.some((widget) => widget.element === area || widget.inputEl === area) ||
  area.closest("[data-node-id]")?.getAttribute("data-node-id") === String(node.id);
