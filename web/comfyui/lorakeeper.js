/**
 * The one script that ComfyUI's front end imports at page load: it registers the sidebar tab, commands, entries in the menus of
 * nodes, and hooks for our own nodes and for workflows that are opened. Everything else is imported on first use.
 */
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

/** @typedef {import("../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../app/graph/deeds.js").Deed} Deed */

const TAB = "lorakeeper";
const NOTICE = "Lorakeeper.MissingNotice";
const RUNNING = new Set(["pending", "processing"]);
const MODEL_FILE = /\.(safetensors|sft|ckpt|pt|pt2|pth|bin|gguf|onnx|pkl)$/i;
/** Milliseconds after a workflow was opened in which others may still work on it. */
const SETTLED = 400;

const LORA_NODES = new Set(["LoraInfo", "LoadLora", "LoraStack", "ApplyLoraStack", "PromptLoras"].map((id) => `Lorakeeper_${id}`));
const WORDS_NODE = "Lorakeeper_TriggerWords";
const WORDS_PLACE = "trigger word toggles";
const WARNING_PLACE = "lorakeeper warning";
/** The widgets in which our nodes keep what is nothing to look at. */
const KEPT = new Set(["content", "contents", "words_off", "off"]);

/** @type {{ id: string, label: string, icon: string, deed: Deed }[]} */
const COMMANDS = [
  { id: "Lorakeeper.SearchLibrary", label: "Search your models", icon: "pi pi-search", deed: "search" },
  { id: "Lorakeeper.FindMissingModels", label: "Find missing models of this workflow", icon: "pi pi-cloud-download", deed: "missing" },
  { id: "Lorakeeper.ModelInfo", label: "Show the model of the selected node", icon: "pi pi-info-circle", deed: "info" },
  { id: "Lorakeeper.InsertTriggerWords", label: "Put trigger words of the selected node into the prompt", icon: "pi pi-tag", deed: "words" },
];

/** The entries in the menu of a node that names a model file. Never a name: older front ends take them for HTML. @type {[string, Deed][]} */
const MENU = [
  ["Show model", "info"],
  ["Trigger words to prompt", "words"],
  ["Open on Civitai", "page"],
  ["Show same family", "family"],
];

/** @type {Promise<import("../app/parts/lk-app.js").LkApp> | undefined} */
let panel;

const load = () => (panel ??= import("../../lorakeeper/app/main.js").then(({ mount }) => mount({ app, api })));

/** The panel is made once and moved into whichever element the front end gives us now. @param {HTMLElement} element */
async function show(element) {
  element.style.height = "100%";
  try {
    element.replaceChildren(await load());
  } catch (error) {
    panel = undefined;
    console.error("Lorakeeper's panel could not be loaded.", error);
    element.replaceChildren("Lorakeeper's panel could not be loaded. Is the server still running? Open this tab again.");
  }
}

/** @param {Deed} deed @param {GraphNode} [node] */
async function act(deed, node) {
  try {
    const deeds = await import("../../lorakeeper/app/graph/deeds.js");
    await deeds.act(deed, { app, api, open: load }, node);
  } catch (error) {
    console.error("Lorakeeper could not be loaded.", error);
    const detail = "It could not be loaded. Is the server still running?";
    app.extensionManager.toast.add({ severity: "error", summary: "Lorakeeper", detail, life: 8000 });
  }
}

/** @param {import("../types/comfyui").Widget} widget */
const namesModel = ({ value }) => typeof value === "string" && MODEL_FILE.test(value);

