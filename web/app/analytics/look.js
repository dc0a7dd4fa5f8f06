/** The colours of the moment, in a form that what draws charts understands, and when they change. */

/** @typedef {import("../../types/lorakeeper").Look} Look */

/** What of the page says which theme it has. */
const SAYS = { attributes: true, attributeFilter: ["class", "style", "data-theme"] };

/** Any colour of CSS as `rgb()`: what themes are mixed from comes in spaces that few programs know. @param {CanvasRenderingContext2D | null} pencil @param {string} color */
function plain(pencil, color) {
  if (!pencil) return color;
  pencil.clearRect(0, 0, 1, 1);
  pencil.fillStyle = color;
  pencil.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha = 255] = pencil.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? `rgb(${red}, ${green}, ${blue})` : `rgba(${red}, ${green}, ${blue}, ${(alpha / 255).toFixed(3)})`;
}

/** @param {string} color in `rgb()` */
function isDark(color) {
  const [red = 0, green = 0, blue = 0] = color.match(/[\d.]+/g)?.map(Number) ?? [];
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/** How things look where `probe` stands, which is coloured for a moment. @param {HTMLElement} probe @returns {Look} */
export function lookOf(probe) {
  const style = getComputedStyle(probe);
  const pencil = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  /** @param {string} token */
  const read = (token) => {
    probe.style.color = `var(--lk-${token})`;
    return plain(pencil, style.color);
  };
  const [text, quiet, line, background, accent] = ["text", "quiet", "line", "bg", "accent"].map(read);
  probe.style.color = "";
  const found = /** @type {Record<"text" | "quiet" | "line" | "background" | "accent", string>} */ ({ text, quiet, line, background, accent });
  return { ...found, font: style.fontFamily, dark: isDark(found.background) };
}

/** Calls `listener` whenever the page's theme may have changed, until the returned function is called. @param {() => void} listener */
export function onTheme(listener) {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, SAYS);
  observer.observe(document.body, SAYS);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", listener);
  };
}
