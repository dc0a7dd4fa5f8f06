/** What Lorakeeper uses of ComfyUI's front end, and no more. */

export interface Widget {
  name: string;
  type: string;
  value: unknown;
  options: { multiline?: boolean; values?: unknown; hidden?: boolean; getMinHeight?: () => number };
  hidden?: boolean;
  label?: string;
  element?: HTMLElement;
  inputEl?: HTMLElement;
  serialize?: boolean;
  callback?: (value: unknown) => void;
  beforeQueued?: () => void;
  serializeValue?: () => unknown;
}

export interface Slot {
  name: string;
  type: unknown;
  link?: number | null;
  links?: number[] | null;
  widget?: { name: string };
}

/** `origin_id` is -10 where a link comes into a subgraph from outside. */
export interface Link {
  origin_id: number | string;
  origin_slot: number;
  target_id: number | string;
  target_slot: number;
}

export interface GraphNode {
  id: number | string;
  type?: string;
  comfyClass?: string;
  title: string;
  pos: [number, number];
  size: [number, number];
  mode: number;
  graph: Graph | null;
  subgraph?: Graph;
  inputs?: Slot[];
  outputs?: Slot[];
  widgets?: Widget[];
  properties: Record<string, unknown>;
  onConfigure?: (saved: unknown) => void;
  onExecuted?: (output: Record<string, unknown>) => void;
  getWidgetOnPos?(x: number, y: number, includeDisabled?: boolean): Widget | undefined;
  resolveSubgraphOutputLink?(slot: number): { outputNode?: GraphNode; link: Link } | undefined;
  removeWidget(widget: Widget): void;
  computeSize(): [number, number];
  setSize(size: [number, number]): void;
  addDOMWidget(name: string, type: string, element: HTMLElement, options: DomWidgetOptions): Widget;
}

export interface DomWidgetOptions {
  serialize?: boolean;
  hideOnZoom?: boolean;
}

export interface Graph {
  nodes: GraphNode[];
  getNodeById(id: number | string): GraphNode | null;
  getLink(id: number): Link | null | undefined;
  getNodeOnPos(x: number, y: number): GraphNode | null;
  add(node: GraphNode): void;
  serialize(): object;
}

export interface Canvas {
  canvas: HTMLCanvasElement;
  graph: Graph | null;
  selected_nodes: Record<string, GraphNode>;
  selectNode(node: GraphNode): void;
  setDirty(front: boolean, back: boolean): void;
  emitBeforeChange(): void;
  emitAfterChange(): void;
}

export interface SidebarTab {
  id: string;
  title: string;
  icon: string;
  tooltip: string;
  type: "custom";
  iconBadge?: string | null;
  render(element: HTMLElement): void;
  destroy?(): void;
}

export interface Command {
  id: string;
  label: string;
  icon?: string;
  function(): void | Promise<void>;
}

/** `key` is that of a KeyboardEvent. */
export interface Keybinding {
  commandId: string;
  combo: { key: string; ctrl?: boolean; alt?: boolean; shift?: boolean };
}

/** Null is a line between others. Older front ends write `content` as HTML: it must never hold what somebody else wrote. */
export type MenuItem = {
  content: string;
  has_submenu?: boolean;
  submenu?: { options: { content: string; callback(): void }[] };
} | null;

export interface Setting {
  id: string;
  name: string;
  tooltip?: string;
  type: "boolean";
  defaultValue: boolean;
  category?: string[];
}

export interface Extension {
  name: string;
  commands?: Command[];
  keybindings?: Keybinding[];
  menuCommands?: { path: string[]; commands: string[] }[];
  settings?: Setting[];
  setup?(): void | Promise<void>;
  getNodeMenuItems?(node: GraphNode): MenuItem[];
  afterConfigureGraph?(): void | Promise<void>;
  nodeCreated?(node: GraphNode): void | Promise<void>;
}

export interface App {
  canvas: Canvas;
  graph: Graph;
  rootGraph?: Graph;
  extensionManager: {
    registerSidebarTab(tab: SidebarTab): void;
    getSidebarTabs(): SidebarTab[];
    sidebarTab: { activeSidebarTabId: string | null };
    setting?: { get(id: string): unknown };
    workflow?: { activeWorkflow?: { filename?: string } | null };
    toast: { add(message: { severity: string; summary: string; detail?: string; life: number }): void };
  };
  registerExtension(extension: Extension): void;
  clientPosToCanvasPos(position: [number, number]): [number, number];
  refreshComboInNodes(): Promise<void>;
  handleFile(file: File): Promise<void>;
  graphToPrompt(): Promise<{ output: object }>;
}

export interface Api extends EventTarget {
  fetchApi(route: string, init?: RequestInit): Promise<Response>;
}
