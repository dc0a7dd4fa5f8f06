/** How the settings are grouped, in the order in which they are shown; what no group names stands at the end. */

/** @type {Record<string, string[]>} */
const GROUPS = {
  folders: ["models", "path_template"],
  downloads: ["concurrency", "job_concurrency", "connections", "optimization"],
  content: ["nsfw_limit", "blur_from"],
  library: ["ask_site", "hash_while_running", "hash_threads", "hash_blake3"],
  variations: ["gemini_concurrency", "gemini_per_minute", "variation_cache_mb"],
  analytics: ["analytics", "analytics_days", "report_format"],
  network: ["proxy", "cache", "civitai_url", "gemini_url", "image_hosts"],
};

/** Each group with those of these settings that are in it; a group without any is left out. @param {string[]} names @returns {{ group: string, names: string[] }[]} */
export function grouped(names) {
  const known = new Set(Object.values(GROUPS).flat());
  const groups = Object.entries(GROUPS).map(([group, each]) => ({ group, names: each.filter((name) => names.includes(name)) }));
  return [...groups, { group: "other", names: names.filter((name) => !known.has(name)) }].filter((each) => each.names.length);
}
