/** Lorakeeper's routes, one function each. Every failure is an `ApiError` whose message is a sentence for the user. */
import { LANGUAGE, t } from "./strings.js";

/** @typedef {import("../types/lorakeeper").Job} Job */
/** @typedef {import("../types/lorakeeper").JobItem} JobItem */
/** @typedef {import("../types/lorakeeper").Action} Action */
/** @typedef {import("../types/lorakeeper").Item} Item */
/** @typedef {import("../types/lorakeeper").Detail} Detail */
/** @typedef {import("../types/lorakeeper").Instruction} Instruction */
/** @template T @typedef {import("../types/lorakeeper").Page<T>} Page */

/** `…/lorakeeper/`, wherever a proxy has put it. */
export const BASE = new URL("../", import.meta.url);

export class ApiError extends Error {
  /** @param {string} message @param {string} kind @param {number} status */
  constructor(message, kind, status) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/** @type {(path: string, init: RequestInit) => Promise<Response>} */
const sendAlone = (path, init) => fetch(new URL(path, BASE), init);

let send = sendAlone;

/** Sends requests through ComfyUI's own `fetchApi` from now on. @param {(route: string, init?: RequestInit) => Promise<Response>} fetchApi */
export function sendThrough(fetchApi) {
  send = (path, init) => fetchApi(`/lorakeeper/${path}`, init);
}

/**
 * `long` is for what may take minutes: ComfyUI's `fetchApi` gives up after one. A list goes as repeated keys.
 * @typedef {{ query?: Record<string, unknown>, body?: unknown, signal?: AbortSignal, long?: boolean }} Options
 */

/** @param {string} method @param {string} path @param {Options} [options] @returns {Promise<Response>} which is no error */
async function ask(method, path, { query = {}, body, signal, long = false } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const pairs = given.flatMap(([name, value]) => [value].flat().map((each) => [name, String(each)]));
  const search = new URLSearchParams(pairs).toString();
  /** @type {RequestInit} */
  const init = { method, signal, cache: "no-store" };
  if (method !== "GET") {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body ?? {});
  }
  /** @type {Response} */
  let answer;
  try {
    answer = await (long ? sendAlone : send)(search ? `${path}?${search}` : path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(t("error.offline"), "Offline", 0);
  }
  if (answer.ok) return answer;
  const data = await answer.json().catch(() => null);
  const { message = t("error.answer", { status: answer.status }), kind = "Error" } = data?.error ?? {};
  throw new ApiError(message, kind, answer.status);
}

/** The answer's JSON. @param {string} method @param {string} path @param {Options} [options] @returns {Promise<any>} */
async function call(method, path, options) {
  const answer = await ask(method, path, options);
  return answer.json().catch(() => null);
}

/**
 * A file that the server makes, which may take a while.
 * @param {string} path
 * @param {Record<string, unknown>} [query]
 * @returns {Promise<{ name: string, content: Blob }>}
 */
async function file(path, query) {
  const answer = await ask("GET", path, { query, long: true });
  try {
    return { name: nameIn(answer.headers.get("Content-Disposition") ?? "", path), content: await answer.blob() };
  } catch {
    throw new ApiError(t("error.offline"), "Offline", 0);
  }
}

/** The file's name in a Content-Disposition, else `otherwise`. @param {string} header @param {string} otherwise */
function nameIn(header, otherwise) {
  const [, coded] = header.match(/filename\*\s*=\s*utf-8''([^;\s]+)/i) ?? [];
  const [, quoted, bare] = header.match(/filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i) ?? [];
  return (coded && decodeURIComponent(coded)) || quoted || bare || otherwise.replaceAll("/", "-");
}

export const library = {
  /** The ids of all that fit, in the list's order. @param {import("../types/lorakeeper").LibraryFilter} query @param {AbortSignal} [signal] @returns {Promise<number[]>} */
  ids: async (query, signal) => (await call("GET", "library/ids", { query, signal })).ids,
  /** What a list shows of these files, at most 200, in their order; those that are gone are left out. @param {number[]} ids @param {AbortSignal} [signal] @returns {Promise<Item[]>} */
  cards: async (ids, signal) => (await call("GET", "library/cards", { query: { id: ids }, signal })).items,
  /** How many files each value of each filter would leave. @param {import("../types/lorakeeper").LibraryFilter} query @param {AbortSignal} [signal] @returns {Promise<import("../types/lorakeeper").Facets>} */
  facets: async (query, signal) => (await call("GET", "library/facets", { query, signal })).facets,
  /** How far the scan of all folders is. @returns {Promise<import("../types/lorakeeper").ScanState>} */
  scanState: () => call("GET", "library/scan"),
  /** Looks through all folders. @returns {Promise<import("../types/lorakeeper").ScanState>} */
  scan: () => call("POST", "library/scan"),
  /** The integrity check, and what it has found. @returns {Promise<import("../types/lorakeeper").CheckState>} */
  checkState: () => call("GET", "library/check"),
  /** @returns {Promise<import("../types/lorakeeper").CheckState>} */
  check: () => call("POST", "library/check"),
  /** @returns {Promise<import("../types/lorakeeper").CheckState>} */
  stopCheck: () => call("DELETE", "library/check"),
  /** Asks the site what files are; without ids all of them. @param {number[] | null} ids @param {boolean} again also about what is known @returns {Promise<{ asked: number, found: number, missed: number, errors: string[] }>} */
  askSite: (ids, again) => call("POST", "library/site", { body: { ids, again }, long: true }),
  /** Asks the site which models have newer versions. @returns {Promise<{ models: number, newer: unknown[], errors: string[] }>} */
  updates: () => call("POST", "library/updates", { long: true }),
  /** All about the file that a loader names, or about a hash. @param {{ kind: string, name: string } | { hash: string }} which @returns {Promise<Detail>} */
  info: (which) => call("POST", "library/info", { body: which, long: true }),
  /**
   * @param {import("../types/lorakeeper").LibraryFilter} query
   * @param {AbortSignal} [signal]
   * @returns {Promise<Page<Item>>}
   */
  page: (query, signal) => call("GET", "library", { query, signal }),
  /** @param {number} id @returns {Promise<Detail>} */
  get: (id) => call("GET", `library/${id}`),
  /** @param {number} id @param {import("../types/lorakeeper").UserChanges} changes @returns {Promise<Detail>} */
  update: (id, changes) => call("PATCH", `library/${id}`, { body: changes }),
  /** The thumbnail; it may be kept for as long as the content is the same. @param {Pick<Item, "id" | "sha256">} item */
  preview: ({ id, sha256 }) => new URL(`library/${id}/preview?v=${sha256?.slice(0, 12) ?? ""}`, BASE).href,
  /** The short video of what has one. @param {Pick<Item, "id" | "sha256">} item */
  motion: ({ id, sha256 }) => new URL(`library/${id}/motion?v=${sha256?.slice(0, 12) ?? ""}`, BASE).href,
};

/** What is done to files: planned first, and undone where the user wants it back. */
export const actions = {
  /** @param {import("../types/lorakeeper").ActionRequest} wanted @returns {Promise<import("../types/lorakeeper").ActionPlan>} */
  plan: (wanted) => call("POST", "actions/plan", { body: wanted, long: true }),
  /** @param {import("../types/lorakeeper").ActionRequest} wanted @returns {Promise<import("../types/lorakeeper").ActionDone>} */
  run: (wanted) => call("POST", "actions", { body: wanted, long: true }),
  /** @param {number} id @returns {Promise<import("../types/lorakeeper").ActionDone>} */
  undo: (id) => call("POST", `actions/${id}/undo`, { long: true }),
};

export const civitai = {
  /** @param {Record<string, unknown>} query @param {AbortSignal} [signal] @returns {Promise<Page<import("../types/lorakeeper").Found>>} */
  search: (query, signal) => call("GET", "civitai/search", { query, signal }),
  /**
   * @param {string} target
   * @param {number | null} [fileId]
   * @param {AbortSignal} [signal]
   * @returns {Promise<import("../types/lorakeeper").Resolved>}
   */
  resolve: (target, fileId, signal) =>
    call("POST", "civitai/resolve", { body: fileId ? { target, file_id: fileId } : { target }, signal }),
  /** The example pictures of a version, with what they were made by. @param {{ version_id: number, cursor?: string | null, limit?: number }} query @param {AbortSignal} [signal] @returns {Promise<Page<import("../types/lorakeeper").Example>>} */
  examples: (query, signal) => call("GET", "civitai/examples", { query, signal }),
  /** The workflow inside of an example. @param {number} version_id @param {string} url its `original` @returns {Promise<{ name: string, workflow: object | null, prompt: object | null }>} */
  workflow: (version_id, url) => call("GET", "civitai/examples/workflow", { query: { version_id, url }, long: true }),
  /** The address of a remote picture, which comes through our own route. @param {string} url */
  image: (url) => {
    if (/^https?:/.test(url) && new URL(url).origin !== BASE.origin)
      return new URL(`civitai/image?url=${encodeURIComponent(url)}`, BASE).href;
    return new URL(url.replace(/^\/(api\/)?lorakeeper\//, ""), BASE).href;
  },
};

export const jobs = {
  /** @param {string | null} [cursor] @returns {Promise<Page<Job>>} */
  page: (cursor) => call("GET", "jobs", { query: { cursor, limit: 200 } }),
  /** @param {{ target: string, kind?: string, file_id?: number }} job @returns {Promise<Job>} */
  add: (job) => call("POST", "jobs", { body: job }),
  /** @param {string} id @param {Action} action @returns {Promise<Job>} */
  act: (id, action) => call("POST", `jobs/${id}/${action}`),
  /** @param {string} id @param {{ name?: string, priority?: import("../types/lorakeeper").Priority }} changes @returns {Promise<Job>} */
  change: (id, changes) => call("PATCH", `jobs/${id}`, { body: changes }),
  /** Puts a job before another one, or at the end. @param {string} id @param {string | null} before @returns {Promise<Job>} */
  move: (id, before) => call("POST", `jobs/${id}/move`, { body: { before } }),
  /** @param {string} id */
  forget: (id) => call("DELETE", `jobs/${id}`),
  /** @param {string} id @param {string | null} cursor @param {number} limit @returns {Promise<Page<JobItem>>} */
  items: (id, cursor, limit) => call("GET", `jobs/${id}/items`, { query: { cursor, limit } }),
  /** @param {JobItem} item @param {Action} action @returns {Promise<JobItem>} */
  actItem: ({ job, id }, action) => call("POST", `jobs/${job}/items/${id}/${action}`),
  /** Puts a file before another one of its job, or at the end. @param {JobItem} item @param {string | null} before @returns {Promise<JobItem>} */
  moveItem: ({ job, id }, before) => call("POST", `jobs/${job}/items/${id}/move`, { body: { before } }),
};

export const instructions = {
  /** Writes a plan. @param {{ kind: string, title: string, payload: Record<string, unknown>, every?: string }} plan @returns {Promise<Instruction>} */
  create: (plan) => call("POST", "instructions", { body: plan }),
  /** @param {import("../types/lorakeeper").InstructionStatus} status @param {string | null} [cursor] @returns {Promise<Page<Instruction>>} */
  page: (status, cursor) => call("GET", "instructions", { query: { status, cursor, limit: 20 } }),
  /** @param {string} id @returns {Promise<Instruction>} */
  get: (id) => call("GET", `instructions/${id}`),
  /** Takes in a list of targets, or a file of plans. @param {string} text @param {string} title @returns {Promise<Instruction[]>} */
  take: async (text, title) => (await call("POST", "instructions/import", { body: { text, title } })).items,
  /**
   * What is missing of a workflow: its text, or a picture in base64 that has it inside.
   * @param {{ text: string, name: string } | { data: string, name: string }} workflow
   * @returns {Promise<import("../types/lorakeeper").MissingReport>}
   */
  missing: (workflow) => call("POST", "instructions/missing", { body: workflow, long: true }),
  /** Changes a plan; with another payload it is a draft again. @param {string} id @param {{ title?: string, payload?: Record<string, unknown> }} changes @returns {Promise<Instruction>} */
  change: (id, changes) => call("PATCH", `instructions/${id}`, { body: changes }),
  /** @param {string} id @returns {Promise<Instruction>} */
  validate: (id) => call("POST", `instructions/${id}/validate`, { long: true }),
  /** @param {string} id @returns {Promise<Instruction>} */
  approve: (id) => call("POST", `instructions/${id}/approve`),
  /** @param {string} id @returns {Promise<Instruction>} */
  execute: (id) => call("POST", `instructions/${id}/execute`),
  /** @param {string} id @returns {Promise<Instruction>} */
  stop: (id) => call("POST", `instructions/${id}/stop`, { long: true }),
  /** @param {string} id @returns {Promise<Instruction>} */
  reject: (id) => call("POST", `instructions/${id}/reject`),
  /** @param {string} id */
  remove: (id) => call("DELETE", `instructions/${id}`),
};

export const variations = {
  /** @returns {Promise<import("../types/lorakeeper").Run[]>} */
  list: async () => (await call("GET", "variations")).items,
  /** @param {string} id @returns {Promise<import("../types/lorakeeper").RunView>} */
  get: (id) => call("GET", `variations/${id}`),
  /** @param {import("../types/lorakeeper").NewRun} run @returns {Promise<import("../types/lorakeeper").RunView>} */
  begin: (run) => call("POST", "variations", { body: run, long: true }),
  /** @param {import("../types/lorakeeper").NewRun} run @returns {Promise<import("../types/lorakeeper").RunEstimate>} */
  estimate: (run) => call("POST", "variations/estimate", { body: run, long: true }),
  /** @returns {Promise<import("../types/lorakeeper").ImageModels>} */
  models: () => call("GET", "variations/models"),
  /** The address of a picture of a run. @param {string} id @param {number} number */
  picture: (id, number) => new URL(`variations/${id}/pictures/${number}`, BASE).href,
  /** The picture itself. @param {string} id @param {number} number */
  pictureFile: (id, number) => file(`variations/${id}/pictures/${number}`),
  /** @param {string} id @returns {Promise<import("../types/lorakeeper").RunView>} */
  stop: (id) => call("POST", `variations/${id}/stop`),
  /** Writes pictures as files: those with these numbers, or all that were accepted. @param {string} id @param {number[] | null} numbers @returns {Promise<string[]>} */
  keep: async (id, numbers) => (await call("POST", `variations/${id}/keep`, { body: { numbers }, long: true })).names,
  /** @param {string} id */
  forget: (id) => call("DELETE", `variations/${id}`),
  /** @returns {Promise<{ bytes: number, limit: number }>} */
  cache: () => call("GET", "variations/cache"),
  /** @returns {Promise<{ dropped: number }>} */
  clearCache: () => call("DELETE", "variations/cache"),
};

/** @returns {Promise<import("../types/lorakeeper").PerformanceReport>} */
export const performanceReport = () => call("GET", "performance");

export const security = {
  /** What was scanned, and what is held back now. @returns {Promise<import("../types/lorakeeper").SecurityReport>} */
  report: () => call("GET", "security/report"),
  /** What the scanner said of each file that was fetched, newest first. @param {{ cursor?: string | null, limit?: number, verdict?: string, became?: string }} query @returns {Promise<Page<import("../types/lorakeeper").Scan>>} */
  scans: (query) => call("GET", "security/scans", { query }),
  /** @param {string} sha256 @param {string} reason @param {string} [kind] @returns {Promise<import("../types/lorakeeper").Released>} */
  release: (sha256, reason, kind) => call("POST", `quarantine/${sha256}/release`, { body: kind ? { reason, kind } : { reason } }),
  /** @param {string} sha256 */
  remove: (sha256) => call("DELETE", `quarantine/${sha256}`),
};

export const analytics = {
  /** @param {string} period such as `30d`, `2026` or `all` @param {AbortSignal} [signal] @returns {Promise<import("../types/lorakeeper").Analytics>} */
  summary: (period, signal) => call("GET", "analytics/summary", { query: { period, language: LANGUAGE }, signal, long: true }),
  /** @param {{ format: string, period: string, language: string, theme: string }} wanted */
  report: (wanted) => file("analytics/report", wanted),
  /** The reports that instructions have made, newest first. @returns {Promise<import("../types/lorakeeper").KeptReport[]>} */
  kept: async () => (await call("GET", "analytics/reports")).items,
  /** One of them. @param {string} name */
  keptReport: (name) => file(`analytics/reports/${encodeURIComponent(name)}`),
  /** All that is recorded. */
  export: () => file("analytics/export"),
  /** Deletes all that is recorded. */
  remove: () => call("DELETE", "analytics"),
};

export const prompt = {
  /** `text` with those `words` that it does not hold yet. @param {string} text @param {string[]} words @returns {Promise<string>} */
  insert: async (text, words) =>
    (await call("POST", "prompt/trigger-words", { body: { prompt: text, words, placement: "before" } })).prompt,
};

export const graph = {
  /**
   * The SHA256 of each file, null where it isn't known, and for each prompt what its tags name.
   * @param {{ names: { kind: string, name: string }[], prompts: string[] }} wanted
   * @returns {Promise<{ contents: (string | null)[], named: Record<string, string>[] }>}
   */
  contents: (wanted) => call("POST", "graph/contents", { body: wanted }),
  /**
   * What is known of each file, null where it isn't here, and for each prompt of the LoRAs that its tags name.
   * @param {{ kind: string | null, name: string }[]} files
   * @param {string[]} [prompts]
   * @returns {Promise<{ files: (import("../types/lorakeeper").KnownFile | null)[], named: import("../types/lorakeeper").KnownFile[][] }>}
   */
  known: (files, prompts = []) => call("POST", "graph/known", { body: { files, prompts } }),
  /**
   * The names of those that are not here; nobody but this machine is asked.
   * @param {{ kind: string | null, name: string, content?: string }[]} files
   * @returns {Promise<string[]>}
   */
  missing: async (files) => (await call("POST", "graph/missing", { body: { files } })).names,
  /**
   * What doesn't fit, for each node that there is something to say of.
   * @param {import("../types/lorakeeper").LorasOnBase[]} nodes
   * @returns {Promise<Record<string, string>>}
   */
  check: async (nodes) => (await call("POST", "graph/check", { body: { nodes } })).warnings,
};

export const settings = {
  /** @returns {Promise<Record<string, unknown>>} */
  get: () => call("GET", "settings"),
  /** What each setting may be, as the server publishes it. @returns {Promise<Record<string, import("../types/lorakeeper").SettingSchema>>} */
  schema: async () => (await call("GET", "openapi.json")).components.schemas.Settings.properties,
  /** @param {Record<string, unknown>} changes @returns {Promise<Record<string, unknown>>} */
  update: (changes) => call("PATCH", "settings", { body: changes }),
};

export const credentials = {
  /** @returns {Promise<Record<string, import("../types/lorakeeper").Credential>>} */
  get: () => call("GET", "credentials"),
  /** @param {string} service @param {string} key */
  set: (service, key) => call("PUT", `credentials/${service}`, { body: { key } }),
  /** @param {string} service */
  remove: (service) => call("DELETE", `credentials/${service}`),
};
