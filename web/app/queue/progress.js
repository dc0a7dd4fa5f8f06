/** How far a download is, as jobs and their files show it: the bar, the state with its mark, and the numbers. */
import { css, html, nothing } from "../vendor/lit.js";
import { bytes, duration, rate } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").ItemState} ItemState */
/** @typedef {import("../../types/lorakeeper").JobState} JobState */
/** @typedef {{ received: number, total: number | null, rate: number, eta: number | null }} Amounts */

/** @type {Partial<Record<ItemState | JobState, Parameters<typeof icon>[0]>>} */
const MARKS = {
  installed: "check",
  owned: "check",
  completed: "check",
  failed: "broken",
  quarantined: "broken",
  paused: "pause",
  cancelled: "cancel",
};
const LOOKS = /** @type {Record<string, string>} */ ({
  installed: "good",
  owned: "good",
  completed: "good",
  failed: "bad",
  quarantined: "bad",
  paused: "warn",
});

export const progressStyles = css`
  .state { display: inline-flex; gap: 4px; align-items: center; flex: 0 0 auto; max-width: 100%; }
  .state .icon { width: 15px; height: 15px; }
  .facts { display: flex; flex-wrap: wrap; gap: 0 8px; align-items: center; font-size: 12px; min-height: 20px; font-variant-numeric: tabular-nums; }
  progress { appearance: none; display: block; width: 100%; height: 5px; border: 0; border-radius: 3px; overflow: hidden;
    background: var(--lk-line); }
  progress::-webkit-progress-bar { background: var(--lk-line); }
  progress::-webkit-progress-value { background: var(--lk-accent); border-radius: 3px; transition: width 0.25s linear; }
  progress::-moz-progress-bar { background: var(--lk-accent); border-radius: 3px; }
  progress.paused::-webkit-progress-value { background: var(--lk-quiet); }
  progress.paused::-moz-progress-bar { background: var(--lk-quiet); }
  progress:indeterminate { animation: wait 1.2s linear infinite;
    background: linear-gradient(90deg, transparent 30%, var(--lk-accent), transparent 70%) -100% 0 / 200% 100%, var(--lk-line); }
  progress:indeterminate::-webkit-progress-bar { background: none; }
  @keyframes wait { to { background-position: 100% 0, 0 0; } }
  .error { overflow-wrap: anywhere; }
`;

/** A bar of its own movement where it isn't known how far it is. @param {string} name @param {string} look @param {number | null} part */
export const bar = (name, look, part) =>
  html`<progress class=${look} aria-label=${name} max="1" value=${part === null ? nothing : part}></progress>`;

/** @param {ItemState | JobState} state @param {string} label */
export function stateMark(state, label) {
  const mark = MARKS[state];
  return html`<span class="state ${LOOKS[state] ?? ""}">${mark ? icon(mark) : null}${label}</span>`;
}

/** `1 MB of 5 MB · 2 MB/s · 2 s left`; `about` where the whole is a guess. @param {Amounts} of @param {{ moving: boolean, about?: boolean }} how */
export function amounts({ received, total, rate: speed, eta }, { moving, about = false }) {
  const whole = total === null ? null : t(about ? "job.progress.about" : "job.progress", { received: bytes(received), total: bytes(total) });
  const left = moving && eta !== null ? t("job.left", { time: duration(eta) }) : null;
  return [whole ?? bytes(received), moving && speed > 0 ? rate(speed) : null, left].filter(Boolean).join(" · ");
}
