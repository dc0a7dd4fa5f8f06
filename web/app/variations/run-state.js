/** How a run stands, in a mark and a few counts. */
import { html } from "../vendor/lit.js";
import { number } from "../format.js";
import { t } from "../strings.js";
import { stateMark } from "../queue/progress.js";

/** @typedef {import("../../types/lorakeeper").Run} Run */

/** @type {Record<Run["state"], Parameters<typeof stateMark>[0]>} */
const LOOKS = { running: "processing", done: "completed", failed: "failed", stopped: "cancelled" };

/** @param {Run} run */
export function stateOf({ state, count, report }) {
  const counts = [
    t("variations.count", { done: number(report.successful), count: number(count) }),
    report.rejected ? t("variations.count.rejected", { count: number(report.rejected) }) : "",
    report.failed ? t("variations.count.failed", { count: number(report.failed) }) : "",
  ];
  return html`${stateMark(LOOKS[state], t(`variations.state.${state}`))}<span>${counts.filter(Boolean).join(" · ")}</span>`;
}
