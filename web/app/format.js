/** Numbers as people read them, in the language that is spoken. */
import { LANGUAGE, t } from "./strings.js";

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `1536` → `1.5 KB`; a unit is 1024 of the one before. @param {number} count */
export function bytes(count) {
  const power = count > 0 ? Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10)) : 0;
  const value = count / 1024 ** power;
  const digits = value < 10 && power > 0 ? 1 : 0;
  return `${number(value, digits)} ${UNITS[power]}`;
}

/** @param {number} perSecond */
export const rate = (perSecond) => `${bytes(perSecond)}/s`;

/** Seconds as `12 s`, `3 min` or `1 h 5 min`. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return t("unit.seconds", { count: whole });
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return t("unit.minutes", { count: minutes });
  const hours = t("unit.hours", { count: Math.floor(minutes / 60) });
  return minutes % 60 ? `${hours} ${t("unit.minutes", { count: minutes % 60 })}` : hours;
}

/** @param {number} value @param {number} [digits] */
export const number = (value, digits = 0) => value.toLocaleString(LANGUAGE, { maximumFractionDigits: digits });

/** `12345` → `12K`. @param {number} value */
export const short = (value) => value.toLocaleString(LANGUAGE, { notation: "compact", maximumFractionDigits: 1 });

/** A day, or nothing for what is no date. @param {string | null | undefined} iso */
export function day(iso) {
  const date = new Date(iso ?? "");
  return Number.isNaN(date.valueOf()) ? "" : date.toLocaleDateString(LANGUAGE, { dateStyle: "medium" });
}

/** An hour of the day to the second, or nothing for what is no date. @param {string} iso */
export function time(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.valueOf()) ? "" : date.toLocaleTimeString(LANGUAGE, { timeStyle: "medium" });
}

/** A day with its hour and minute, or nothing for what is no date. @param {string} iso */
export function moment(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.valueOf()) ? "" : date.toLocaleString(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
}

/** @param {number} value */
export const dollars = (value) => value.toLocaleString(LANGUAGE, { style: "currency", currency: "USD" });

/** What one picture costs, to a tenth of a cent. @param {number} value */
export const price = (value) => value.toLocaleString(LANGUAGE, { style: "currency", currency: "USD", maximumFractionDigits: 3 });
