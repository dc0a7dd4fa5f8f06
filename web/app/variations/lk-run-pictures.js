/**
 * Some pictures of a run, each with its scores and reasons. Arrows move among them. Dispatches `lk-look` where one is to be
 * seen large, and `lk-choose` where one is chosen or no more; `detail` is its number.
 */
import { LitElement, classMap, css, html, live, repeat } from "../vendor/lit.js";
import { variations } from "../api.js";
import { icon } from "../icons.js";
import { runs } from "./runs.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { focusOn } from "../parts/dom.js";
import { scoreBars, scoreStyles } from "./scores.js";

/** @typedef {import("../../types/lorakeeper").RunView} RunView */
/** @typedef {import("../../types/lorakeeper").RunPicture} RunPicture */

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export class LkRunPictures extends LitElement {
  static properties = {
    run: { attribute: false },
    pictures: { attribute: false },
    chosen: { attribute: false },
    label: { attribute: false },
    reach: { state: true },
  };

  static styles = [
    base,
    scoreStyles,
    css`
      :host { display: block; }
      ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 112px), 1fr)); gap: 16px 12px; align-items: start; }
      li { position: relative; display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; font-size: 12px; }
      .open { padding: 0; border: 0; border-radius: 10px; background: none; }
      .picture { width: 100%; aspect-ratio: 1; border-radius: 10px; box-shadow: inset 0 0 0 1px var(--lk-line); }
      .chosen .picture { outline: 2px solid var(--lk-accent); outline-offset: 2px; }
      .choose { position: absolute; top: 6px; inset-inline-start: 6px; display: grid; place-items: center; width: 28px; height: 28px; border-radius: 8px;
        background: #000a; cursor: pointer; }
      .marks { display: flex; flex-wrap: wrap; gap: 4px 8px; }
      .marks span { display: inline-flex; align-items: center; gap: 3px; }
      .marks .icon { width: 14px; height: 14px; }
      .why { display: grid; gap: 2px; overflow-wrap: anywhere; }
      @container app (width >= 880px) { ul { grid-template-columns: repeat(auto-fill, minmax(min(100%, 164px), 1fr)); } }
    `,
  ];

  constructor() {
    super();
    /** @type {RunView | null} */
    this.run = null;
    /** @type {RunPicture[]} */
    this.pictures = [];
    /** Numbers. @type {Set<number>} */
    this.chosen = new Set();
    this.label = "";
    /** The picture that Tab comes to, by its number. @type {number | null} */
    this.reach = null;
  }

  /** Puts the focus on a picture, if it is here. @param {number} number */
  async focusPicture(number) {
    if (!this.pictures.some((each) => each.number === number)) return;
    this.reach = number;
    await this.updateComplete;
    focusOn(this, `[data-number="${number}"] .open`);
  }

  /** @param {KeyboardEvent} event @param {number} place */
  move(event, place) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = this.pictures[Math.min(this.pictures.length - 1, Math.max(0, place + step))];
    if (next) void this.focusPicture(next.number);
  }

  /** @param {"lk-look" | "lk-choose"} what @param {number} number */
  tell(what, number) {
    this.dispatchEvent(new CustomEvent(what, { detail: number, bubbles: true, composed: true }));
  }

  render() {
    const { run, pictures } = this;
    if (!run) return null;
    const reach = pictures.some(({ number }) => number === this.reach) ? this.reach : pictures[0]?.number;
    return html`<ul aria-label=${this.label}>
      ${repeat(pictures, ({ number }) => number, (picture, place) => this.tile(run, picture, place, picture.number === reach))}
    </ul>`;
  }

  /** @param {RunView} run @param {RunPicture} picture @param {number} place @param {boolean} reachable */
  tile(run, picture, place, reachable) {
    const { number, scores, width, height } = picture;
    const name = t("variations.picture", { number: number + 1 });
    const tab = reachable ? 0 : -1;
    const chosen = this.chosen.has(number);
    return html`
      <li class=${classMap({ chosen })} data-number=${number} @keydown=${(/** @type {KeyboardEvent} */ event) => this.move(event, place)}
        @focusin=${() => (this.reach = number)}>
        <button type="button" class="open" tabindex=${tab} aria-label=${t("variations.look", { name })} @click=${() => this.tell("lk-look", number)}>
          <span class="picture">
            ${icon("picture")}${run.dropped ? null : html`<img src=${variations.picture(run.id, number)} alt="" loading="lazy" decoding="async" width=${width} height=${height} />`}
          </span>
        </button>
        ${run.dropped
          ? null
          : html`<label class="choose" title=${t("variations.choose", { name })}>
              <input type="checkbox" tabindex=${tab} aria-label=${t("variations.choose", { name })} .checked=${live(chosen)}
                @change=${() => this.tell("lk-choose", number)} />
            </label>`}
        ${about(run, picture)} ${scoreBars(scores)}
      </li>
    `;
  }
}
customElements.define("lk-run-pictures", LkRunPictures);

/** What is said of a picture besides its scores. @param {RunView} run @param {RunPicture} picture */
export function about(run, { number, reasons, from_cache: isOld }) {
  const kept = runs.kept.get(run.id)?.get(number);
  return html`
    ${kept || isOld
      ? html`<div class="marks">
          ${kept ? html`<span class="good" title=${kept}>${icon("check")}${t("variations.kept.mark")}</span>` : null}
          ${isOld ? html`<span class="quiet" title=${t("variations.cached.about")}>${icon("retry")}${t("variations.cached")}</span>` : null}
        </div>`
      : null}
    ${reasons.length ? html`<div class="why">${reasons.map((each) => html`<p>${each}</p>`)}</div>` : null}
  `;
}
