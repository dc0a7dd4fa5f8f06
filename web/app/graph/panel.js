/**
 * An element of ours on a node of ours, which comes and goes without moving what else is there. In either renderer. It stands in
 * a widget that the entry made for it, as Vue nodes of ComfyUI 1.35 never draw one that is added later; only on a node that has
 * no widgets it brings its own, as an empty one would make that larger.
 */
import { widgetOf } from "./walk.js";

/** @typedef {import("../../types/comfyui").App} App */
/** @typedef {import("../../types/comfyui").GraphNode} GraphNode */
/** @typedef {import("../../types/comfyui").Widget} Widget */

export class Panels {
  /**
   * @param {App} app
   * @param {string} place the name of its widget
   * @param {(element: HTMLElement) => number} height the least that the element needs, in the graph's pixels
   */
  constructor(app, place, height) {
    this.app = app;
    this.place = place;
    this.height = height;
    /** With what the node has grown by. @type {WeakMap<GraphNode, { element: HTMLElement, height: number }>} */
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
    const place = widgetOf(node, this.place) ?? add(node, this.place);
    place.options.getMinHeight = () => this.height(element);
    place.element?.replaceChildren(element);
    turn(place, true);
    this.fit(node);
    this.shown.set(node, { element, height: node.size[1] - before });
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
    const place = widgetOf(node, this.place);
    if (!shown || !place) return;
    this.shown.delete(node);
    shown.element.remove();
    if (node.widgets?.length === 1) node.removeWidget(place);
    else turn(place, false);
    node.setSize([node.size[0], Math.max(node.size[1] - shown.height, node.computeSize()[1])]);
    this.app.canvas.setDirty(true, true);
  }
}

/** @param {GraphNode} node @param {string} name */
function add(node, name) {
  const place = node.addDOMWidget(name, "lorakeeper", document.createElement("div"), { serialize: false, hideOnZoom: false });
  place.serialize = false;
  return place;
}

/** @param {Widget} place @param {boolean} isOn */
function turn(place, isOn) {
  place.hidden = !isOn;
  place.options.hidden = !isOn;
  // Older Vue nodes see that only when they look at the widget again: those of 1.45 for its label, those of 1.35 for its value.
  place.label = isOn ? place.name : "";
  place.value = "";
}
