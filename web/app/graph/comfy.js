/**
 * The room that knows ComfyUI's front end: this module, the `comfy-` ones that it is made of, and the `graph` ones, which look
 * after nodes. `comfy` is null on the standalone page.
 */
import { graph as server, prompt, sendThrough } from "../api.js";
import { Drops } from "./drops.js";
import { embeddingText, loaderOf, spelling, valuesOf } from "./loaders.js";
import { Texts, insertAt, isNamed, promptText } from "./text.js";
import { listen, listenThrough } from "../events.js";
import { coreModel } from "./models.js";
import { setValue } from "./walk.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").Api} Api */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */
/** @typedef {{ clientX: number, clientY: number }} Point */
/** @typedef {{ id?: number | null, kind: string, name: string, title?: string, preferred_strength?: number | null }} Model a file of the library */

/** Our tab in the sidebar, as lorakeeper.js registers it. */
const TAB = "lorakeeper";

/** Between two nodes, for a title. */
const GAP = 50;

/** @type {Comfy | null} */
export let comfy = null;

/** @param {App} app @param {Api} api */
export function connect(app, api) {
  return (comfy ??= new Comfy(app, api));
}

/** The language that ComfyUI speaks, such as `en` or `zh-TW`. @param {App} app */
export const languageOf = (app) => String(app.extensionManager.setting?.get("Comfy.Locale") ?? "") || undefined;

