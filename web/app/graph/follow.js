/**
 * What our LoRA nodes want to know: of the files that they name, so that their contents and addresses are remembered in the
 * workflow and their trigger words are there to be switched, and of the base model that reaches them, so that one of another
 * family is said before the run. Like comfy.js it calls ComfyUI's front end; it only ever changes our own nodes.
 */
import { graph as server } from "../api.js";
import { connect, languageOf } from "./comfy.js";
import { listen } from "../events.js";
import { modelsProperty } from "./models.js";
import { Panels } from "./panel.js";
import { Words } from "./words.js";
import { loadWords } from "../strings.js";
import { baseOf, every, isLinked, setValue, stackOf, widgetOf } from "./walk.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").Api} Api */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */
/** @typedef {{ names: string[], memory: string, prompt?: string }} Shape */

/** The widgets of a node that name LoRAs, or that have a prompt which does, and the one that remembers contents. @type {Record<string, Shape>} */
const SHAPES = {
  Lorakeeper_LoraInfo: { names: ["lora_name"], memory: "content" },
  Lorakeeper_LoadLora: { names: ["lora_name"], memory: "content" },
  Lorakeeper_LoraStack: { names: ["lora_1", "lora_2", "lora_3", "lora_4"], memory: "contents" },
  Lorakeeper_PromptLoras: { names: [], memory: "contents", prompt: "text" },
};
const NOTHING = "None";
const TAG = /<(lora|lyco):/i;
/** Milliseconds without a change before the server is asked. */
const QUIET = 250;

/** @type {Graph | null} */
let followed = null;

/** Looks after a node of ours that was just made, and from now on after the graph. @param {App} app @param {Api} api @param {GraphNode} node */
export function follow(app, api, node) {
  connect(app, api);
  followed ??= new Graph(app, api);
  followed.take(node);
}

class Graph {
  /** @param {App} app @param {Api} api */
  constructor(app, api) {
    this.app = app;
    /** What a node named when it was looked at last. @type {WeakMap<GraphNode, { names: string[], state: string }>} */
    this.seen = new WeakMap();
    /** Names that were chosen since. @type {WeakMap<GraphNode, string[]>} */
    this.chosen = new WeakMap();
    /** What a node will remember when it is queued. @type {WeakMap<GraphNode, string>} */
    this.pending = new WeakMap();
    /** What is known of the files that a node names, as of when it named these. @type {WeakMap<GraphNode, { state: string, names: string[] }>} */
    this.known = new WeakMap();
    /** Where a node's files can be had, to be written down when it is queued. @type {WeakMap<GraphNode, unknown[]>} */
    this.addresses = new WeakMap();
    this.warnings = new Panels(app, "lorakeeper warning", () => 56);
    this.words = new Words(app);
    /** What was asked last, and the answer. */
    this.asked = "";
    /** @type {Record<string, string>} */
    this.said = {};
    /** Whether the library has learned something since. */
    this.isStale = false;
    this.turn = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    listen(api, "graphChanged", () => this.#soon());
    // What was not known before may be now.
    const again = () => {
      this.asked = "";
      this.isStale = true;
      this.#soon();
    };
    for (const news of ["lorakeeper.library", "reconnected"]) listen(api, news, again);
  }

  /** @param {GraphNode} node */
  take(node) {
    const shape = SHAPES[node.comfyClass ?? ""];
    const memory = shape && widgetOf(node, shape.memory);
    if (memory) {
      memory.serializeValue = () => memory.value || undefined;
      memory.beforeQueued = () => {
        const value = this.pending.get(node);
        if (value !== undefined) setValue(memory, value);
        this.pending.delete(node);
        this.#writeAddresses(node, this.addresses.get(node));
      };
      for (const name of shape.names) this.#onChoice(node, name);
      if (shape.prompt) this.#onText(node, shape.prompt);
      this.words.take(node);
    }
    this.#soon();
  }

  /** A name that is chosen again may stand for another file by now. @param {GraphNode} node @param {string} name */
  #onChoice(node, name) {
    const widget = widgetOf(node, name);
    if (!widget) return;
    const { callback } = widget;
    widget.callback = (...given) => {
      callback?.apply(widget, given);
      this.chosen.set(node, [...(this.chosen.get(node) ?? []), String(widget.value)]);
      this.#soon();
    };
  }

