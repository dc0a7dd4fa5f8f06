/** A press that has to be repeated: the first one asks for a second, which may come within ten seconds. */

const SURE_MS = 10_000;

export class Sure {
  /** @param {{ requestUpdate(): void }} host is drawn anew when the question changes */
  constructor(host) {
    this.host = host;
    /** What the next press does. */
    this.of = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** Whether this press is the second one. @param {string} what */
  asks(what) {
    const isSecond = this.of === what;
    this.spare();
    if (isSecond) return true;
    this.of = what;
    this.timer = setTimeout(() => this.spare(), SURE_MS);
    return false;
  }

  /** Forgets the first press. */
  spare() {
    clearTimeout(this.timer);
    this.of = "";
    this.host.requestUpdate();
  }
}
