/**
 * The server's events: ComfyUI's own websocket inside ComfyUI, ours on the standalone page. `onResync` is called when it is
 * back after a break, or has come late, because events were missed meanwhile.
 */
import { BASE } from "./api.js";

/** @typedef {{ listen(type: string, listener: (data: any) => void): () => void, onReconnect(listener: () => void): () => void }} Source */

const LONGEST_WAIT = 10_000;
/** A page waits for its connection no longer than this. */
const PATIENCE_MS = 1_000;

/** Where events come from; given before anything listens. @type {Source} */
let source;

/** Takes events from `given`. @param {Source} given */
export function listenThrough(given) {
  source = given;
}

/** Takes events from a websocket of our own, and waits for it a while: whatever is read from then on is followed. */
export const listenByOurselves = () =>
  /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      source = ownSocket(resolve);
      setTimeout(resolve, PATIENCE_MS);
    })
  );

/**
 * Calls `listener` with the data of every `lorakeeper.<topic>` event until the returned function is called.
 * @param {"action" | "job" | "item" | "library" | "instruction" | "scan" | "variation"} topic
 * @param {(data: any) => void} listener
 */
export const onEvent = (topic, listener) => source.listen(`lorakeeper.${topic}`, listener);

/** @param {() => void} listener */
export const onResync = (listener) => source.onReconnect(listener);

/** @param {() => void} opened @returns {Source} */
function ownSocket(opened) {
  const messages = new EventTarget();
  const began = performance.now();
  let wait = 0;
  let missed = false;
  const open = () => {
    const url = new URL("ws", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.onopen = () => {
      wait = 0;
      if (missed || performance.now() - began > PATIENCE_MS) messages.dispatchEvent(new Event("reconnect"));
      missed = false;
      opened();
    };
    socket.onmessage = ({ data }) => {
      const { type, data: detail } = JSON.parse(data);
      messages.dispatchEvent(new CustomEvent(type, { detail }));
    };
    socket.onclose = () => {
      missed = true;
      wait = Math.min(LONGEST_WAIT, wait * 2 || 500);
      setTimeout(open, wait);
    };
  };
  open();
  return {
    listen: (type, listener) => listen(messages, type, (event) => listener(/** @type {CustomEvent} */ (event).detail)),
    onReconnect: (listener) => listen(messages, "reconnect", listener),
  };
}

/** @param {EventTarget} target @param {string} type @param {(event: Event) => void} listener */
export function listen(target, type, listener) {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}