  /** What is typed changes which LoRAs a prompt names. @param {GraphNode} node @param {string} name */
  #onText(node, name) {
    const widget = widgetOf(node, name);
    if (!widget) return;
    const { callback } = widget;
    widget.callback = (...given) => {
      callback?.apply(widget, given);
      this.#soon();
    };
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#look().catch(report), QUIET);
  }

  async #look() {
    const turn = ++this.turn;
    const nodes = [...every(this.app.rootGraph ?? this.app.graph)];
    const ours = nodes.filter((node) => (node.comfyClass ?? "") in SHAPES);
    if (this.isStale) for (const node of ours) this.#forget(node);
    this.isStale = false;
    for (const node of ours) await this.#remember(node);
    await Promise.all([this.#judge(nodes, turn), this.#describe(ours)]);
  }

  /** Says of which LoRAs it is known that they don't fit. @param {GraphNode[]} nodes @param {number} turn */
  async #judge(nodes, turn) {
    const wanted = nodes.flatMap((node) => toAsk(node, nodes));
    const questions = wanted.map(({ question }, index) => ({ ...question, node: String(index) }));
    const asked = JSON.stringify(questions);
    if (asked !== this.asked) {
      const said = questions.length ? await server.check(questions) : {};
      if (turn !== this.turn) return; // somebody looked again meanwhile
      [this.asked, this.said] = [asked, said];
    }
    const texts = new Map(wanted.map(({ node }, index) => [node, this.said[index] ?? ""]));
    for (const node of nodes) this.#warn(node, texts.get(node) ?? "");
  }

  /** Lets what is not known of a node be asked once more. @param {GraphNode} node */
  #forget(node) {
    const seen = this.seen.get(node);
    if (seen) this.seen.set(node, { ...seen, state: "" });
    const known = this.known.get(node);
    if (known) this.known.set(node, { ...known, state: "" });
  }

  /** Shows the trigger words of what nodes name, and notes where it can be had. @param {GraphNode[]} nodes */
  async #describe(nodes) {
    const wanted = nodes
      .map((node) => ({ node, ...shownOf(node) }))
      .filter(({ node, state }) => this.known.get(node)?.state !== state);
    if (!wanted.length) return;
    const every = wanted.flatMap(({ names }) => names.map((name) => ({ kind: "loras", name })));
    const texts = wanted.flatMap(({ prompts }) => prompts);
    const { files, named } = every.length || texts.length ? await server.known(every, texts) : { files: [], named: [] };
    await loadWords(languageOf(this.app));
    for (const { node, names, prompts, on, state } of wanted) {
      const own = files.splice(0, names.length);
      const tagged = named.splice(0, prompts.length).flat();
      if (shownOf(node).state !== state) continue; // and it will be looked at again
      const before = this.known.get(node);
      this.known.set(node, { state, names });
      const used = [...own.filter((_, index) => on.includes(names[index] ?? "")), ...tagged];
      await this.words.show(node, unique(used.flatMap((file) => file?.words ?? [])));
      if (!names.length && !before?.names.length) continue;
      const models = modelsProperty(node.properties.models, names, own);
      this.addresses.set(node, models);
      // A choice is written down at once, as its content is.
      if (before && JSON.stringify(before.names) !== JSON.stringify(names)) this.#writeAddresses(node, models);
    }
  }

  /** @param {GraphNode} node @param {unknown[] | undefined} models */
  #writeAddresses(node, models) {
    this.addresses.delete(node);
    if (!models) return;
    if (models.length) node.properties.models = models;
    else delete node.properties.models;
  }

  /**
   * Asks for the contents of what a node names and doesn't remember. A choice is remembered at once; else the node is
   * changed when it is queued, so that looking at a workflow doesn't change it.
   * @param {GraphNode} node
   */
  async #remember(node) {
    const memory = widgetOf(node, SHAPES[node.comfyClass ?? ""].memory);
    if (!memory || isHash(memory.value)) return;
    const { names, prompts } = namesOf(node);
    const state = JSON.stringify([names, prompts, memory.value]);
    const seen = this.seen.get(node);
    const again = this.chosen.get(node) ?? [];
    if (!again.length && seen?.state === state) return;

    const chosen = seen ? [...again, ...names.filter((name) => !seen.names.includes(name))] : again;
    const known = recall(memory.value);
    for (const name of chosen) delete known[name];
    const unknown = names.filter((name) => !known[name]);
    const texts = prompts.filter((text) => TAG.test(text));
    if (unknown.length || texts.length) {
      const asked = { names: unknown.map((name) => ({ kind: "loras", name })), prompts: texts };
      const { contents, named } = await server.contents(asked);
      unknown.forEach((name, index) => (known[name] = contents[index] ?? ""));
      for (const [name, content] of named.flatMap(Object.entries)) known[name] ??= content;
      if (JSON.stringify([...Object.values(namesOf(node)), memory.value]) !== state) return; // and it will be looked at again
    }
    // What is remembered of a file that is gone stays, as long as it is named: it says which one is meant.
    const kept = Object.entries(known).filter(
      ([name, content]) => content && (names.includes(name) || prompts.some((text) => text.includes(name))),
    );
    const value = kept.length ? JSON.stringify(Object.fromEntries(kept)) : "";
    const isChoice = chosen.length > 0 || (seen !== undefined && seen.names.length !== names.length);
    this.chosen.delete(node);
    this.pending.delete(node);
    if (value !== memory.value && isChoice) {
      setValue(memory, value);
      this.app.canvas.setDirty(true, true);
    } else if (value !== memory.value) this.pending.set(node, value);
    this.seen.set(node, { names, state: JSON.stringify([names, prompts, memory.value]) });
  }

  /** Shows `text` on the node; none takes it away. @param {GraphNode} node @param {string} text */
  #warn(node, text) {
    const shown = this.warnings.of(node);
    if (!text) this.warnings.hide(node);
    else if (!shown) this.warnings.show(node, notice(text));
    else if (shown.textContent !== text) shown.textContent = text;
  }
}

