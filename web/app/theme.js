/**
 * Colours and the looks that every view shares. Tokens are ComfyUI's own CSS variables, so that its palettes reach us;
 * the standalone page sets the same variables in theme.css.
 */
import { css } from "./vendor/lit.js";

/** For the outermost element: what the others inherit. */
export const tokens = css`
  :host {
    --lk-bg: var(--interface-panel-surface, var(--comfy-menu-bg));
    --lk-raised: var(--secondary-background, var(--comfy-input-bg));
    --lk-text: var(--fg-color);
    --lk-quiet: color-mix(in srgb, var(--descrip-text) 82%, var(--lk-text));
    --lk-line: color-mix(in srgb, var(--lk-text) 14%, transparent);
    --lk-hover: color-mix(in srgb, var(--lk-text) 8%, transparent);
    --lk-accent: var(--primary-background, var(--p-primary-color, #0b8ce9));
    /* The palettes' accents are too light for white letters. */
    --lk-strong: oklch(from var(--lk-accent) min(l, 0.54) c h);
    --lk-good: color-mix(in srgb, #1f9d55 62%, var(--lk-text));
    --lk-warn: color-mix(in srgb, #d98b09 60%, var(--lk-text));
    --lk-bad: color-mix(in srgb, #e0443e 72%, var(--lk-text));
    --lk-radius: 8px;
    color: var(--lk-text);
    background: var(--lk-bg);
    font: 13px/1.45 Inter, system-ui, sans-serif;
  }
`;

/** For every element with a shadow root. */
export const base = css`
  *, ::before, ::after { box-sizing: border-box; }
  [hidden] { display: none !important; }
  h1, h2, h3, p, ul, dl, dd { margin: 0; padding: 0; }
  ul { list-style: none; }
  h2 { font-size: 15px; font-weight: 600; line-height: 1.3; }
  h3, h2.small { font-size: 11px; font-weight: 600; letter-spacing: 0.04em; text-transform: uppercase; color: var(--lk-quiet); }
  a { color: inherit; }
  .icon { width: 18px; height: 18px; flex: none; display: block; }
  .quiet { color: var(--lk-quiet); }
  .bad { color: var(--lk-bad); }
  .warn { color: var(--lk-warn); }
  .good { color: var(--lk-good); }
  .row { display: flex; align-items: center; gap: 8px; }
  .wrap { flex-wrap: wrap; }
  .grow { flex: 1; min-width: 0; }
  .cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  button, input, select, textarea { font: inherit; color: inherit; margin: 0; }
  button, .button {
    display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 30px; padding: 4px 10px;
    border: 1px solid transparent; border-radius: var(--lk-radius); background: var(--lk-hover); cursor: pointer;
    text-decoration: none; transition: background 0.12s, border-color 0.12s, opacity 0.12s;
  }
  button:hover:not(:disabled), .button:hover { background: color-mix(in srgb, var(--lk-text) 15%, transparent); }
  button:disabled, button[aria-disabled="true"] { opacity: 0.5; cursor: default; }
  button.primary { background: var(--lk-strong); color: #fff; font-weight: 600; }
  button.primary:hover:not(:disabled) { background: color-mix(in srgb, var(--lk-strong) 88%, #000); }
  button.plain, .button.plain { background: none; }
  button.plain:hover:not(:disabled), .button.plain:hover { background: var(--lk-hover); }
  button.square, .button.square { width: 30px; padding: 0; flex: none; }
  input, select, textarea {
    min-height: 32px; padding: 5px 10px; border: 1px solid var(--lk-line); border-radius: var(--lk-radius);
    background: var(--lk-raised); width: 100%; min-width: 0;
  }
  textarea { display: block; resize: vertical; min-height: 64px; }
  select { padding-right: 4px; cursor: pointer; }
  option { background: var(--lk-bg); color: var(--lk-text); }
  input::placeholder, textarea::placeholder { color: var(--lk-quiet); opacity: 1; }
  input[type="checkbox"] { width: 18px; height: 18px; min-height: 0; padding: 0; accent-color: var(--lk-accent); }
  :focus { outline: none; }
  :focus-visible { outline: 2px solid var(--lk-accent); outline-offset: 1px; }
  .chip {
    display: inline-flex; align-items: center; gap: 4px; min-height: 24px; max-width: 100%; padding: 2px 9px; border-radius: 12px;
    border: 1px solid var(--lk-line); background: var(--lk-hover); overflow-wrap: anywhere; text-align: start;
  }
  button.chip { justify-content: flex-start; }
  .note { display: flex; gap: 8px; padding: 8px 10px; border-radius: var(--lk-radius); background: var(--lk-hover); }
  .note > :not(.icon) { color: var(--lk-text); }
  .note .icon { margin-top: 1px; }
  [tabindex="-1"]:not(button):focus { outline: none; }
  .scroll { overflow: auto; scrollbar-width: thin; scrollbar-color: var(--lk-line) transparent; }
  .empty { display: grid; justify-items: center; align-content: center; gap: 8px; padding: 32px 24px; text-align: center; color: var(--lk-quiet); }
  .empty h2 { color: var(--lk-text); }
  .empty .icon { width: 36px; height: 36px; opacity: 0.6; stroke-width: 1.2; }
  .empty button { margin-top: 8px; }
  .picture { position: relative; overflow: hidden; background: var(--lk-raised); color: var(--lk-quiet); }
  .picture img { position: relative; width: 100%; height: 100%; object-fit: cover; display: block; }
  .picture > .icon { position: absolute; inset: 0; margin: auto; width: 30px; height: 30px; opacity: 0.5; }
  @media (prefers-reduced-motion: reduce) { *, ::before, ::after { transition: none !important; animation: none !important; } }
`;
