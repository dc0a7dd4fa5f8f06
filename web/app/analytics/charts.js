/**
 * Draws a chart with Plotly: in the sidebar and in the reports' page, which holds this file and `format.js` in itself.
 *
 * Names come from strangers, and Plotly reads markup and templates in what it shows: every text goes through `plain()`,
 * and what is shown of a point is a text of its own, never a template.
 */
import { bytes, duration, number, rate } from "../format.js";

/** @typedef {import("../../types/lorakeeper").Chart} Chart */
/** @typedef {import("../../types/lorakeeper").Look} Look */
/** @typedef {{ traces: Record<string, unknown>[], layout: Record<string, any>, height: number }} Drawing */

/** Told apart by those who see fewer colours too, and from the ground of either theme. */
const COLORS = {
  light: ["#2b6cb8", "#c96a1b", "#2a8c82", "#8d5aa8"],
  dark: ["#64a8f0", "#efa04b", "#4cc2b3", "#c79ad8"],
};
/** From nothing to the most. */
const HEAT = {
  light: { none: [236, 240, 245], most: [24, 84, 156] },
  dark: { none: [42, 46, 54], most: [122, 190, 255] },
};
/** What would ask another machine is off, and so are the buttons, which the hand has no use for in charts this small. */
const CONFIG = { displayModeBar: false, displaylogo: false, showLink: false, showSendToCloud: false, typesetMath: false };
const NOTHING = 1e-9;
const SIZE = 12;
const OVER_TIME = 240;
const ROW = 30;
const HEAT_ROW = 24;
const LINE_OF_TIP = 44;
const LINES_OF_TIP = 8;

/**
 * Draws `chart` as wide as `element` is, instead of what was there. To be called again when the width or the look changes.
 * @param {any} Plotly @param {HTMLElement} element @param {Chart} chart @param {Look} look @returns {Promise<unknown>}
 */
export async function draw(Plotly, element, chart, look) {
  const width = Math.max(200, element.clientWidth);
  const { traces, layout, height } = { lines: overTime, bars: overTime, rows, heat }[chart.kind](chart, look, width);
  element.style.height = `${height}px`;
  return Plotly.react(element, traces, { ...frame(look, width, height), ...layout }, { ...CONFIG });
}

/** How tall a chart will be, so that nothing moves when it is drawn. @param {Chart} chart */
export function heightOf({ kind, x, series }) {
  if (kind === "rows") return x.length * ROW + 12;
  return kind === "heat" ? series.length * HEAT_ROW + 30 : OVER_TIME;
}

/** What all charts have. @param {Look} look @param {number} width @param {number} height */
function frame(look, width, height) {
  return {
    width,
    height,
    autosize: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: look.font, size: SIZE, color: look.quiet },
    dragmode: false,
    hoverlabel: { bgcolor: look.background, bordercolor: look.line, align: "left", font: { family: look.font, size: SIZE, color: look.text } },
    separators: ".,",
  };
}

// -- Kinds ------------------------------------------------------------------------------------------------------------

/** @param {Chart} chart @param {Look} look @param {number} width @returns {Drawing} */
function overTime({ kind, x, series, unit, stacked }, look, width) {
  const colors = palette(look);
  const several = series.length > 1;
  const tops = stacked ? x.map((_, at) => sum(series.map(({ values }) => values[at] ?? 0))) : series.flatMap(({ values }) => values);
  const scale = ticks(Math.max(0, ...tops), unit);
  const common = { x, hoverinfo: "x+text" };
  const traces = series.map(({ name, values }, at) => {
    const color = colors[at % colors.length] ?? look.accent;
    const tips = values.map((value) => plain(several ? `${name}: ${write(value, unit)}` : write(value, unit)));
    const trace = { ...common, y: values, name: plain(name), hovertext: tips };
    return kind === "bars"
      ? { ...trace, type: "bar", marker: { color, line: { width: 0 } } }
      : {
          ...trace,
          type: "scatter",
          mode: x.length > 1 ? "lines" : "markers",
          line: { color, width: x.length > 120 ? 1.4 : 2 },
          ...(several ? {} : { fill: "tozeroy", fillcolor: seeThrough(color, look.dark ? 0.16 : 0.1) }),
        };
  });
  const most = Math.max(2, Math.floor((width - 70) / 110));
  const places = evenly(x.length, most, true);
  const layout = {
    barmode: "stack",
    bargap: x.length > 60 ? 0.1 : 0.25,
    margin: { l: 8, r: 14, t: several ? 34 : 10, b: 30 },
    hovermode: "x unified",
    showlegend: several,
    legend: { orientation: "h", traceorder: "normal", x: 0, xanchor: "left", y: 1, yanchor: "bottom", font: { color: look.text, size: SIZE }, itemclick: false, itemdoubleclick: false },
    xaxis: {
      type: "category",
      categoryorder: "array",
      categoryarray: x,
      range: [-0.5, x.length - 0.5],
      fixedrange: true,
      showgrid: false,
      zeroline: false,
      showspikes: false,
      linecolor: look.line,
      tickmode: "array",
      tickvals: places,
      ticktext: places.map((place) => plain(x[place] ?? "")),
      tickangle: 0,
      ticks: "outside",
      ticklen: 4,
      tickcolor: look.line,
    },
    yaxis: valueAxis(look, scale),
  };
  return { traces, layout, height: OVER_TIME };
}

