/** What a search of the site may be narrowed to, and how that is said. */
import { t } from "../strings.js";

/**
 * A search. `safe` is only what suits everybody; what the setting keeps back is never shown.
 * @typedef {{ query: string, types: string[], base_models: string[], sort: string, period: string, username: string, tag: string, safe: boolean }} Wanted
 */
/** @typedef {{ key: keyof Wanted, value: string, text: string }} Part */

/** The common ones first; the site has a few more, which hold no models. */
export const TYPES = ["LORA", "LoCon", "DoRA", "Checkpoint", "TextualInversion", "VAE", "Controlnet", "Upscaler", "TextEncoder", "UNet",
  "CLIP", "CLIPVision", "Hypernetwork", "MotionModule", "Detection", "Poses", "Wildcards", "Workflows", "Other"];
/** Those in use; others can be typed. */
export const BASES = ["SD 1.5", "SDXL 1.0", "Pony", "Pony V7", "Illustrious", "NoobAI", "SDXL Turbo", "SDXL Lightning", "SDXL Hyper",
  "Flux.1 D", "Flux.1 S", "Flux.1 Krea", "Flux.1 Kontext", "Flux.2 D", "Chroma", "Z Image Turbo", "Qwen", "HiDream", "Lumina", "SD 3.5",
  "SD 3.5 Large", "SD 3.5 Medium", "SD 2.1", "SD 1.4", "Wan Video 1.3B t2v", "Wan Video 14B t2v", "Wan Video 14B i2v 480p",
  "Wan Video 14B i2v 720p", "Wan Video 2.2 T2V-A14B", "Wan Video 2.2 I2V-A14B", "Wan Video 2.2 TI2V-5B", "Hunyuan Video", "LTXV",
  "Hunyuan 1", "Kolors", "PixArt a", "PixArt E", "AuraFlow", "Stable Cascade", "SVD", "Upscaler", "Other"];
export const SORTS = ["Highest Rated", "Most Downloaded", "Most Liked", "Most Discussed", "Most Collected", "Most Images", "Newest", "Oldest"];
export const PERIODS = ["AllTime", "Year", "Month", "Week", "Day"];

/** @type {Readonly<Wanted>} */
export const NOTHING = Object.freeze({ query: "", types: [], base_models: [], sort: "", period: "", username: "", tag: "", safe: false });

/** A search from what another view asks for: texts and lists of them, whatever else there is left out. @param {Record<string, unknown>} given @returns {Wanted} */
export function wantedOf(given) {
  const lists = (/** @type {unknown} */ value) => [value ?? []].flat().map(String).filter(Boolean);
  const text = (/** @type {unknown} */ value) => (value === null || value === undefined ? "" : String(value));
  const { query, types, base_models, sort, period, username, tag, safe } = given;
  return {
    query: text(query),
    types: lists(types),
    base_models: lists(base_models),
    sort: text(sort),
    period: text(period),
    username: text(username),
    tag: text(tag),
    safe: safe === true,
  };
}

/** What it is narrowed to, besides the words, a part at a time. @param {Wanted} wanted @returns {Part[]} */
export function partsOf(wanted) {
  const { types, base_models, sort, period, username, tag, safe } = wanted;
  /** @type {(key: keyof Wanted, value: string, text?: string) => Part[]} */
  const part = (key, value, text = value) => (value ? [{ key, value, text }] : []);
  return [
    ...types.flatMap((each) => part("types", each)),
    ...base_models.flatMap((each) => part("base_models", each)),
    ...part("sort", sort, sortName(sort)),
    ...part("period", period, periodName(period)),
    ...part("username", username, t("preview.by", { creator: username })),
    ...part("tag", tag, t("discover.part.tag", { tag })),
    ...(safe ? part("safe", "yes", t("discover.part.safe")) : []),
  ];
}

/** @param {Wanted} wanted @param {Part} part @returns {Wanted} */
export function without(wanted, { key, value }) {
  const before = wanted[key];
  return { ...wanted, [key]: Array.isArray(before) ? before.filter((each) => each !== value) : NOTHING[key] };
}

/** @param {string} sort */
export const sortName = (sort) => t(`discover.sort.${sort.replaceAll(" ", "")}`);

/** @param {string} period */
export const periodName = (period) => t(`discover.period.${period}`);