/** What there is to ask of a node: nothing where it is off, or where no base model is to be found. @param {GraphNode} node @param {GraphNode[]} nodes */
function toAsk(node, nodes) {
  if (!(node.comfyClass ?? "").startsWith("Lorakeeper_")) return [];
  const found = stackOf(node, SHAPES, nodes);
  if (!found.loras.length && !found.prompts.length) return [];
  const base = baseOf(node, nodes);
  return base ? [{ node, question: { node: "", base, ...found } }] : [];
}

/** The names that a node's own widgets have now. @param {GraphNode} node */
function namesOf(node) {
  const { names, prompt } = SHAPES[node.comfyClass ?? ""];
  const chosen = names.filter((name) => !isLinked(node, name)).map((name) => String(widgetOf(node, name)?.value ?? ""));
  return {
    names: [...new Set(chosen.filter((name) => name && name !== NOTHING))],
    prompts: prompt && !isLinked(node, prompt) ? [String(widgetOf(node, prompt)?.value ?? "")] : [],
  };
}

/** The same, of texts only those that name any, with the names that are switched `on`. @param {GraphNode} node */
function shownOf(node) {
  const { names, prompts } = namesOf(node);
  const texts = prompts.filter((text) => TAG.test(text));
  const isOff = (/** @type {string} */ slot) => widgetOf(node, slot.replace(/^lora_/, "enabled_"))?.value === false;
  const slots = SHAPES[node.comfyClass ?? ""].names.filter((slot) => !isOff(slot));
  const on = names.filter((name) => slots.some((slot) => widgetOf(node, slot)?.value === name));
  return { names, prompts: texts, on, state: JSON.stringify([names, texts, on]) };
}

/** Each once, whatever its case. @param {string[]} words */
const unique = (words) => words.filter((word, index) => words.findIndex((each) => each.toLowerCase() === word.toLowerCase()) === index);

/** @param {unknown} value @returns {Record<string, string>} */
function recall(value) {
  try {
    const known = JSON.parse(String(value || "{}"));
    return known && typeof known === "object" && !Array.isArray(known) ? known : {};
  } catch {
    return {}; // somebody's own text, which is not ours to read
  }
}

/** Whether somebody wrote a hash by hand. @param {unknown} value */
const isHash = (value) => /^\s*[0-9a-f]{64}\s*$/i.test(String(value ?? ""));

/** @param {string} text */
function notice(text) {
  const element = document.createElement("div");
  element.className = "lorakeeper-warning";
  element.setAttribute("role", "status");
  element.style.cssText =
    "box-sizing: border-box; height: 100%; overflow-y: auto; padding: 6px 8px; border-radius: 6px; white-space: pre-line; " +
    "font: 12px/1.35 system-ui, sans-serif; color: var(--fg-color, #ddd); border-left: 3px solid #d98b09; " +
    "background: color-mix(in srgb, #d98b09 18%, var(--comfy-input-bg, #222));";
  element.textContent = text;
  return element;
}

/** @param {unknown} error */
const report = (error) => console.warn("Lorakeeper could not look at the graph.", error);