/** @param {Chart} chart @param {Look} look @param {number} width @returns {Drawing} */
function rows({ x, series, unit }, look, width) {
  const values = series[0]?.values ?? [];
  const most = Math.max(0, ...values) || 1;
  const font = `${SIZE}px ${look.font}`;
  const shown = values.map((value) => write(value, unit));
  const side = Math.min(width * 0.42, Math.max(0, ...x.map((name) => widthOf(name, font))) + 4);
  const end = Math.max(0, ...shown.map((text) => widthOf(text, font))) + 14;
  const height = x.length * ROW + 12;
  const traces = [
    {
      type: "bar",
      orientation: "h",
      x: values,
      y: x.map((_, at) => at),
      marker: { color: palette(look)[0], line: { width: 0 } },
      text: shown.map(plain),
      textposition: "outside",
      textfont: { color: look.text, size: SIZE },
      cliponaxis: false,
      hoverinfo: "text",
      hovertext: x.map((name, at) => `${broken(name)}<br>${plain(shown[at] ?? "")}`),
    },
  ];
  const layout = {
    bargap: 0.38,
    hovermode: "closest",
    showlegend: false,
    margin: { l: side + 8, r: end, t: 4, b: 8 },
    xaxis: { range: [0, most], visible: false, fixedrange: true },
    yaxis: {
      range: [x.length - 0.5, -0.5],
      fixedrange: true,
      showgrid: false,
      zeroline: false,
      tickmode: "array",
      tickvals: x.map((_, at) => at),
      ticktext: x.map((name) => plain(cut(name, side, font))),
      tickfont: { color: look.text, size: SIZE },
      ticklabelstandoff: 4,
    },
  };
  return { traces, layout, height };
}

/** The basic Plotly has no heat map: each row is one of bars of the same height. @param {Chart} chart @param {Look} look @param {number} width @returns {Drawing} */
function heat({ x, series, unit }, look, width) {
  const most = Math.max(1, ...series.flatMap(({ values }) => values));
  const traces = series.map(({ name, values }, at) => ({
    type: "bar",
    x: x.map((_, place) => place),
    y: x.map(() => 0.88),
    base: x.map(() => at + 0.06),
    marker: { color: values.map((value) => warmth(value / most, look)), line: { width: 0 } },
    hoverinfo: "text",
    hovertext: values.map((value, place) => plain(`${name} ${x[place]}:00 · ${write(value, unit)}`)),
  }));
  const font = `${SIZE}px ${look.font}`;
  const side = Math.max(0, ...series.map(({ name }) => widthOf(name, font)));
  const places = evenly(x.length, width > 560 ? 12 : 8);
  const layout = {
    barmode: "overlay",
    bargap: 0.1,
    hovermode: "closest",
    showlegend: false,
    margin: { l: side + 12, r: 4, t: 4, b: 26 },
    xaxis: {
      range: [-0.5, x.length - 0.5],
      fixedrange: true,
      showgrid: false,
      zeroline: false,
      tickmode: "array",
      tickvals: places,
      ticktext: places.map((place) => plain(x[place] ?? "")),
    },
    yaxis: {
      range: [series.length, 0],
      fixedrange: true,
      showgrid: false,
      zeroline: false,
      tickmode: "array",
      tickvals: series.map((_, at) => at + 0.5),
      ticktext: series.map(({ name }) => plain(name)),
      tickfont: { color: look.text, size: SIZE },
      ticklabelstandoff: 4,
    },
  };
  return { traces, layout, height: series.length * HEAT_ROW + 30 };
}

// -- Scales and figures -----------------------------------------------------------------------------------------------

/** @param {Look} look @param {ReturnType<typeof ticks>} scale */
function valueAxis(look, { values, texts, top }) {
  return {
    range: [0, top],
    fixedrange: true,
    automargin: true,
    gridcolor: look.line,
    gridwidth: 1,
    zeroline: false,
    tickmode: "array",
    tickvals: values,
    ticktext: texts,
    ticklabelstandoff: 6,
  };
}

