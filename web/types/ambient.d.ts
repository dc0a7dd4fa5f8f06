declare module "*/scripts/app.js" {
  export const app: import("./comfyui").App;
}

declare module "*/scripts/api.js" {
  export const api: import("./comfyui").Api;
}

declare module "*/lorakeeper/app/main.js" {
  export { mount } from "../app/main.js";
}

declare module "*/lorakeeper/app/graph/follow.js" {
  export { follow } from "../app/graph/follow.js";
}

declare module "*/lorakeeper/app/graph/words.js" {
  export { addWordToggles } from "../app/graph/words.js";
}

declare module "*/lorakeeper/app/graph/deeds.js" {
  export { act } from "../app/graph/deeds.js";
}

declare module "*/lorakeeper/app/graph/notice.js" {
  export { leave, lookForMissing } from "../app/graph/notice.js";
}

declare const LiteGraph: {
  createNode(type: string): import("./comfyui").GraphNode | null;
  registered_node_types: Record<string, unknown>;
};
