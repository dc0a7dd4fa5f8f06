/**
 * The one script that ComfyUI's front end imports at page load: it registers the sidebar tab, a command, and a hook for our
 * own nodes. Everything else is imported on first use.
 */
import { api } from "../../scripts/api.js";
import { app } from "../../scripts/app.js";

const TAB = "lorakeeper";
const FIND_MISSING = "Lorakeeper.FindMissingModels";
const RUNNING = new Set(["pending", "processing"]);

const LORA_NODES = new Set(["LoraInfo", "LoadLora", "LoraStack", "ApplyLoraStack", "PromptLoras"].map((id) => `Lorakeeper_${id}`));

/** @type {Promise<import("../app/views/lk-app.js").LkApp> | undefined} */
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

app.registerExtension({
  name: "Lorakeeper",
  commands: [
    {
      id: FIND_MISSING,
      label: "Find this workflow's missing models",
      icon: "pi pi-search",
      function: async () => (await load()).findMissing(),
    },
  ],
  menuCommands: [{ path: ["Extensions", "Lorakeeper"], commands: [FIND_MISSING] }],
  setup() {
    app.extensionManager.registerSidebarTab({
      id: TAB,
      title: "Lorakeeper",
      icon: "pi pi-bookmark",
      tooltip: "Lorakeeper: your models, and Civitai's",
      type: "custom",
      render: show,
    });
    // The front end calls a message an error unless somebody listened for it before.
    api.addEventListener("lorakeeper.job", countJob);
    for (const topic of ["action", "instruction", "item", "library", "scan", "variation"]) api.addEventListener(`lorakeeper.${topic}`, () => {});
  },
  async nodeCreated(node) {
    if (node.comfyClass === "Lorakeeper_TriggerWords") {
      const { addWordToggles } = await import("../../lorakeeper/app/comfy.js");
      await addWordToggles(app, node);
    }
    if (LORA_NODES.has(node.comfyClass ?? "")) {
      const { follow } = await import("../../lorakeeper/app/graph.js");
      follow(app, api, node);
    }
  },
});
