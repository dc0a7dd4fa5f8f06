/** What a user asks of one thing, one after the other: an answer may take longer than the next press. */
import { messages } from "./messages.js";

export class Turns {
  constructor() {
    /** What has been asked for and isn't done. @type {Set<string>} */
    this.waiting = new Set();
    /** @type {Promise<void>} */
    this.last = Promise.resolve();
  }

  /** Does `deed` after what was asked before, unless the same waits already; says why it failed. @param {string} what @param {() => unknown} deed */
  async take(what, deed) {
    if (this.waiting.has(what)) return;
    this.waiting.add(what);
    this.last = this.last.then(async () => {
      try {
        await deed();
      } catch (error) {
        messages.error(error);
      }
      this.waiting.delete(what);
    });
    await this.last;
  }
}
