/** Makes the panel: inside ComfyUI with its `app` and `api`, else as a page of its own. */
import { connect, languageOf } from "./graph/comfy.js";
import { loadWords } from "./strings.js";

/** @param {{ app: import("../types/comfyui").App, api: import("../types/comfyui").Api }} [host] @returns {Promise<import("./parts/lk-app.js").LkApp>} */
export async function mount(host) {
  // Neither waits for the other, and nothing is drawn before both are there.
  await Promise.all([loadWords(host && languageOf(host.app)), import("./parts/lk-app.js")]);
  if (host) connect(host.app, host.api);
  return /** @type {import("./parts/lk-app.js").LkApp} */ (document.createElement("lk-app"));
}
