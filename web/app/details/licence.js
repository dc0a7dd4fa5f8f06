/** What an author allows, in words. */
import { t } from "../strings.js";

/** @typedef {import("../../types/lorakeeper").Licence} Licence */
/** @typedef {{ text: string, good: boolean }} Term something that is allowed where it is `good`, else something that isn't */

/** The site's codes, in the order in which they are said. */
const COMMERCIAL = /** @type {const} */ (["Image", "RentCivit", "Rent", "Sell"]);
const OTHERS = /** @type {const} */ (["no_credit", "derivatives", "other_licence"]);

/** One sentence for each thing that the site says anything of. @param {Licence | null} licence @returns {Term[]} */
export function licenceWords(licence) {
  if (!licence) return [];
  const { commercial } = licence;
  const sold = commercial ? COMMERCIAL.map((code) => term(code, commercial.includes(code))) : [];
  return [...sold, ...OTHERS.filter((name) => licence[name] !== null).map((name) => term(name, licence[name] === true))];
}

/** @param {string} name @param {boolean} good @returns {Term} */
const term = (name, good) => ({ text: good ? t(`licence.yes.${name}`) : t(`licence.no.${name}`), good });
