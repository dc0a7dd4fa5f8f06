/** The icons, drawn as strokes on a 24 by 24 field. They mean nothing to a screen reader: name the button. */
import { html, svg } from "./vendor/lit.js";

const SHAPES = {
  add: svg`<path d="M12 5v14M5 12h14"/>`,
  back: svg`<path d="m14 6-6 6 6 6"/>`,
  broken: svg`<path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.4v.1"/>`,
  cancel: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  copy: svg`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15H4V5a1 1 0 0 1 1-1h10v1"/>`,
  dark: svg`<path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z"/>`,
  discover: svg`<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>`,
  front: svg`<path d="M6 5h12M12 20V9M7.5 13.5 12 9l4.5 4.5"/>`,
  graph: svg`<rect x="3" y="4" width="8" height="7" rx="1.5"/><path d="M11 7.5h3a2 2 0 0 1 2 2V13M16 15v6M13 18h6"/>`,
  insert: svg`<path d="M4 6h10M4 12h6M4 18h6M17 10v10M14 17l3 3 3-3"/>`,
  library: svg`<rect x="4" y="4" width="7" height="9" rx="1.5"/><rect x="13" y="4" width="7" height="5" rx="1.5"/><rect x="4" y="15" width="7" height="5" rx="1.5"/><rect x="13" y="11" width="7" height="9" rx="1.5"/>`,
  light: svg`<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4"/>`,
  analytics: svg`<path d="M5 20v-7M12 20V5M19 20V10"/>`,
  auto: svg`<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>`,
  link: svg`<path d="M14 5h5v5M19 5l-8 8M17 14v4a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h4"/>`,
  missing: svg`<path d="M7 3h7l4 4v3M7 3v18h4M14 21l6-6M14 15l6 6"/>`,
  pause: svg`<path d="M9 6v12M15 6v12"/>`,
  picture: svg`<rect x="4" y="4" width="16" height="16" rx="2"/><circle cx="9" cy="9.5" r="1.5"/><path d="m5 18 5-5 3 3 3-3 4 4"/>`,
  play: svg`<path d="M8 5.5v13l10-6.5z"/>`,
  queue: svg`<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"/>`,
  retry: svg`<path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5"/>`,
  settings: svg`<path d="M4 8h9M17 8h3M4 16h3M11 16h9"/><circle cx="15" cy="8" r="2"/><circle cx="9" cy="16" r="2"/>`,
  star: svg`<path d="m12 4 2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z"/>`,
  starred: svg`<path fill="currentColor" d="m12 4 2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z"/>`,
  unfold: svg`<path d="m9 6 6 6-6 6"/>`,
  up: svg`<path d="M12 19V6M7 11l5-5 5 5"/>`,
};

/** @param {keyof typeof SHAPES} name */
export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${SHAPES[name]}</svg>`;
