/** The example pictures of a version, page by page as somebody looks. Dispatches `change`. */
import { civitai } from "../api.js";

/** @typedef {import("../../types/lorakeeper").Example} Example */

const PAGE = 12;

/** What other tools call what the site names in its own way. @type {Record<string, string>} */
const NAMES = { steps: "Steps", sampler: "Sampler", cfgScale: "CFG scale", seed: "Seed", clipSkip: "Clip skip" };

export class Examples extends EventTarget {
  /** @param {number} version */
  constructor(version) {
    super();
    this.version = version;
    /** @type {Example[]} */
    this.list = [];
    /** @type {string | null} */
    this.cursor = null;
    this.begun = false;
    this.busy = false;
    this.error = "";
  }

  /** Whether there are no more to be had. */
  get over() {
    return this.begun && this.cursor === null;
  }

  async more() {
    if (this.busy || this.over) return;
    this.busy = true;
    this.error = "";
    this.changed();
    try {
      const { items, next_cursor } = await civitai.examples({ version_id: this.version, cursor: this.cursor, limit: PAGE });
      this.list = [...this.list, ...items];
      this.cursor = next_cursor;
      this.begun = true;
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
    }
    this.busy = false;
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** How a picture was made, by the names that people know. @param {Example["facts"]} facts @returns {[string, string][]} */
export const factsOf = (facts) => Object.entries(facts).map(([name, value]) => [NAMES[name] ?? name, value]);

/** All that a picture was made by, in the form that other tools read. @param {Example} example */
export function parameters({ prompt, negative, facts }) {
  const said = factsOf(facts).map(([name, value]) => `${name}: ${value}`);
  return [prompt, negative && `Negative prompt: ${negative}`, said.join(", ")].filter(Boolean).join("\n");
}
