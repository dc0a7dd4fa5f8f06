/** Makes the panel: inside ComfyUI with its `app` and `api`, else as a page of its own. */
import { connect } from "./comfy.js";
import { loadWords } from "./strings.js";
import "./views/lk-app.js";

/** @param {{ app: import("../types/comfyui").App, api: import("../types/comfyui").Api }} [host] @returns {Promise<import("./views/lk-app.js").LkApp>} */
export async function mount(host) {
  await loadWords();
  if (host) connect(host.app, host.api);
  return /** @type {import("./views/lk-app.js").LkApp} */ (document.createElement("lk-app"));
}
