declare module "*/scripts/app.js" {
  export const app: import("./comfyui").App;
}

declare module "*/scripts/api.js" {
  export const api: import("./comfyui").Api;
}

declare module "*/lorakeeper/app/main.js" {
  export { mount } from "../app/main.js";
}

declare module "*/lorakeeper/app/comfy.js" {
  export { addWordToggles } from "../app/comfy.js";
}

declare module "*/lorakeeper/app/graph.js" {
  export { follow } from "../app/graph.js";
}

declare const LiteGraph: { createNode(type: string): import("./comfyui").GraphNode | null };
