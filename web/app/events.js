/**
 * The server's events: ComfyUI's own websocket inside ComfyUI, ours on the standalone page. After a break `onResync` is
 * called, because events were missed meanwhile.
 */
import { BASE } from "./api.js";

/** @typedef {{ listen(type: string, listener: (data: any) => void): () => void, onReconnect(listener: () => void): () => void }} Source */

const LONGEST_WAIT = 10_000;

/** @type {Source | undefined} */
let source;

/** Takes events from `given` instead of a websocket of our own. @param {Source} given */
export function listenThrough(given) {
  source = given;
}

/**
 * Calls `listener` with the data of every `lorakeeper.<topic>` event until the returned function is called.
 * @param {"action" | "job" | "item" | "library" | "instruction" | "scan" | "variation"} topic
 * @param {(data: any) => void} listener
 */
export const onEvent = (topic, listener) => (source ??= ownSocket()).listen(`lorakeeper.${topic}`, listener);

/** @param {() => void} listener */
export const onResync = (listener) => (source ??= ownSocket()).onReconnect(listener);

/** @returns {Source} */
function ownSocket() {
  const messages = new EventTarget();
  let wait = 0;
  let opened = false;
  const open = () => {
    const url = new URL("ws", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.onopen = () => {
      wait = 0;
      if (opened) messages.dispatchEvent(new Event("reconnect"));
      opened = true;
    };
    socket.onmessage = ({ data }) => {
      const { type, data: detail } = JSON.parse(data);
      messages.dispatchEvent(new CustomEvent(type, { detail }));
    };
    socket.onclose = () => {
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
