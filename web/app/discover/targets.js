/** Tells what a user pasted from what a user searches for; what exactly it is, the server knows. */

const PATTERNS = [
  /^https?:\/\//i,
  /^(www\.)?civitai\.[a-z]+\//i,
  /^urn:air:/i,
  /^(civitai:)?\d+@\d+$/i,
  // Model ids, and the six kinds of hash: 8 to 64 hex digits with at least one of them a number.
  /^\d{2,}$/,
  /^(?=.*\d)([0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{12}|[0-9a-f]{64})$/i,
];

/** @param {string} text */
export const isTarget = (text) => PATTERNS.some((pattern) => pattern.test(text.trim()));

/** Whether the text could as well be words. @param {string} text */
export const isDoubtful = (text) => /^[0-9a-f]+$/i.test(text.trim()) && text.trim().length < 64;
