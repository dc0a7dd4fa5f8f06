/** From a node up through the graph, across reroutes and subgraphs: to the base model's file, and to the LoRAs of a list. */

/** @typedef {import("../../types/comfyui").Graph} Graph */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Link} Link */
/** @typedef {{ loras: string[], contents: string[], prompts: string[] }} Named */

/** Inputs that name the file of a base model. */
const FILES = ["ckpt_name", "unet_name", "model_name", "gguf_name"];
const FROM_OUTSIDE = -10;
const MUTED = 2;
const BYPASSED = 4;
/** More nodes in a row than any graph has. */
const LONGEST = 1000;

/** Every node, those in subgraphs too, each once. @param {Graph} graph @returns {Generator<GraphNode>} */
export function* every(graph, seen = new Set([graph])) {
  for (const node of graph.nodes) {
    yield node;
    if (node.subgraph && !seen.has(node.subgraph)) {
      seen.add(node.subgraph);
      yield* every(node.subgraph, seen);
    }
  }
}

/** @param {GraphNode} node @param {string} name */
export const widgetOf = (node, name) => node.widgets?.find((widget) => widget.name === name);

/** As if it was chosen on the node. @param {import("../../types/comfyui").Widget} widget @param {unknown} value */
export function setValue(widget, value) {
  widget.value = value;
  widget.callback?.(value);
}

/** Whether a link gives what the widget would. @param {GraphNode} node @param {string} name */
export const isLinked = (node, name) =>
  Boolean(node.inputs?.some((slot) => (slot.widget?.name ?? slot.name) === name && slot.link !== null && slot.link !== undefined));

/** The file of the base model whose output reaches the node's `model`; "" where none is named. @param {GraphNode} node @param {GraphNode[]} nodes */
export function baseOf(node, nodes) {
  /** @type {GraphNode | null} */
  let here = node;
  for (let steps = 0; here && steps < LONGEST; steps++) {
    here = above(here, modelInput(here), nodes);
    const file = here && here.mode !== BYPASSED && FILES.find((name) => here && widgetOf(here, name));
    if (here && file) return here.mode === MUTED || isLinked(here, file) ? "" : String(widgetOf(here, file)?.value ?? "");
  }
  return "";
}

/**
 * The LoRAs that a node puts on its model: those that it names itself, or those of the list that comes in.
 * @param {GraphNode} node
 * @param {Record<string, { names: string[], memory: string, prompt?: string }>} shapes
 * @param {GraphNode[]} nodes
 * @returns {Named}
 */
export function stackOf(node, shapes, nodes) {
  /** @type {Named} */
  const found = { loras: [], contents: [], prompts: [] };
  if (node.mode === MUTED || node.mode === BYPASSED) return found;
  if (node.comfyClass !== "Lorakeeper_ApplyLoraStack") {
    if (node.inputs?.some(({ name }) => name === "model")) collect(node, shapes, found);
    return found;
  }
  /** @type {GraphNode | null} */
  let here = node;
  for (let steps = 0; here && steps < LONGEST; steps++) {
    here = above(here, here.inputs?.findIndex(({ name, type }) => name === "lora_stack" || type === "*") ?? -1, nodes);
    if (here && here.mode !== MUTED && here.mode !== BYPASSED) collect(here, shapes, found);
  }
  return found;
}

/** @param {GraphNode} node @param {Record<string, { names: string[], memory: string, prompt?: string }>} shapes @param {Named} found */
function collect(node, shapes, found) {
  const shape = shapes[node.comfyClass ?? ""];
  if (!shape) return;
  for (const name of shape.names) {
    const slot = name.replace(/^lora_/, "");
    const value = String(widgetOf(node, name)?.value ?? "");
    const strengths = [`strength_model`, `strength_clip`, `strength_model_${slot}`, `strength_clip_${slot}`];
    const weights = strengths.flatMap((each) => widgetOf(node, each) ?? []).map((widget) => widget.value);
    const isOff = widgetOf(node, `enabled_${slot}`)?.value === false || (weights.length > 0 && weights.every((weight) => weight === 0));
    if (!value || value === "None" || isOff || isLinked(node, name)) continue;
    found.loras.push(value);
    found.contents.push(String(widgetOf(node, shape.memory)?.value ?? ""));
  }
  if (shape.prompt && !isLinked(node, shape.prompt)) {
    const text = String(widgetOf(node, shape.prompt)?.value ?? "");
    if (text) found.prompts.push(text);
  }
}

/** Which input the model comes in by: the only one of a reroute. @param {GraphNode} node */
function modelInput({ inputs = [] }) {
  const models = inputs.map(({ type, link }, index) => ({ type, link, index })).filter(({ type }) => type === "MODEL");
  const linked = models.find(({ link }) => link !== null && link !== undefined);
  return (linked ?? models[0])?.index ?? (inputs.length === 1 ? 0 : -1);
}

/** What comes in by that input. A subgraph's own `getInputLink` looks at its outputs. @param {GraphNode} node @param {number} index */
function linkOf({ graph, inputs }, index) {
  const id = inputs?.[index]?.link;
  return id === null || id === undefined ? null : (graph?.getLink(id) ?? null);
}

/** The node whose output comes in by that input, whatever stands between. @param {GraphNode} node @param {number} index @param {GraphNode[]} nodes @returns {GraphNode | null} */
function above(node, index, nodes) {
  /** @type {GraphNode | null} */
  let inside = node;
  let link = linkOf(node, index);
  for (let steps = 0; inside && link && steps < LONGEST; steps++) {
    /** @type {import("../../types/comfyui").Graph | null} */
    const graph = inside.graph;
    if (Number(link.origin_id) === FROM_OUTSIDE) {
      inside = nodes.find(({ subgraph }) => subgraph && subgraph === graph) ?? null;
      link = inside && linkOf(inside, link.origin_slot);
      continue;
    }
    /** @type {GraphNode | null} */
    const origin = graph?.getNodeById(link.origin_id) ?? null;
    if (!origin?.subgraph) return origin;
    const inner = origin.resolveSubgraphOutputLink?.(link.origin_slot);
    if (!inner) return null;
    if (inner.outputNode && !inner.outputNode.subgraph) return inner.outputNode;
    // From a subgraph in it, or straight through: any node in there knows its graph.
    inside = origin.subgraph.nodes[0] ?? null;
    link = inner.link;
  }
  return null;
}
