/** One model in a grid: the picture first, two lines below, marks in the corner, and what can be done while somebody points at it. */
import { classMap, css, html } from "../vendor/lit.js";
import { library } from "../api.js";
import { number } from "../format.js";
import { icon } from "../icons.js";
import { copy } from "../messages.js";
import { t } from "../strings.js";
import { veiled } from "../parts/veil.js";

/** @typedef {import("../../types/lorakeeper").Item} Item */

/** A field as large as a picture, and a tick, for `mask`: elements of their own would be many. */
const PICTURE = css`url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='1.6'%3E%3Crect x='4' y='4' width='16' height='16' rx='2'/%3E%3Ccircle cx='9' cy='9.5' r='1.5'/%3E%3Cpath d='m5 18 5-5 3 3 3-3 4 4'/%3E%3C/svg%3E")`;
const TICK = css`url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='m6 12.5 4 4 8-9'/%3E%3C/svg%3E")`;

export const cardStyles = css`
  .card { min-width: 0; }
  .card .open { display: block; width: 100%; padding: 0; border-radius: 10px; background: none; text-align: start; border: 0; min-height: 0; }
  .card .open:hover:not(:disabled) { background: none; }
  .card .picture, .card.waiting::before { display: block; aspect-ratio: 3 / 4; border-radius: 10px; box-shadow: inset 0 0 0 1px var(--lk-line); }
  .card .picture::before { content: ""; position: absolute; inset: 0; margin: auto; width: min(30px, 60%); height: min(30px, 60%);
    background: var(--lk-quiet); opacity: 0.5; mask: ${PICTURE} center / contain no-repeat; }
  .card .picture > .icon { display: none; }
  .card .picture img, .card .picture video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
  .card .veiled :is(img, video) { filter: blur(22px); }
  .card .veiled::after { content: ""; position: absolute; inset: 0; background: color-mix(in srgb, var(--lk-raised) 35%, transparent); }
  .card.active .veiled :is(img, video) { filter: none; }
  .card.active .veiled::after { content: none; }
  .card .gone .picture img { opacity: 0.35; filter: grayscale(1); }
  .card .title { display: block; margin-top: 7px; font-weight: 600; line-height: 19px; }
  .card .facts { display: block; font-size: 12px; line-height: 18px; }
  .card .marks { position: absolute; top: 7px; inset-inline-start: 7px; max-width: calc(100% - 44px); display: flex; flex-wrap: wrap; gap: 4px; pointer-events: none; }
  .card .mark { display: inline-flex; align-items: center; gap: 4px; padding: 3px 5px; border-radius: 7px; font-size: 11px; line-height: 14px;
    font-weight: 600; background: #000b; color: #fff; }
  .card .mark .icon { width: 14px; height: 14px; }
  .card .acts { position: absolute; inset-inline-end: 6px; display: flex; gap: 5px; }
  .card .acts button, .card .pick { background: #000b; color: #fff; }
  .card .acts button:hover:not(:disabled) { background: #000; }
  .card .pick { position: absolute; top: 6px; inset-inline-end: 6px; width: 26px; height: 26px; min-height: 0; padding: 0; border-radius: 8px; opacity: 0;
    border: 1px solid #fff9; }
  .card .pick::before { content: ""; width: 18px; height: 18px; background: #fff; mask: ${TICK} center / contain no-repeat; opacity: 0; }
  .card .pick:hover:not(:disabled) { background: #000; }
  .card .pick[aria-checked="true"] { background: var(--lk-strong); border-color: #fff; }
  .card .pick[aria-checked="true"]::before { opacity: 1; }
  .card.active .pick, .card.selected .pick, .picking .pick { opacity: 1; }
  @media (hover: none) { .card .pick { opacity: 1; } }

  .cards .current .picture, .cards .selected .picture { outline: 2px solid var(--lk-accent); outline-offset: 2px; }
  .cards .selected .picture { outline-width: 3px; outline-offset: 0; }
  .cards .waiting::before { content: ""; background: var(--lk-raised); }
  .cards .waiting::after { content: ""; display: block; width: 70%; height: 12px; margin-top: 11px; border-radius: 6px; background: var(--lk-raised); }
  .cards .acts { bottom: 53px; }

  .list .card { border-radius: 8px; }
  .list .card.active { background: var(--lk-hover); }
  .list .card.current, .list .card.selected { background: color-mix(in srgb, var(--lk-accent) 16%, transparent); }
  .list .open { position: absolute; inset: 0; display: grid; grid-template: 19px 18px / 33px minmax(0, 1fr); row-gap: 1px; align-content: center; column-gap: 10px;
    padding: 0 var(--behind, 40px) 0 8px; border-radius: 8px; }
  .list .picture { margin-block: -3px; }
  .list .picture, .list .waiting::before { grid-row: 1 / 3; height: 44px; aspect-ratio: auto; border-radius: 6px; }
  .list .title { margin: 0; align-self: end; }
  .list .facts { align-self: start; }
  .list .veiled :is(img, video) { filter: blur(8px); }
  .list .marks { inset: 0 44px 0 auto; align-items: center; max-width: none; flex-wrap: nowrap; }
  .list .active .marks { display: none; }
  .list .mark { background: none; color: var(--lk-quiet); padding: 2px; }
  .list .mark .icon { width: 16px; height: 16px; }
  .list .bad { color: var(--lk-bad); }
  .list .pick { inset: 0 8px 0 auto; margin: auto; background: var(--lk-raised); border-color: var(--lk-line); }
  .list .pick::before { background: #fff; }
  .list .acts { inset: 0 42px 0 auto; align-items: center; }
  .list .acts button { background: var(--lk-raised); color: var(--lk-text); }
  .list .acts button:hover:not(:disabled) { background: var(--lk-bg); }
  .list .waiting::before { content: ""; position: absolute; inset: 4px auto auto 8px; width: 33px; background: var(--lk-raised); }
  .list .waiting::after { content: ""; position: absolute; inset: 20px auto auto 51px; width: 40%; height: 12px; border-radius: 6px; background: var(--lk-raised); }
`;

