/** Trigger words as they are compared, and how prompts name a LoRA. */

/** For comparing, as the server does. @param {string} word */
export const folded = (word) => word.toLowerCase().split(/\s+/).join(" ").trim();

/** Each word once, as it is spelled first. @param {string[]} words */
export function distinct(words) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const word of words) if (!found.has(folded(word))) found.set(folded(word), word);
  return [...found.values()];
}

/** Without the ending, as ComfyUI's users write it; at the preferred strength where no other is given. @param {{ name: string, preferred_strength?: number | null }} model @param {number} [weight] @param {string[]} [words] */
export const loraTag = ({ name, preferred_strength: preferred }, weight = preferred ?? 1, words = []) =>
  [`<lora:${name.replace(/\.[^./\\]+$/, "")}:${weight}>`, words.join(", ")].filter(Boolean).join(" ");
