/** What Lorakeeper's entries in the menus of nodes and its commands do. Each throws a sentence for the user where it can't. */
import { graph as server, library, prompt } from "../api.js";
import { connect, languageOf } from "./comfy.js";
import { modelsOf } from "./loaders.js";
import { loadWords, t } from "../strings.js";

/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/lorakeeper").KnownFile} KnownFile */
/** @typedef {{ app: import("../../types/comfyui").App, api: import("../../types/comfyui").Api, open: () => Promise<import("../parts/lk-app.js").LkApp> }} Host */
/** @typedef {"search" | "missing" | "info" | "words" | "page" | "family"} Deed */

/** Milliseconds within which the panel must have opened. */
const PATIENCE = 3000;

/** @type {Record<Deed, (host: Host, node?: GraphNode) => Promise<void>>} */
const does = {
  /** Opens the library with the focus in its search. */
  async search(host) {
    const panel = await opened(host);
    await panel.show("library");
    const { library: list } = panel;
    if (!list) return;
    // In a narrow panel a model's details cover it.
    if (list.opened !== null) await list.closeItem();
    await list.updateComplete;
    /** @type {HTMLInputElement | null} */ (list.renderRoot.querySelector('input[type="search"]'))?.focus();
  },

  async missing({ open }) {
    (await open()).findMissing();
  },

  async info(host, node) {
    const [file] = await filesOf(host, node);
    await go(host, { view: "library", id: file?.id });
  },

  async words({ app, api, ...host }, node) {
    const from = meant({ app, api, ...host }, node);
    const files = await filesOf({ app, api, ...host }, from);
    const words = files.flatMap((file) => file.words);
    if (!words.length) throw new Error(t("drop.noWords", { title: files[0]?.title ?? from.title }));
    const comfy = connect(app, api);
    const { title, changed } = await comfy.rewritePrompt((text) => prompt.insert(text, words), from);
    comfy.toast("success", t(changed ? "drop.write.done" : "details.inserted.none", { node: title }));
  },

  async page(host, node) {
    const files = await filesOf(host, node);
    const page = files.find((file) => file.page)?.page;
    if (!page) throw new Error(t("deeds.noPage", { title: files[0]?.title ?? "" }));
    open(page, "_blank", "noopener");
  },

  async family(host, node) {
    const files = await filesOf(host, node);
    const family = files.find((file) => file.family)?.family;
    if (!family) throw new Error(t("deeds.noFamily", { title: files[0]?.title ?? "" }));
    await go(host, { view: "library", query: { family: [family] } });
  },
};

/** Does it for the node, or for the one that is selected. @param {Deed} deed @param {Host} host @param {GraphNode} [node] */
export async function act(deed, host, node) {
  const comfy = connect(host.app, host.api);
  await loadWords(languageOf(host.app));
  try {
    await does[deed](host, node);
  } catch (error) {
    comfy.toast("error", error instanceof Error ? error.message : String(error));
  }
}

/** @param {Host} host @param {GraphNode} [node] @returns {GraphNode} */
function meant({ app }, node) {
  const found = node ?? Object.values(app.canvas.selected_nodes ?? {})[0];
  if (!found) throw new Error(t("deeds.noNode"));
  return found;
}

/** What is known of the files that a node names; at least one. @param {Host} host @param {GraphNode} [node] @returns {Promise<KnownFile[]>} */
async function filesOf(host, node) {
  const from = meant(host, node);
  const named = modelsOf(from).map(({ kind, name }) => ({ kind, name }));
  const [first] = named;
  if (!first) throw new Error(t("deeds.noModel", { node: from.title }));
  const known = await server.known(named);
  if (known.files.some(Boolean)) return present(known.files);
  // It may have come just now; where it isn't here, this says so.
  if (first.kind) await library.info({ kind: first.kind, name: first.name });
  const files = present((await server.known(named)).files);
  if (!files.length) throw new Error(t("deeds.unknown", { name: first.name }));
  return files;
}

/** @param {(KnownFile | null)[]} files */
const present = (files) => files.flatMap((file) => file ?? []);

/** @param {Host} host @param {object} wish */
async function go(host, wish) {
  (await opened(host)).dispatchEvent(new CustomEvent("lk-open", { detail: wish }));
}

/** The panel, to be seen. @param {Host} host */
async function opened({ app, api, open }) {
  const panel = await open();
  connect(app, api).showPanel();
  const end = Date.now() + PATIENCE;
  while (!panel.isConnected && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  return panel;
}
