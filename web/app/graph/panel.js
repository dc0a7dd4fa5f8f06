/** An element of ours on a node of ours, which comes and goes without moving what else is there. In either renderer. */

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */

/** @typedef {{ name: string, type: string, height: (element: HTMLElement) => number }} Look the least height that it needs, in the graph's pixels */

export class Panels {
  /** @param {App} app @param {Look} look */
  constructor(app, look) {
    this.app = app;
    this.look = look;
    /** @type {WeakMap<GraphNode, { widget: Widget, element: HTMLElement, height: number }>} */
    this.shown = new WeakMap();
  }

  /** What the node shows now. @param {GraphNode} node @returns {HTMLElement | null} */
  of(node) {
    return this.shown.get(node)?.element ?? null;
  }

  /** @param {GraphNode} node @param {HTMLElement} element */
  show(node, element) {
    this.hide(node);
    const before = node.size[1];
    const widget = node.addDOMWidget(this.look.name, this.look.type, element, {
      serialize: false,
      hideOnZoom: false,
      getMinHeight: () => this.look.height(element),
    });
    widget.serialize = false;
    this.fit(node);
    this.shown.set(node, { widget, element, height: node.size[1] - before });
  }

  /** Makes room for what has grown. @param {GraphNode} node */
  fit(node) {
    const [width, height] = node.computeSize();
    if (node.size[1] < height) node.setSize([Math.max(node.size[0], width), height]);
    this.app.canvas.setDirty(true, true);
  }

  /** @param {GraphNode} node */
  hide(node) {
    const shown = this.shown.get(node);
    if (!shown) return;
    this.shown.delete(node);
    node.removeWidget(shown.widget);
    node.setSize([node.size[0], Math.max(node.size[1] - shown.height, node.computeSize()[1])]);
    this.app.canvas.setDirty(true, true);
  }
}