/**
 * Round values from 0 up to one above `most`, as round as the unit has them: 512 MB, not 500; 15 min, not 16.
 * @param {number} most @param {Chart["unit"]} unit
 */
export function ticks(most, unit) {
  const whole = most > NOTHING ? most : 1;
  const step = stepOf(whole / 4, unit);
  const count = Math.max(1, Math.ceil(whole / step - 1e-9));
  const values = Array.from({ length: count + 1 }, (_, at) => at * step);
  return { values, texts: values.map((value) => write(value, unit)), top: count * step * 1.02 };
}

/** @param {number} least @param {Chart["unit"]} unit */
function stepOf(least, unit) {
  if (unit === "bytes" || unit === "rate") {
    const power = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, least)) / 10));
    return power * 2 ** Math.ceil(Math.log2(Math.max(1, least / power)));
  }
  if (unit === "seconds") {
    const known = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
    return known.find((step) => step >= least) ?? Math.ceil(least / 86400) * 86400;
  }
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least * (1 - 1e-9)) ?? 10 * power;
  return unit === "count" ? Math.max(1, step) : step;
}

/** @param {number} value @param {Chart["unit"]} unit */
function write(value, unit) {
  switch (unit) {
    case "bytes":
      return bytes(value);
    case "rate":
      return rate(value);
    case "seconds":
      return value > 0 ? duration(value) : "0 s";
    case "dollars":
      return `$${value.toFixed(value !== 0 && value < 0.01 ? 4 : 2).replace(/\B(?=(\d{3})+\.)/g, ",")}`;
    case "share":
      return value > 0 && value < 0.005 ? "<1 %" : `${number(value * 100)} %`;
    default:
      return number(value, 1);
  }
}

/** At most so many places of `count`, the same number apart. @param {number} count @param {number} most @param {boolean} [inside] as far from one edge as from the other, so that no label sticks out */
function evenly(count, most, inside = false) {
  const apart = Math.max(1, Math.ceil(count / Math.max(1, most)));
  const first = inside ? Math.floor(((count - 1) % apart) / 2) : 0;
  return Array.from({ length: count }, (_, at) => at).filter((at) => at % apart === first);
}

/** @param {number[]} values */
const sum = (values) => values.reduce((whole, each) => whole + each, 0);

// -- Texts and colours ------------------------------------------------------------------------------------------------

/** What Plotly shows as `text` is. @param {string} text */
export const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/\s+/g, " ");

/** A long name in lines, for a tooltip. @param {string} name */
function broken(name) {
  const letters = [...name];
  const lines = [];
  for (let at = 0; at < letters.length && lines.length < LINES_OF_TIP; at += LINE_OF_TIP) lines.push(letters.slice(at, at + LINE_OF_TIP).join(""));
  if (letters.length > LINE_OF_TIP * LINES_OF_TIP) lines.push("…");
  return lines.map(plain).join("<br>");
}

/** `text` in at most so many pixels: its beginning and its end, where versions are told apart. @param {string} text @param {number} most @param {string} font */
function cut(text, most, font) {
  const letters = [...text];
  if (widthOf(text, font) <= most) return text;
  const shown = (/** @type {number} */ count) => {
    const end = Math.floor(count / 3);
    return `${letters.slice(0, count - end).join("").trimEnd()}…${letters.slice(letters.length - end).join("").trimStart()}`;
  };
  let [least, more] = [1, letters.length];
  while (more - least > 1) {
    const middle = (least + more) >> 1;
    if (widthOf(shown(middle), font) <= most) least = middle;
    else more = middle;
  }
  return shown(least);
}

/** Pixels. @param {string} text @param {string} font */
function widthOf(text, font) {
  const pencil = document.createElement("canvas").getContext("2d");
  if (!pencil) return text.length * SIZE;
  pencil.font = font;
  return pencil.measureText(text).width;
}

/** @param {Look} look */
const palette = (look) => (look.dark ? COLORS.dark : COLORS.light);

/** @param {string} hex @param {number} alpha */
const seeThrough = (hex, alpha) => `rgba(${[1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(",")},${alpha})`;

/** The colour of a share of the most; the root keeps small ones from looking like nothing. @param {number} share @param {Look} look */
function warmth(share, look) {
  const { none, most } = look.dark ? HEAT.dark : HEAT.light;
  const way = Math.sqrt(Math.min(1, Math.max(0, share)));
  return `rgb(${none.map((from, at) => Math.round(from + ((most[at] ?? from) - from) * way)).join(",")})`;
}
