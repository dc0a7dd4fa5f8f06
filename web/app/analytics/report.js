/** Draws the charts of a report's page, which holds this file, what it imports and the charts' figures in itself. */
import { draw } from "./charts.js";

/** What paper has room for: A4 without the page's margins, in CSS pixels. */
const PAPER = 660;

/** @param {any} Plotly */
function follow(Plotly) {
  /** @type {import("../../types/lorakeeper").Chart[]} */
  const charts = JSON.parse(document.getElementById("charts")?.textContent ?? "[]");
  const places = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-chart]")]);
  const root = document.documentElement;
  const theme = root.dataset.theme;
  let isPrinting = false;

  /** @param {HTMLElement} place */
  const show = (place) => {
    const chart = charts[Number(place.dataset.chart)];
    if (chart) void draw(Plotly, place, chart, look());
  };
  const all = () => places.forEach(show);

  /** @type {WeakMap<Element, number>} */
  const widths = new WeakMap();
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (isPrinting || widths.get(target) === target.clientWidth) continue;
      widths.set(target, target.clientWidth);
      show(/** @type {HTMLElement} */ (target));
    }
  });
  for (const place of places) sizes.observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);

  addEventListener("beforeprint", () => {
    isPrinting = true;
    root.dataset.theme = "light";
    for (const place of places) place.style.width = `${PAPER}px`;
    all();
  });
  addEventListener("afterprint", () => {
    isPrinting = false;
    root.dataset.theme = theme;
    for (const place of places) place.style.width = "";
    all();
  });
}

/** The page's colours as they are now. */
function look() {
  const style = getComputedStyle(document.documentElement);
  const read = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read("text"),
    quiet: read("quiet"),
    line: read("line"),
    background: read("card"),
    accent: read("accent"),
    font: read("font"),
    dark: style.colorScheme === "dark",
  };
}

follow(/** @type {any} */ (window).Plotly);
