/** Which node loads which kind of model, and which widgets of any node name model files. Part of the room that knows ComfyUI. */

/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */
/** @typedef {{ type: string, widget: string }} Loader */
/** @typedef {{ kind: string | null, name: string }} Named */

/** Core's loaders, and ours for LoRAs. An older ComfyUI doesn't have them all. @type {Record<string, Loader>} */
const LOADERS = {
  checkpoints: { type: "CheckpointLoaderSimple", widget: "ckpt_name" },
  diffusion_models: { type: "UNETLoader", widget: "unet_name" },
  unet: { type: "UNETLoader", widget: "unet_name" },
  loras: { type: "Lorakeeper_LoadLora", widget: "lora_name" },
  vae: { type: "VAELoader", widget: "vae_name" },
  text_encoders: { type: "CLIPLoader", widget: "clip_name" },
  clip: { type: "CLIPLoader", widget: "clip_name" },
  clip_vision: { type: "CLIPVisionLoader", widget: "clip_name" },
  controlnet: { type: "ControlNetLoader", widget: "control_net_name" },
  upscale_models: { type: "UpscaleModelLoader", widget: "model_name" },
  latent_upscale_models: { type: "LatentUpscaleModelLoader", widget: "model_name" },
  style_models: { type: "StyleModelLoader", widget: "style_model_name" },
  hypernetworks: { type: "HypernetworkLoader", widget: "hypernetwork_name" },
  gligen: { type: "GLIGENLoader", widget: "gligen_name" },
  photomaker: { type: "PhotoMakerLoader", widget: "photomaker_model_name" },
  model_patches: { type: "ModelPatchLoader", widget: "name" },
  audio_encoders: { type: "AudioEncoderLoader", widget: "audio_encoder_name" },
};

/** Kinds whose widgets are called alike on every node, core's and others'. @type {Record<string, string>} */
const WIDGETS = {
  ckpt_name: "checkpoints",
  unet_name: "diffusion_models",
  lora_name: "loras",
  vae_name: "vae",
  control_net_name: "controlnet",
  style_model_name: "style_models",
  hypernetwork_name: "hypernetworks",
  gligen_name: "gligen",
  photomaker_model_name: "photomaker",
  audio_encoder_name: "audio_encoders",
};

const MODEL_FILE = /\.(safetensors|sft|ckpt|pt|pt2|pth|bin|gguf|onnx|pkl)$/i;
const NOTHING = "None";

/** The node that loads this kind, if this ComfyUI has it. @param {string} kind @returns {Loader | null} */
export function loaderOf(kind) {
  const loader = Object.hasOwn(LOADERS, kind) ? LOADERS[kind] : null;
  return loader && loader.type in LiteGraph.registered_node_types ? loader : null;
}

/** What a prompt calls an embedding. @param {string} name */
export const embeddingText = (name) => `embedding:${name.replaceAll("\\", "/").replace(MODEL_FILE, "")}`;

/** Whether two names are one, whichever system wrote them. @param {unknown} one @param {string} other */
export const sameName = (one, other) => String(one).replaceAll("\\", "/") === other.replaceAll("\\", "/");

/** @param {Widget} widget @returns {unknown[]} */
export const valuesOf = (widget) => (Array.isArray(widget.options?.values) ? widget.options.values : []);

/** What the widget calls the file; null where it doesn't know it. @param {Widget} widget @param {string} name @returns {string | null} */
export function spelling(widget, name) {
  const found = valuesOf(widget).find((value) => sameName(value, name));
  return found === undefined ? null : String(found);
}

/** Whether a link gives what the widget would. @param {GraphNode} node @param {Widget} widget */
const isGiven = (node, widget) => Boolean(node.inputs?.some((slot) => slot.widget?.name === widget.name && slot.link != null));

/**
 * The widget of a node that is to name this file: `pointed` if it can, else the first that names none, else the first.
 * @param {GraphNode} node
 * @param {Named} item
 * @param {Widget | undefined} [pointed]
 */
export function widgetFor(node, { kind, name }, pointed) {
  const loader = kind ? LOADERS[kind] : undefined;
  const isMeant = (/** @type {Widget} */ widget) =>
    widget.type === "combo" &&
    !isGiven(node, widget) &&
    (spelling(widget, name) !== null || (loader?.widget === widget.name && (loader.type === node.type || WIDGETS[widget.name] === kind)));
  const fitting = (node.widgets ?? []).filter(isMeant);
  if (pointed && fitting.includes(pointed)) return pointed;
  return fitting.find(({ value }) => value === NOTHING) ?? fitting[0] ?? null;
}

/** The kind of file that a widget names, as far as its name or its node says. @param {GraphNode} node @param {Widget} widget */
function kindOf(node, widget) {
  const loads = Object.entries(LOADERS).find(([, { type, widget: name }]) => type === node.type && name === widget.name);
  return loads?.[0] ?? WIDGETS[widget.name] ?? (/^Lorakeeper_.*\bLora/.test(node.type ?? "") || /^lora_\d+$/.test(widget.name) ? "loras" : null);
}

/** Whether a node that somebody right-clicked names a model file; quick. @param {GraphNode} node */
export const namesModels = (node) => Boolean(node.widgets?.some(({ value }) => typeof value === "string" && MODEL_FILE.test(value)));

/** The model files that a node's own widgets name. @param {GraphNode} node @returns {(Named & { widget: Widget })[]} */
export const modelsOf = (node) =>
  (node.widgets ?? [])
    .filter((widget) => typeof widget.value === "string" && MODEL_FILE.test(widget.value) && !isGiven(node, widget))
    .map((widget) => ({ kind: kindOf(node, widget), name: String(widget.value), widget }));
