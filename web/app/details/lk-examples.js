/**
 * The example pictures of a version as a strip without an end: nothing is asked for before the strip is in view, and more as
 * its end comes near. Dispatches `lk-show` with the place of the one that is to be seen large.
 */
import { LitElement, css, html } from "../vendor/lit.js";
import { civitai } from "../api.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { followVeil, veiled } from "../parts/veil.js";

/** @typedef {import("../../types/lorakeeper").Example} Example */
/** @typedef {import("./examples.js").Examples} Examples */

class LkExamples extends LitElement {
  static properties = { examples: { attribute: false }, active: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; min-height: 40px; }
      section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 8px; }
      .strip { display: flex; gap: 8px; overflow-x: auto; padding: 3px; margin: -3px; scrollbar-width: thin; scrollbar-color: var(--lk-line) transparent; }
      li { flex: none; width: 104px; }
      li button { display: block; width: 100%; padding: 0; border-radius: 8px; }
      .picture { aspect-ratio: 3 / 4; border-radius: 8px; }
      .picture img { position: absolute; inset: 0; }
      .picture .mark { position: absolute; inset: auto auto 5px 5px; display: flex; padding: 3px; border-radius: 6px; background: #000a; color: #fff; }
      .mark .icon { width: 14px; height: 14px; }
      .veiled img { filter: blur(18px); }
      button:hover .veiled img, button:focus-visible .veiled img { filter: none; }
      .wait { display: grid; place-content: center; min-height: 60px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Examples | null} */
    this.examples = null;
    /** The one that Tab reaches. */
    this.active = 0;
    this.changed = () => this.requestUpdate();
    /** @type {(() => void) | undefined} */
    this.stop = undefined;
    // At the beginning its own box is all that there is.
    this.near = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.examples?.more(), { rootMargin: "200px" });
  }

  connectedCallback() {
    super.connectedCallback();
    this.examples?.addEventListener("change", this.changed);
    this.stop = followVeil(this.changed);
  }

  disconnectedCallback() {
    this.near.disconnect();
    this.examples?.removeEventListener("change", this.changed);
    this.stop?.();
    super.disconnectedCallback();
  }

  updated() {
    this.near.disconnect();
    const { examples } = this;
    if (!examples || examples.busy || examples.over || examples.error) return;
    this.near.observe(this.renderRoot.querySelector("li:last-child") ?? this);
  }

  /** @param {number} index */
  async focusItem(index) {
    this.active = index;
    await this.updateComplete;
    const button = /** @type {HTMLElement | undefined} */ (this.renderRoot.querySelectorAll("li button")[index]);
    button?.focus();
    button?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const end = (this.examples?.list.length ?? 0) - 1;
    const to = { ArrowLeft: this.active - 1, ArrowRight: this.active + 1, Home: 0, End: end }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    void this.focusItem(Math.max(0, Math.min(end, to)));
  }

  render() {
    const { examples } = this;
    if (!examples) return null;
    return html`
      <section aria-labelledby="examples" aria-busy=${examples.busy}>
        <h3 id="examples">${t("details.examples")}</h3>
        ${examples.list.length
          ? html`
              <ul class="strip" aria-labelledby="examples" @keydown=${this.move}>
                ${examples.list.map((example, index) => this.example(example, index))}
              </ul>
            `
          : null}
        ${examples.error
          ? html`
              <p class="note" role="alert">${icon("broken")}<span>${examples.error}</span></p>
              <button type="button" @click=${() => examples.more()}>${icon("retry")}${t("details.examples.retry")}</button>
            `
          : examples.busy && !examples.list.length
            ? html`<p class="quiet wait" role="status">${t("common.loading")}</p>`
            : examples.over && !examples.list.length
              ? html`<p class="quiet">${t("details.examples.none")}</p>`
              : null}
      </section>
    `;
  }

  /** @param {Example} example @param {number} index */
  example({ image, full, type, nsfw_level, prompt }, index) {
    const source = image ?? (type === "image" ? full : null);
    const number = t("details.example", { number: index + 1 });
    return html`
      <li>
        <button type="button" class="plain" tabindex=${index === Math.min(this.active, (this.examples?.list.length ?? 1) - 1) ? 0 : -1}
          aria-label=${prompt ? `${number}: ${prompt.slice(0, 120)}` : number} @focus=${() => (this.active = index)}
          @click=${() => this.dispatchEvent(new CustomEvent("lk-show", { detail: index }))}>
          <span class="picture ${veiled(nsfw_level) ? "veiled" : ""}" style="display: block">
            ${icon("picture")}
            ${source ? html`<img src=${civitai.image(source)} alt="" loading="lazy" decoding="async" @error=${hide} />` : null}
            ${type === "video" ? html`<span class="mark">${icon("play")}</span>` : null}
          </span>
        </button>
      </li>
    `;
  }
}
customElements.define("lk-examples", LkExamples);

/** @param {Event} event */
const hide = ({ target }) => (/** @type {HTMLElement} */ (target).hidden = true);
