/** What the scanner said of each file that was fetched, newest first, as far as one scrolls; all, or those of one kind. */
import { LitElement, css, html, repeat } from "../vendor/lit.js";
import { security } from "../api.js";
import { moment, number } from "../format.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { valueOf } from "../parts/dom.js";

/** @typedef {import("../../types/lorakeeper").Scan} Scan */

const PAGE = 30;
/** @type {Record<string, { sign: Parameters<typeof icon>[0], look: string }>} */
const MARKS = { safe: { sign: "check", look: "good" }, unverifiable: { sign: "info", look: "warn" }, dangerous: { sign: "broken", look: "bad" } };
const FATES = ["installed", "owned", "quarantined", "released", "deleted"];

class LkScans extends LitElement {
  static properties = {
    shown: { attribute: false },
    version: { attribute: false },
    rows: { state: true },
    cursor: { state: true },
    verdict: { state: true },
    became: { state: true },
    failure: { state: true },
  };

  static styles = [
    base,
    css`
      :host, section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; }
      .two { display: grid; grid-template-columns: repeat(2, minmax(0, 220px)); gap: 8px; }
      li { display: grid; grid-template-columns: 18px minmax(0, 1fr) auto; gap: 2px 8px; padding: 8px 0; border-top: 1px solid var(--lk-line); align-items: start; }
      .sign .icon { width: 16px; height: 16px; margin-top: 2px; }
      li > :not(.sign, b, .fate) { grid-column: 2 / 4; }
      b, .small { overflow-wrap: anywhere; }
      b { font-weight: 600; }
      .small, .fate { font-size: 12px; }
      .fate { white-space: nowrap; padding-top: 1px; }
      summary { display: inline-block; min-height: 24px; padding-block: 2px; cursor: pointer; border-radius: 4px; }
      summary::before { content: "▸ "; }
      [open] > summary::before { content: "▾ "; }
      details div { display: grid; gap: 2px; }
      .more { justify-self: start; }
    `,
  ];

  constructor() {
    super();
    this.shown = false;
    /** When it changes there may be something new. */
    this.version = 0;
    /** @type {Scan[]} */
    this.rows = [];
    /** Where the list goes on. @type {string | null} */
    this.cursor = null;
    this.verdict = "";
    this.became = "";
    this.failure = "";
    /** Only what the last reading says counts. */
    this.reading = 0;
    this.busy = false;
    this.observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && this.shown && void this.more());
  }

  disconnectedCallback() {
    this.observer.disconnect();
    super.disconnectedCallback();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("version")) void this.refresh();
    const end = this.renderRoot.querySelector(".more");
    this.observer.disconnect();
    if (end) this.observer.observe(end);
  }

  /** @param {string | null} cursor */
  page(cursor) {
    return security.scans({ cursor, limit: PAGE, verdict: this.verdict, became: this.became });
  }

  /** Reads the beginning again; what was read behind it stays. */
  refresh() {
    return this.read(null, (page) => {
      const last = page.items.at(-1)?.id ?? 0;
      const older = this.rows.filter(({ id }) => id < last);
      if (!older.length) this.cursor = page.next_cursor;
      this.rows = [...page.items, ...older];
    });
  }

  async more() {
    if (this.busy || !this.cursor) return;
    await this.read(this.cursor, ({ items, next_cursor }) => {
      this.rows = [...this.rows, ...items];
      this.cursor = next_cursor;
    });
  }

  /** @param {string | null} cursor @param {(page: import("../../types/lorakeeper").Page<Scan>) => void} take */
  async read(cursor, take) {
    const reading = (this.reading += 1);
    this.busy = true;
    try {
      const page = await this.page(cursor);
      if (reading !== this.reading) return;
      take(page);
      this.failure = "";
    } catch (error) {
      if (reading !== this.reading) return;
      this.failure = /** @type {Error} */ (error).message;
    }
    this.busy = false;
  }

  /** @param {{ verdict?: string, became?: string }} wanted */
  narrow({ verdict = this.verdict, became = this.became }) {
    this.verdict = verdict;
    this.became = became;
    this.rows = [];
    this.cursor = null;
    void this.refresh();
  }

  render() {
    const { rows, failure, cursor } = this;
    return html`
      <section aria-labelledby="scans">
        <h2 class="small" id="scans">${t("security.scans")}</h2>
        <div class="two">
          ${this.select("verdict", Object.keys(MARKS), this.verdict, (verdict) => this.narrow({ verdict }))}
          ${this.select("became", FATES, this.became, (became) => this.narrow({ became }))}
        </div>
        ${failure ? html`<p class="bad" role="alert">${failure}</p>` : null}
        ${rows.length
          ? html`<ul aria-labelledby="scans">${repeat(rows, ({ id }) => id, (row) => this.row(row))}</ul>`
          : this.busy || failure ? null : html`<p class="quiet">${t("security.scans.none")}</p>`}
        ${cursor ? html`<button type="button" class="more" @click=${() => this.more()}>${t("common.more")}</button>` : null}
      </section>
    `;
  }

  /** @param {"verdict" | "became"} name @param {string[]} values @param {string} chosen @param {(value: string) => void} choose */
  select(name, values, chosen, choose) {
    return html`<select aria-label=${t(`security.${name}`)} @change=${(/** @type {Event} */ event) => choose(valueOf(event))}>
      <option value="">${t(`security.${name}.all`)}</option>
      ${values.map((value) => html`<option value=${value} ?selected=${value === chosen}>${t(`security.${name}.${value}`)}</option>`)}
    </select>`;
  }

  /** @param {Scan} scan */
  row({ name, verdict, became, source, format, scanned_at, why, findings, site }) {
    const { sign, look } = MARKS[verdict] ?? { sign: /** @type {const} */ ("info"), look: "" };
    const others = findings.filter((each) => !why.includes(each));
    const facts = [t(`security.verdict.${verdict}`), source, format, moment(scanned_at)];
    return html`<li>
      <span class="sign ${look}">${icon(sign)}</span>
      <b>${name}</b>
      <span class="fate quiet">${t(`security.became.${became}`)}</span>
      <p class="small quiet">${facts.filter(Boolean).join(" · ")}</p>
      ${why ? html`<p class="small ${look}">${why}</p>` : null}
      ${others.length
        ? html`<details class="small">
            <summary>${t("security.findings", { count: number(others.length) })}</summary>
            <div>${others.map((each) => html`<p>${each}</p>`)}</div>
          </details>`
        : null}
      ${site ? html`<p class="small quiet">${t("security.site", { site })}</p>` : null}
    </li>`;
  }
}
customElements.define("lk-scans", LkScans);
