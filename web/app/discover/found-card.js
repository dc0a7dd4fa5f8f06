/** A model of the site inside of a grid's `<li>`: the library's card, with what the site counts, and whether it is here. */
import { classMap, css, html } from "../vendor/lit.js";
import { civitai } from "../api.js";
import { number, short } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { veiled } from "../parts/veil.js";
import { isCalm } from "../library/card.js";

/** @typedef {import("../../types/lorakeeper").Found} Found */

/** Signs for `mask`: as elements of their own they would be many. */
const DOWN = css`url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='2.2' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14'/%3E%3C/svg%3E")`;
const STAR = css`url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath d='m12 4 2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z'/%3E%3C/svg%3E")`;

/** Over the card's own. */
export const foundStyles = css`
  .card .sums { position: absolute; inset: auto 0 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 0 10px; padding: 24px 8px 6px; font-size: 11px;
    line-height: 16px; font-weight: 600; color: #fff; background: linear-gradient(transparent, #0009 40%, #000c); }
  .card .sums > .cut { flex: 1 1 100%; min-width: 0; }
  .card .sums :is(.loads, .likes)::before { content: ""; display: inline-block; width: 12px; height: 12px; margin-inline-end: 3px; vertical-align: -2px;
    background: currentColor; mask: ${DOWN} center / contain no-repeat; }
  .card .sums .likes::before { mask-image: ${STAR}; }
  .cards .acts { bottom: 94px; }
`;

/**
 * @param {Found} found
 * @param {import("../parts/lk-grid.js").Looks} looks
 * @param {{ busy: boolean, onFetch: () => void, onAdd: () => void }} deeds `busy` while it is being fetched
 */
export function foundCard(found, { reachable, selected, current, active }, { busy, onFetch, onAdd }) {
  const tab = reachable ? 0 : -1;
  const { name, type, base_models, owned, has_update } = found;
  /** @param {string} label @param {Parameters<typeof icon>[0]} sign @param {() => void} deed */
  const act = (label, sign, deed) => html`
    <button type="button" class="square" tabindex=${tab} title=${label} aria-label=${`${label}: ${name}`} @click=${deed}>${icon(sign)}</button>
  `;
  const isWanted = !busy && (owned === null || has_update);
  return html`
    <button type="button" class="open" tabindex=${tab} aria-current=${current ? "true" : "false"} title=${name}>
      ${framed(found, active)}
      <span class="title cut">${name}</span>
      <span class="facts cut quiet">${[base_models[0], type].filter(Boolean).join(" · ")}</span>
    </button>
    ${mark(found, busy)}
    ${active ? html`<span class="acts">${isWanted ? act(t("discover.fetch"), "download", onFetch) : null}${act(t("discover.plan"), "add", onAdd)}</span>` : null}
    <button type="button" class="pick" role="checkbox" tabindex=${tab} aria-checked=${selected} aria-label=${t("library.select", { title: name })}></button>
  `;
}

/** @param {Found} found @param {boolean} active */
function framed({ image, motion, nsfw_level, creator, downloads, rating }, active) {
  const isMoving = active && motion && !isCalm();
  const share = rating === null || rating === undefined ? "" : t("discover.rating", { percent: number(rating * 100) });
  return html`
    <span class=${classMap({ picture: true, veiled: Boolean(image ?? motion) && veiled(nsfw_level) })}>
      ${image ? html`<img src=${civitai.image(image)} alt="" loading="lazy" decoding="async" draggable="false" @error=${showIfThere} @load=${showIfThere} />` : null}
      ${isMoving ? html`<video src=${civitai.image(motion)} muted autoplay loop playsinline .muted=${true} @error=${showIfThere}></video>` : null}
      <span class="sums">
        ${creator ? html`<span class="cut">${creator}</span>` : null}
        <span class="loads" title=${t("discover.downloads", { count: number(downloads) })}>${short(downloads)}</span>
        ${share ? html`<span class="likes" title=${t("discover.rating.title")}>${share}</span>` : null}
      </span>
    </span>
  `;
}

/** @param {Found} found @param {boolean} busy */
function mark({ owned, has_update }, busy) {
  if (busy) return said("queue", t("discover.mark.busy"));
  if (has_update) return said("update", t("discover.mark.update"));
  return owned === null ? null : said("check", t("discover.mark.here"));
}

/** @param {Parameters<typeof icon>[0]} sign @param {string} text */
const said = (sign, text) => html`<span class="marks"><span class="mark">${icon(sign)}${text}</span></span>`;

/** @param {Event} event */
function showIfThere({ target, type }) {
  /** @type {HTMLElement} */ (target).hidden = type === "error";
}
