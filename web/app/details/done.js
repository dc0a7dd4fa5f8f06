/** What is said of a deed on files when it is done: its summary with a way back, or why it was not done. */
import { actions } from "../api.js";
import { messages } from "../messages.js";

/** Throws the first reason where nothing was done. @param {import("../../types/lorakeeper").ActionDone} deed */
export function done({ action_id, summary, steps, done: count, undoable }) {
  const why = steps.find((step) => step.outcome === "failed" || step.outcome === "refused")?.why;
  if (!count) throw new Error(why ?? steps[0]?.why ?? summary);
  if (undoable && action_id !== null) messages.undoable(summary, () => actions.undo(action_id));
  else messages.info(summary);
  if (why) messages.error(why);
}
