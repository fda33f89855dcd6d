// Days as `YYYY-MM-DD` in a site's time zone. Pure: now is an argument.

/** Presets of the period picker: number of days that end today. */
export const PRESETS = [1, 7, 14, 30];

/** Days shown when the address says nothing. */
export const DEFAULT_PRESET = 14;

const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The date at `now` in `timeZone`; UTC when this browser does not know the zone. */
export function today(now, timeZone) {
  try {
    // "sv" writes dates as ISO 8601 does.
    return new Intl.DateTimeFormat("sv", { timeZone, dateStyle: "short" }).format(now);
  } catch {
    return new Date(now).toISOString().slice(0, 10);
  }
}

/** Whether `text` is a date that exists. */
export function isDate(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text ?? "")) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === text;
}

/** The date `days` later (earlier when negative). Counted in UTC, where every day has 24 hours. */
export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Days from `from` to `to`, both included. */
export const daysIn = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;

/** The period of a preset that ends on `end`. */
export const presetPeriod = (days, end) => ({ from: addDays(end, 1 - days), to: end });

/** `2026-03-02`, `2026-03-15` → `2–15 Mar 2026`. */
export function inWords(from, to) {
  const [fromYear, fromMonth, fromDay] = from.split("-").map(Number);
  const [toYear, toMonth, toDay] = to.split("-").map(Number);
  const end = `${toDay} ${MONTHS[toMonth - 1]} ${toYear}`;
  if (from === to) return end;
  if (fromYear !== toYear) return `${fromDay} ${MONTHS[fromMonth - 1]} ${fromYear} – ${end}`;
  if (fromMonth !== toMonth) return `${fromDay} ${MONTHS[fromMonth - 1]} – ${end}`;
  return `${fromDay}–${end}`;
}
