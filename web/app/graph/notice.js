/** Says once that models of a workflow are missing, after it was opened. What ComfyUI's own lists have is not asked about. */
import { graph as server } from "../api.js";
import { connect, languageOf } from "./comfy.js";
import { modelsOf, spelling, valuesOf } from "./loaders.js";
import { act } from "./deeds.js";
import { loadWords } from "../strings.js";
import { every, widgetOf } from "./walk.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */

const MUTED = 2;
const BYPASSED = 4;
const MOST = 500;

/** What was said already, by the names. @type {Set<string>} */
const said = new Set();

/** @type {HTMLElement | null} */
let notice = null;

/** Takes the notice away. */
export function leave() {
  notice?.remove();
  notice = null;
}

/**
 * Looks at the graph that is open now.
 * @param {App} app
 * @param {import("../../types/comfyui").Api} api
 * @param {() => Promise<import("../parts/lk-app.js").LkApp>} open
 */
export async function lookForMissing(app, api, open) {
  connect(app, api);
  const graph = app.rootGraph ?? app.graph;
  const files = [...every(graph)].flatMap(absent).slice(0, MOST);
  const names = files.length ? await server.missing(files) : [];
  const key = JSON.stringify(names);
  if ((app.rootGraph ?? app.graph) !== graph || !names.length || said.has(key)) return leave();
  if (notice?.dataset.key === key) return;
  await Promise.all([import("./lk-missing-notice.js"), loadWords(languageOf(app))]);
  leave();
  const view = /** @type {import("./lk-missing-notice.js").LkMissingNotice} */ (document.createElement("lk-missing-notice"));
  view.names = names;
  view.dataset.key = key;
  view.addEventListener("lk-close", (event) => {
    said.add(key);
    leave();
    if (/** @type {CustomEvent<boolean>} */ (event).detail) void act("missing", { app, api, open });
    else app.canvas.canvas.focus();
  });
  notice = view;
  document.body.append(view);
}

/** The files that a node is to load and that its own lists don't have. @param {GraphNode} node */
function absent(node) {
  if (node.mode === MUTED || node.mode === BYPASSED) return [];
  return modelsOf(node)
    .filter(({ widget, name }) => widget.type === "combo" && valuesOf(widget) === widget.options.values && spelling(widget, name) === null)
    .map(({ kind, name }) => ({ kind, name, content: contentOf(node, name) }));
}

/** What a node of ours remembers of the file: it may be here under another name. @param {GraphNode} node @param {string} name */
function contentOf(node, name) {
  if (!node.type?.startsWith("Lorakeeper_")) return "";
  const memory = String((widgetOf(node, "content") ?? widgetOf(node, "contents"))?.value ?? "");
  if (/^[0-9a-f]{64}$/i.test(memory.trim())) return memory.trim();
  try {
    const content = JSON.parse(memory || "{}")?.[name];
    return /^[0-9a-f]{64}$/i.test(content) ? content : "";
  } catch {
    return ""; // somebody's own text, which is not ours to read
  }
}