/** Whether a graph names a model file that ComfyUI's own lists don't have. @param {import("../types/comfyui").Graph} graph @returns {boolean} */
function lacks(graph, seen = new Set()) {
  if (seen.has(graph)) return false;
  seen.add(graph);
  const isAbsent = (/** @type {import("../types/comfyui").Widget} */ widget) =>
    namesModel(widget) && Array.isArray(widget.options?.values) && !widget.options.values.includes(widget.value);
  return graph.nodes.some(({ widgets, subgraph }) => widgets?.some(isAbsent) || (subgraph && lacks(subgraph, seen)));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;
let hasBegun = false;
let hasLooked = false;

async function lookForMissing() {
  const isWanted = app.extensionManager.setting?.get(NOTICE) !== false && lacks(app.rootGraph ?? app.graph);
  if (!isWanted && !hasLooked) return;
  hasLooked = true;
  try {
    const notice = await import("../../lorakeeper/app/graph/notice.js");
    if (isWanted) await notice.lookForMissing(app, api, load);
    else notice.leave();
  } catch (error) {
    console.warn("Lorakeeper could not look for missing models.", error);
  }
}

/** @type {Set<string>} */
const running = new Set();

/** @param {Event} event */
function countJob(event) {
  const job = /** @type {CustomEvent<import("../types/lorakeeper").Job>} */ (event).detail;
  if (RUNNING.has(job.state)) running.add(job.id);
  else running.delete(job.id);
  const tab = app.extensionManager.getSidebarTabs().find(({ id }) => id === TAB);
  if (tab) tab.iconBadge = running.size ? String(running.size) : null;
}

/**
 * Hides what a node keeps, and makes the places of what comes and goes on it: Vue nodes of ComfyUI 1.35 see neither later. One
 * that has no widgets stays so, as even an empty place would make it larger.
 * @param {GraphNode} node
 */
function prepare(node) {
  if (!node.widgets?.length) return;
  const names = node.inputs?.some(({ name }) => name === "model") ? [WORDS_PLACE, WARNING_PLACE] : [WORDS_PLACE];
  const places = names.map((name) =>
    node.addDOMWidget(name, "lorakeeper", document.createElement("div"), { serialize: false, hideOnZoom: false }),
  );
  for (const place of places) place.serialize = false;
  const kept = node.widgets.filter(({ name }) => KEPT.has(name));
  for (const widget of [...kept, ...places]) widget.hidden = widget.options.hidden = true;
}

app.registerExtension({
  name: "Lorakeeper",
  commands: COMMANDS.map(({ deed, ...command }) => ({ ...command, function: () => act(deed) })),
  keybindings: [
    { commandId: `Workspace.ToggleSidebarTab.${TAB}`, combo: { key: "l" } },
    { commandId: "Lorakeeper.SearchLibrary", combo: { key: "l", shift: true } },
    { commandId: "Lorakeeper.ModelInfo", combo: { key: "i", shift: true } },
  ],
  menuCommands: [{ path: ["Extensions", "Lorakeeper"], commands: COMMANDS.map(({ id }) => id) }],
  settings: [
    {
      id: NOTICE,
      category: ["Lorakeeper", "Workflows", "MissingNotice"],
      name: "Say when models of a workflow are missing",
      tooltip: "After a workflow was opened: a line over the graph, with a button to look for them.",
      type: "boolean",
      defaultValue: true,
    },
  ],
  setup() {
    app.extensionManager.registerSidebarTab({
      id: TAB,
      title: "Lorakeeper",
      icon: "pi pi-bookmark",
      tooltip: "Lorakeeper: your models, and those of Civitai",
      type: "custom",
      render: show,
    });
    // The front end calls a message an error unless somebody listened for it before.
    api.addEventListener("lorakeeper.job", countJob);
    for (const topic of ["action", "instruction", "item", "library", "scan", "variation"]) api.addEventListener(`lorakeeper.${topic}`, () => {});
  },
  getNodeMenuItems(node) {
    if (!node.widgets?.some(namesModel)) return [];
    const options = MENU.map(([content, deed]) => ({ content, callback: () => void act(deed, node) }));
    return [null, { content: "Lorakeeper", has_submenu: true, submenu: { options } }];
  },
  afterConfigureGraph() {
    clearTimeout(settling);
    // What the page begins with was open before: its user has been told then.
    if (hasBegun) settling = setTimeout(lookForMissing, SETTLED);
    hasBegun = true;
  },
  async nodeCreated(node) {
    const isLoraNode = LORA_NODES.has(node.comfyClass ?? "");
    if (isLoraNode || node.comfyClass === WORDS_NODE) prepare(node);
    if (node.comfyClass === WORDS_NODE) {
      const { addWordToggles } = await import("../../lorakeeper/app/graph/words.js");
      await addWordToggles(app, node);
    }
    if (isLoraNode) {
      const { follow } = await import("../../lorakeeper/app/graph/follow.js");
      follow(app, api, node);
    }
  },
});
