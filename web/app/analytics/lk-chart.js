/** One chart, drawn when it comes near to being seen, and again when its width or the page's colours change. */
import { LitElement, css, html, styleMap } from "../vendor/lit.js";
import { draw, heightOf } from "./charts.js";
import { lookOf, onTheme } from "./look.js";
import { base } from "../theme.js";

const NEAR = "400px";
const QUIET_MS = 120;

/** What is read again is mostly the same, and drawing takes longer than comparing. @param {unknown} one @param {unknown} other */
const differs = (one, other) => JSON.stringify(one) !== JSON.stringify(other);

class LkChart extends LitElement {
  static properties = { chart: { attribute: false, hasChanged: differs }, failure: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; position: relative; min-width: 0; }
      .field { width: 100%; overflow: hidden; }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../../types/lorakeeper").Chart | null} */
    this.chart = null;
    this.failure = "";
    this.isNear = false;
    this.isDue = true;
    this.width = 0;
    /** @type {any} */
    this.plotly = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  connectedCallback() {
    super.connectedCallback();
    const near = new IntersectionObserver(([entry]) => this.approach(Boolean(entry?.isIntersecting)), { rootMargin: NEAR });
    near.observe(this);
    const size = new ResizeObserver(() => this.clientWidth !== this.width && this.soon());
    size.observe(this);
    this.stops = [() => near.disconnect(), () => size.disconnect(), onTheme(() => this.soon())];
    this.isDue = true;
  }

  disconnectedCallback() {
    for (const stop of this.stops) stop();
    clearTimeout(this.timer);
    this.isNear = false;
    const field = this.field;
    if (field) this.plotly?.purge(field);
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("chart")) void this.draw();
  }

  /** @returns {HTMLElement | null} */
  get field() {
    return this.renderRoot.querySelector(".field");
  }

  /** @param {boolean} isNear */
  approach(isNear) {
    this.isNear = isNear;
    if (isNear && this.isDue) void this.draw();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.draw(), QUIET_MS);
  }

  async draw() {
    this.isDue = true;
    if (!this.isNear || !this.clientWidth) return;
    try {
      const { Plotly, rules } = await import("./plotly.js");
      const { chart, field } = this;
      const root = /** @type {ShadowRoot} */ (this.renderRoot);
      if (!this.isConnected || !chart || !field || !this.isDue) return;
      this.isDue = false;
      this.plotly = Plotly;
      this.width = this.clientWidth;
      if (!root.adoptedStyleSheets.includes(rules)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, rules];
      await draw(Plotly, field, chart, lookOf(field));
      this.failure = "";
    } catch (error) {
      this.failure = /** @type {Error} */ (error).message;
    }
  }

  render() {
    return html`
      <div class="field" style=${styleMap({ minHeight: this.chart ? `${heightOf(this.chart)}px` : "" })} role="img" aria-label=${this.chart?.text ?? ""}></div>
      ${this.failure ? html`<p class="bad">${this.failure}</p>` : null}
    `;
  }
}
customElements.define("lk-chart", LkChart);
