/** One model as a card: the picture first, two lines below, marks in the corner, and what can be done on hover or focus. */
import { classMap, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { comfy } from "../comfy.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { copy } from "../messages.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").Item} Item */

export const cardStyles = css`
  .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(132px, 100%), 1fr)); gap: 14px 12px; align-content: start; }
  .card { position: relative; min-width: 0; }
  .card .open { display: block; width: 100%; padding: 0; border-radius: 10px; background: none; text-align: start; border: 0; }
  .card .open:hover:not(:disabled) { background: none; }
  .card .picture { aspect-ratio: 3 / 4; border-radius: 10px; box-shadow: inset 0 0 0 1px var(--lk-line); }
  .card .picture img { transition: transform 0.2s ease-out; }
  .card:hover .picture img { transform: scale(1.03); }
  .card.current .picture { outline: 2px solid var(--lk-accent); outline-offset: 2px; }
  .card.gone .picture img { opacity: 0.35; filter: grayscale(1); }
  .card .title { display: block; margin-top: 7px; font-weight: 600; }
  .card .facts { display: block; font-size: 12px; }
  .card .marks { position: absolute; top: 7px; inset-inline-start: 7px; display: flex; flex-wrap: wrap; gap: 4px; pointer-events: none; }
  .card .mark { display: inline-flex; align-items: center; gap: 4px; padding: 3px 6px; border-radius: 7px; font-size: 11px;
    font-weight: 600; background: #000a; color: #fff; backdrop-filter: blur(6px); }
  .card .mark .icon { width: 13px; height: 13px; }
  .card .acts { position: absolute; top: 6px; inset-inline-end: 6px; display: grid; gap: 5px; opacity: 0; transition: opacity 0.12s; }
  .card:hover .acts, .card:focus-within .acts { opacity: 1; }
  .card .acts button { background: #000a; color: #fff; backdrop-filter: blur(6px); }
  .card .acts button:hover { background: #000; }
  @container app (width >= 880px) { .cards { grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 18px 14px; } }
  @media (hover: none) { .card .acts { opacity: 1; } }
`;

/**
 * @param {Item} item
 * @param {{ current: boolean, reachable: boolean, onOpen: () => void, onFocus: () => void, onAdd?: () => void }} options
 */
export function card(item, { current, reachable, onOpen, onFocus, onAdd }) {
  const words = item.trigger_words.map(({ text }) => text).join(", ");
  const facts = [item.base_model, item.preferred_strength === null ? null : number(item.preferred_strength, 2), item.version_name];
  const gone = item.state !== "present";
  const tab = reachable ? 0 : -1;
  const drag = (/** @type {DragEvent} */ event) => event.dataTransfer && comfy?.fillDrag(event.dataTransfer, item);
  /** @param {string} label @param {string} hint @param {Parameters<typeof icon>[0]} sign @param {() => void} deed */
  const act = (label, hint, sign, deed) => html`
    <button type="button" class="square" tabindex=${tab} title=${hint} aria-label=${`${label}: ${item.title}`} @click=${deed}>
      ${icon(sign)}
    </button>
  `;
  return html`
    <li class=${classMap({ card: true, current, gone })} data-id=${item.id} draggable=${onAdd ? "true" : "false"}
      @dragstart=${drag} @focusin=${onFocus}>
      <button type="button" class="open" tabindex=${tab} aria-current=${current ? "true" : "false"} title=${item.name} @click=${onOpen}>
        ${picture(item)}
        <span class="title cut">${item.title}</span>
        <span class="facts cut quiet">${facts.filter(Boolean).join(" · ") || item.kind}</span>
      </button>
      <div class="marks">
        ${item.favourite
          ? html`<span class="mark" title=${t("item.favourite")}>${icon("starred")}<span class="heard">${t("item.favourite")}</span></span>`
          : null}
        ${gone ? html`<span class="mark">${icon(item.state === "broken" ? "broken" : "missing")}${t(`item.${item.state}`)}</span>` : null}
      </div>
      <div class="acts">
        ${onAdd ? act(t("item.add"), t("item.add.title"), "graph", onAdd) : null}
        ${words ? act(t("item.copyWords"), t("item.copyWords"), "copy", () => copy(words)) : null}
      </div>
    </li>
  `;
}

/** The way to the model's page on the site, as a button of a bar. @param {string | null} url */
export const pageLink = (url) =>
  url
    ? html`<a class="button plain square" href=${url} target="_blank" rel="noreferrer" title=${t("details.page")} aria-label=${t("details.page")}>
        ${icon("link")}
      </a>`
    : null;

/** @param {Item} item */
export const picture = (item) => frame(item.has_preview ? library.preview(item.id) : null);

/** @param {Event} event */
function showIfThere({ target, type }) {
  /** @type {HTMLImageElement} */ (target).hidden = type === "error";
}

/** A picture, with a sign for one until it is there, or where it can't be had. @param {string | null} url */
export const frame = (url) => html`
  <div class="picture">
    ${icon("picture")}
    ${url ? html`<img src=${url} alt="" loading="lazy" decoding="async" draggable="false" @error=${showIfThere} @load=${showIfThere} />` : null}
  </div>
`;