/**
 * What stands inside of a grid's `<li>`.
 * @param {Item} item
 * @param {import("../parts/lk-grid.js").Looks} looks
 * @param {{ onAdd?: () => void, size?: string }} [options] with `size` the facts say it, too
 */
export function card(item, { reachable, selected, current, active, selectable, pictured }, { onAdd, size } = {}) {
  const tab = reachable ? 0 : -1;
  const strength = item.preferred_strength === null ? null : t("item.strength", { strength: number(item.preferred_strength, 2) });
  const facts = [item.base_model, strength, item.version_name, size];
  return html`
    <button type="button" class=${classMap({ open: true, gone: item.state !== "present" })} tabindex=${tab} aria-current=${current ? "true" : "false"} title=${item.name}>
      ${framed(item, active, pictured)}
      <span class="title cut">${item.title}</span>
      <span class="facts cut quiet">${facts.filter(Boolean).join(" · ") || item.kind}</span>
    </button>
    ${marks(item)}
    ${active ? acts(item, tab, onAdd) : null}
    ${selectable
      ? html`<button type="button" class="pick" role="checkbox" tabindex=${tab} aria-checked=${selected} aria-label=${t("library.select", { title: item.title })}></button>`
      : null}
  `;
}

/** @param {Item} item @param {boolean} active @param {boolean} pictured */
const framed = (item, active, pictured) => html`
  <span class=${classMap({ picture: true, veiled: item.has_preview && veiled(item.nsfw_level) })}>
    ${item.has_preview && pictured
      ? html`<img src=${library.preview(item)} alt="" loading="lazy" decoding="async" draggable="false" @error=${showIfThere} @load=${showIfThere} />`
      : null}
    ${active && item.has_motion && !isCalm() ? html`<video src=${library.motion(item)} muted autoplay loop playsinline .muted=${true} @error=${showIfThere}></video>` : null}
  </span>
`;

/** Whether who looks wants nothing to move. */
export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {Item} item */
function marks(item) {
  const said = [
    ...(item.state === "present" ? [] : [mark(item.state === "broken" ? "broken" : "missing", t(`item.${item.state}`), true)]),
    ...(item.favourite ? [mark("starred", t("item.favourite"))] : []),
    ...(item.has_update ? [mark("update", t("item.hasUpdate"))] : []),
    ...(item.copies > 1 ? [mark("copy", t("item.duplicate"))] : []),
  ];
  return said.length ? html`<span class="marks">${said}</span>` : null;
}

/** @param {Parameters<typeof icon>[0]} sign @param {string} text @param {boolean} [bad] which is read, too */
const mark = (sign, text, bad = false) => html`<span class="mark ${bad ? "bad" : ""}" title=${text}>${icon(sign)}<span class=${bad ? "" : "heard"}>${text}</span></span>`;

/** @param {Item} item @param {number} tab @param {(() => void) | undefined} onAdd */
function acts(item, tab, onAdd) {
  const words = item.trigger_words.map(({ text }) => text).join(", ");
  /** @param {string} label @param {string} hint @param {Parameters<typeof icon>[0]} sign @param {() => void} deed */
  const act = (label, hint, sign, deed) => html`
    <button type="button" class="square" tabindex=${tab} title=${hint} aria-label=${`${label}: ${item.title}`} @click=${deed}>${icon(sign)}</button>
  `;
  return html`
    <span class="acts">
      ${onAdd ? act(t("item.add"), t("item.add.title"), "graph", onAdd) : null}
      ${words ? act(t("item.copyWords"), t("item.copyWords"), "copy", () => copy(words)) : null}
    </span>
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
export const picture = (item) => frame(item.has_preview ? library.preview(item) : null);

/** @param {Event} event */
function showIfThere({ target, type }) {
  /** @type {HTMLElement} */ (target).hidden = type === "error";
}

/** A picture, with a sign for one until it is there, or where it can't be had. @param {string | null} url */
export const frame = (url) => html`
  <div class="picture">
    ${icon("picture")}
    ${url ? html`<img src=${url} alt="" loading="lazy" decoding="async" draggable="false" @error=${showIfThere} @load=${showIfThere} />` : null}
  </div>
`;
