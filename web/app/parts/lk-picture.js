/** The picture of a model, or its short video where it has one; veiled where it is explicit, until somebody asks for it. */
import { LitElement, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { comfy } from "../graph/comfy.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { followVeil, veiled } from "./veil.js";

/** @typedef {import("../../types/lorakeeper").Item} Item */

class LkPicture extends LitElement {
  static properties = { model: { attribute: false }, playing: { state: true }, bare: { state: true }, broken: { state: true } };

  static styles = [
    base,
    css`
      :host { display: block; }
      .picture { aspect-ratio: 3 / 4; border-radius: 10px; box-shadow: inset 0 0 0 1px var(--lk-line); }
      .picture[draggable="true"] { cursor: grab; }
      img, video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
      .veiled img, .veiled video { filter: blur(24px); }
      .veiled:hover img, .veiled:hover video { filter: none; }
      .acts { position: absolute; inset: auto 6px 6px auto; display: flex; gap: 4px; }
      .acts button { background: #000a; color: #fff; }
      .acts button:hover:not(:disabled) { background: #000; }
    `,
  ];

  constructor() {
    super();
    /** @type {Item | null} */
    this.model = null;
    this.playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    /** Whether the veil was taken off. */
    this.bare = false;
    this.broken = false;
    /** @type {(() => void) | undefined} */
    this.stop = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    this.stop = followVeil(() => this.requestUpdate());
  }

  disconnectedCallback() {
    this.stop?.();
    super.disconnectedCallback();
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const isVeiled = (model.has_preview || model.has_motion) && veiled(model.nsfw_level);
    const moves = model.has_motion && !this.broken;
    const drag = (/** @type {DragEvent} */ event) => event.dataTransfer && comfy?.fillDrag(event.dataTransfer, model);
    return html`
      <div class="picture ${isVeiled && !this.bare ? "veiled" : ""}" draggable=${comfy?.canLoad(model.kind) ? "true" : "false"} @dragstart=${drag}>
        ${icon("picture")}
        ${model.has_preview
          ? html`<img src=${library.preview(model)} alt="" decoding="async" draggable="false" @error=${showIfThere} @load=${showIfThere} />`
          : null}
        ${moves && this.playing
          ? html`<video src=${library.motion(model)} autoplay loop .muted=${true} playsinline @error=${() => (this.broken = true)}></video>`
          : null}
        <div class="acts">
          ${isVeiled ? this.act(this.bare ? "details.veil" : "details.unveil", "eye", () => (this.bare = !this.bare)) : null}
          ${moves
            ? this.act(this.playing ? "details.motion.pause" : "details.motion.play", this.playing ? "pause" : "play", () => (this.playing = !this.playing))
            : null}
        </div>
      </div>
    `;
  }

  /** @param {string} key @param {Parameters<typeof icon>[0]} sign @param {() => void} deed */
  act(key, sign, deed) {
    return html`<button type="button" class="square" title=${t(key)} aria-label=${t(key)} @click=${deed}>${icon(sign)}</button>`;
  }
}
customElements.define("lk-picture", LkPicture);

/** @param {Event} event */
function showIfThere({ target, type }) {
  /** @type {HTMLElement} */ (target).hidden = type === "error";
}
