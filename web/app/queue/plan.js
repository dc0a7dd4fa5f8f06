/**
 * One plan that is open: made of what was pasted or dropped, looked through, decided on, carried out. Dispatches `change`, and
 * `end` when there is nothing more to see of it: `next` is the view to go to then.
 */
import { ApiError, instructions as routes } from "../api.js";
import { onEvent, onResync } from "../events.js";
import { number } from "../format.js";
import { messages } from "../messages.js";
import { plans } from "./plans.js";
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").Instruction} Instruction */
/** @typedef {import("../../types/lorakeeper").WorkflowModel} WorkflowModel */
/** @typedef {import("./intake.js").Origin} Origin */

/** How long what was seen at the site is believed. */
const FRESH_MS = 3_600_000;
/** Answers that are the same another time: what was sent can't be used, is too large, or is about nothing. */
const REFUSALS = [400, 404, 413, 422];

/** Whether it will never be carried out. @param {Instruction} plan */
export const isOver = (plan) => plan.status === "executed" || plan.status === "rejected";

/** Whether there is something to do, and room for it. @param {Instruction | null} plan */
export const isFeasible = (plan) =>
  Boolean(plan?.validation && plan.validation.files > 0 && !plan.validation.remarks.some(({ kind }) => kind === "space"));

export class Plan extends EventTarget {
  /** @param {Origin} origin */
  constructor(origin) {
    super();
    this.origin = origin;
    /** @type {Instruction | null} */
    this.instruction = null;
    /** All models of the workflow that it comes from. @type {WorkflowModel[]} */
    this.models = [];
    this.busy = /** @type {"" | "plan.reading" | "plan.looking" | "plan.starting" | "plan.stopping"} */ ("");
    this.error = "";
    /** Whether it would be no use to try that again. */
    this.isRefused = false;
    this.next = "";
    this.stopped = false;
    /** @type {(() => void)[]} */
    this.stops = [];
  }

  get title() {
    return this.instruction?.title ?? this.origin.title;
  }

  /** Whether it is known what the plan is. */
  get isKnown() {
    return this.instruction !== null || this.models.length > 0;
  }

  /** Makes or reads it, looks it through where that is due, and follows it until `stop`. */
  async start() {
    this.stops = [onEvent("instruction", (news) => this.#hear(news)), onResync(() => void this.#read())];
    await this.again();
  }

  stop() {
    this.stopped = true;
    for (const stop of this.stops) stop();
  }

  /** Does what failed, or what is due, once more. */
  async again() {
    if (this.instruction) return this.look();
    await this.#do("plan.reading", async () => {
      const { instructions, models } = await this.origin.take();
      for (const each of instructions) plans.put(each);
      const [first] = instructions;
      if (models && !models.some(({ state }) => state !== "here")) return this.#end(nothingMissing(models.length));
      if (instructions.length > 1) return this.#end(t("plan.many", { count: instructions.length }), "queue");
      this.models = models ?? [];
      this.instruction = first ?? null;
    });
    if (this.instruction && !this.stopped && isDue(this.instruction)) await this.look();
  }

  /** Looks what carrying it out would do. */
  look() {
    return this.#do("plan.looking", async (plan) => this.#take(await routes.validate(plan.id)));
  }

  /** Approves it and starts it; that it is done is told by an event. */
  carryOut() {
    return this.#do("plan.starting", async (plan) => {
      if (plan.status !== "approved") this.#take(await routes.approve(plan.id));
      const started = await routes.execute(plan.id);
      // Its end may have overtaken this answer.
      if (this.instruction?.status === "approved") this.#take(started);
    });
  }

  /** Stops it; what was done stays, and it can go on from there. */
  halt() {
    return this.#do("plan.stopping", async (plan) => this.#take(await routes.stop(plan.id)));
  }

  /** Says no, with a way back for ten seconds. */
  reject() {
    const { instruction } = this;
    if (!instruction) return;
    const { id, title } = instruction;
    plans.hide(id, true);
    messages.undoable(t("plan.rejected", { title }), () => plans.hide(id, false), () => plans.end(id, "reject"));
    this.#end("");
  }

  /** @param {import("../../types/lorakeeper").InstructionNews} news */
  #hear({ id, status, error, result, every, due }) {
    const { instruction } = this;
    if (!instruction || id !== instruction.id || !status) return;
    if (status === "approved" && every !== "once" && instruction.running && this.busy !== "plan.stopping") {
      this.#take({ ...instruction, status, running: false, error: error ?? null, result: result ?? null, due: due ?? null });
      if (!error) this.#end(isDone(instruction.title, result ?? {}));
      return;
    }
    if (status === instruction.status) return;
    if (status === "executed" || status === "failed") {
      this.#take({ ...instruction, status, running: false, error: error ?? null, result: result ?? null });
      if (status === "failed") return;
      if (instruction.kind === "download") this.#end("", "queue");
      else this.#end(isDone(instruction.title, result ?? {}));
    } else if (!this.busy) void this.#read();
  }

  async #read() {
    const { instruction, busy } = this;
    if (!instruction || busy === "plan.looking") return;
    try {
      this.#take(await routes.get(instruction.id));
      if (!this.stopped && isDue(/** @type {Instruction} */ (this.instruction))) await this.look();
    } catch (error) {
      this.error = /** @type {Error} */ (error).message;
      this.isRefused = false;
      this.#changed();
    }
  }

  /** @param {Instruction} instruction */
  #take(instruction) {
    this.instruction = instruction;
    plans.put(instruction);
    this.#changed();
  }

  /** @param {Plan["busy"]} what @param {(plan: Instruction) => Promise<void>} deed */
  async #do(what, deed) {
    if (this.busy) return;
    this.busy = what;
    this.error = "";
    this.#changed();
    try {
      await deed(/** @type {Instruction} */ (this.instruction));
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      this.isRefused = !(error instanceof ApiError) || REFUSALS.includes(error.status);
    }
    this.busy = "";
    this.#changed();
  }

  /** @param {string} text @param {string} [next] */
  #end(text, next = "") {
    if (text) messages.info(text);
    this.next = next;
    if (!this.stopped) this.dispatchEvent(new Event("end"));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether it has to be looked through before anything can be decided. @param {Instruction} plan */
function isDue({ status, running, validation, due }) {
  if (running || due || !["draft", "validated", "approved"].includes(status)) return false;
  return status === "draft" || !validation || Date.now() - Date.parse(validation.at) > FRESH_MS;
}

/** @param {string} title @param {Record<string, unknown>} result */
function isDone(title, { folder, files, file }) {
  if (typeof file === "string") return t("plan.written", { title, file });
  if (typeof folder !== "string" || typeof files !== "number") return t("plan.done", { title });
  return t("plan.made", { title, count: number(files), folder });
}

/** @param {number} count */
const nothingMissing = (count) => (count === 0 ? t("plan.noModels") : t("plan.complete", { count }));
