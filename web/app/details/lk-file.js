/** The file of a model: where it lies, how large it is, by what hashes it is known. */
import { LitElement, css, html } from "../vendor/lit.js";
import { bytes, day, number } from "../format.js";
import { t } from "../strings.js";
import { base } from "../theme.js";
import { factStyles, facts } from "../parts/facts.js";
import "./lk-file-deeds.js";

/** @typedef {import("../../types/lorakeeper").Detail} Detail */

class LkFile extends LitElement {
  static properties = { model: { attribute: false } };

  static styles = [
    base,
    factStyles,
    css`
      :host { display: block; }
      section { display: grid; gap: 10px; }
      summary { cursor: pointer; min-height: 24px; color: var(--lk-quiet); }
      details dl { padding-top: 6px; }
    `,
  ];

  constructor() {
    super();
    /** @type {Detail | null} */
    this.model = null;
  }

  render() {
    const { model } = this;
    if (!model) return null;
    const hash = { code: true, copies: true };
    // SHA256 stands alone: it is known here, where the site may not know it.
    const others = Object.entries(model.hashes).filter(([kind]) => kind !== "SHA256");
    return html`
      <section aria-labelledby="file">
        <h3 id="file">${t("details.file")}</h3>
        ${facts([
          [t("details.file.name"), model.name, { copies: true }],
          [t("details.file.path"), model.path, { copies: true }],
          [t("details.file.size"), bytes(model.size)],
          [t("details.file.added"), day(model.added_at)],
          [t("details.file.used"), model.uses ? t("details.file.uses", { count: number(model.uses), day: day(model.last_used) }) : null],
          [t("details.file.air"), model.air, hash],
          [t("details.file.sha256"), model.sha256, hash],
        ])}
        ${others.length
          ? html`<details>
              <summary>${t("details.file.hashes")}</summary>
              ${facts(others.map(([kind, value]) => [kind, value, hash]))}
            </details>`
          : null}
        <lk-file-deeds .model=${model}></lk-file-deeds>
      </section>
    `;
  }
}
customElements.define("lk-file", LkFile);