export class Comfy {
  /** @param {App} app @param {Api} api */
  constructor(app, api) {
    this.app = app;
    this.api = api;
    this.texts = new Texts(app);
    this.drops = new Drops(this);
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

  // -- Models --------------------------------------------------------------------------------------------------------

  /** Whether a model of this kind can be put into a graph. @param {string} kind */
  canLoad(kind) {
    return kind === "embeddings" || loaderOf(kind) !== null;
  }

  /** Takes drops while the panel is to be seen. @param {(error: Error) => void} onError @returns {() => void} ends it */
  attach(onError) {
    return this.drops.attach(onError);
  }

  /** @param {DataTransfer} transfer @param {Model} item */
  fillDrag(transfer, item) {
    this.drops.fill(transfer, item);
  }

  /**
   * Adds the node that loads this model, selected, at `point` or in the middle of what is to be seen. An embedding needs no
   * node: its name goes into the prompt.
   * @param {Model} item
   * @param {Point} [point]
   */
  async addLoader(item, point) {
    if (item.kind === "embeddings") return void this.insertText(embeddingText(item.name));
    const loader = loaderOf(item.kind);
    if (!loader) throw new Error(t("item.noNode"));
    const [known] = await this.#known([item]);
    const node = await this.#add(loader.type, point, async (made) => {
      const widget = made.widgets?.find(({ name }) => name === loader.widget);
      if (!widget) return;
      if (spelling(widget, item.name) === null) await this.app.refreshComboInNodes();
      setValue(widget, spelling(widget, item.name) ?? item.name);
      // As ComfyUI's own templates do it, so that who opens the workflow elsewhere is told where to get the file.
      const model = known && coreModel(known, String(widget.value));
      if (model) made.properties.models = [model];
    });
    this.app.canvas.selectNode(node);
  }

  /** Lets a widget name another file, as one step of ComfyUI's undo. @param {import("../../types/comfyui").Widget} widget @param {string} name */
  async setFile(widget, name) {
    if (spelling(widget, name) === null) await this.app.refreshComboInNodes();
    const { canvas } = this.app;
    canvas.emitBeforeChange();
    try {
      setValue(widget, spelling(widget, name) ?? name);
    } finally {
      canvas.emitAfterChange();
    }
    canvas.setDirty(true, true);
  }

  /** What is known of files here; null for each where that can't be had: no node has to wait for it. @param {Model[]} items */
  async #known(items) {
    try {
      return (await server.known(items.map(({ kind, name }) => ({ kind, name })))).files;
    } catch (error) {
      console.warn("Lorakeeper could not ask what is known of these files.", error);
      return items.map(() => null);
    }
  }

  /**
   * A new node, as one step of ComfyUI's undo.
   * @param {string} type
   * @param {Point | undefined} point
   * @param {(node: import("../../types/comfyui").GraphNode) => Promise<void>} fill
   */
  async #add(type, point, fill) {
    const node = LiteGraph.createNode(type);
    const { canvas } = this.app;
    if (!node || !canvas.graph) throw new Error(t("error.noNode", { type }));
    const { graph } = canvas;
    const place = this.app.clientPosToCanvasPos(point ? [point.clientX, point.clientY] : this.#middle());
    if (!point) place[1] = below(graph.nodes, place, node.size);
    node.pos = place;
    canvas.emitBeforeChange();
    try {
      graph.add(node);
      await fill(node);
    } finally {
      canvas.emitAfterChange();
    }
    canvas.setDirty(true, true);
    return node;
  }

  // -- Prompts -------------------------------------------------------------------------------------------------------

  /**
   * Rewrites the text box that was used last, else the first one of the selected node, else the one nearest to `from`.
   * @param {(text: string) => Promise<string>} rewrite
   * @param {import("../../types/comfyui").GraphNode} [from]
   * @returns {Promise<{ title: string, changed: boolean, undo: () => void }>}
   */
  async rewritePrompt(rewrite, from) {
    return this.#rewrite(this.texts.find(from), rewrite);
  }

  /** Puts text into that box, at the caret where somebody has been typing. @param {string} text @returns {{ title: string, undo: () => void }} */
  insertText(text) {
    const box = this.texts.find();
    const before = box.read();
    this.texts.write(box, insertAt(before, text, box.caret()));
    return { title: box.title, undo: () => this.texts.write(box, before) };
  }

  /** Puts into a box what a prompt needs for this model: the trigger words of a LoRA, or its tag; the name of an embedding. @param {Model} item @param {import("./text.js").Box} box */
  async writeWords(item, box) {
    const text = promptText(item, box);
    if (text) return this.#rewrite(box, async (before) => (isNamed(before, text) ? before : insertAt(before, text, box.caret())));
    const { files } = await server.known([{ kind: item.kind, name: item.name }]);
    const words = files[0]?.words ?? [];
    if (!words.length) throw new Error(t("drop.noWords", { title: item.title ?? item.name }));
    return this.#rewrite(box, (before) => prompt.insert(before, words));
  }

  /** @param {import("./text.js").Box} box @param {(text: string) => Promise<string>} rewrite */
  async #rewrite(box, rewrite) {
    const before = box.read();
    const after = await rewrite(before);
    if (after !== before) this.texts.write(box, after);
    return { title: box.title, changed: after !== before, undo: () => this.texts.write(box, before) };
  }

  // -- Pictures and workflows ----------------------------------------------------------------------------------------

  /** Puts a picture into ComfyUI's input folder, and a node into the graph that loads it. @param {Blob} blob @param {string} name */
  async addImage(blob, name) {
    if (!("LoadImage" in LiteGraph.registered_node_types)) throw new Error(t("error.noNode", { type: "LoadImage" }));
    const body = new FormData();
    body.append("image", new File([blob], name, { type: blob.type }));
    const answer = await this.api.fetchApi("/upload/image", { method: "POST", body });
    if (!answer.ok) throw new Error(t("error.answer", { status: answer.status }));
    const { name: file, subfolder } = await answer.json();
    const value = subfolder ? `${subfolder}/${file}` : file;
    const node = await this.#add("LoadImage", undefined, async (made) => {
      const widget = made.widgets?.find((each) => each.name === "image");
      if (!widget) return;
      const values = valuesOf(widget);
      if (!values.includes(value)) values.push(value);
      setValue(widget, value);
    });
    this.app.canvas.selectNode(node);
  }

  /**
   * Opens a workflow beside the one that is open, as ComfyUI opens a file that is dropped on it.
   * @param {string} name
   * @param {{ workflow?: object | null, prompt?: object | null }} what the graph as it was saved, else as it was run
   */
  async openWorkflow(name, { workflow, prompt: run }) {
    const content = workflow ?? run;
    if (!content) throw new Error(t("error.noWorkflow"));
    const file = `${name.replace(/\.json$/i, "").replace(/[\\/]/g, "-") || "workflow"}.json`;
    await this.app.handleFile(new File([JSON.stringify(content)], file, { type: "application/json" }));
  }

  /** @returns {[number, number]} */
  #middle() {
    const { left, top, width, height } = this.app.canvas.canvas.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
  }
}

/**
 * The first height at or under `place` at which nothing would be covered.
 * @param {import("../../types/comfyui").GraphNode[]} nodes
 * @param {[number, number]} place
 * @param {[number, number]} size
 */
function below(nodes, [left, top], [width, height]) {
  const inTheWay = nodes.filter(({ pos, size }) => pos[0] < left + width && left < pos[0] + size[0]).sort((one, other) => one.pos[1] - other.pos[1]);
  for (const { pos, size } of inTheWay) if (pos[1] - GAP < top + height && top < pos[1] + size[1] + GAP) top = pos[1] + size[1] + GAP;
  return top;
}
