// Moments and days by the site's clock. Pure.

import { language, t } from "./words.js";

const formats = new Map();

function format(options, zone) {
  const name = JSON.stringify([options, zone]);
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(language, { ...options, timeZone: zone || "UTC" }));
  return formats.get(name);
}

/** `Sat, Nov 14, 11:36` on the site's wall. */
export const moment = (text, zone) =>
  text ? format({ weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, zone).format(new Date(text)) : "–";

/** `11:36:24` on the site's wall. */
export const timeOfDay = (text, zone) =>
  format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }, zone).format(new Date(text));

/** `Mon` of the weekday 1. */
export const shortWeekday = (n) => format({ weekday: "short" }, "UTC").format(Date.UTC(2026, 2, 1 + n, 12));

/** `Nov 14` of a calendar day `2026-11-14`, whatever the zone. */
export const shortDay = (day) => format({ month: "short", day: "numeric" }, "UTC").format(new Date(`${day}T12:00:00Z`));

/** `Sat, Nov 14` of a calendar day. */
export const dayInWords = (day) =>
  format({ weekday: "short", month: "short", day: "numeric" }, "UTC").format(new Date(`${day}T12:00:00Z`));

/** `Nov 1 – Nov 14, 2026` of two calendar days. */
export function periodInWords(from, to) {
  const [first, last] = [from, to].map((day) => String(day).slice(0, 10));
  const year = last.slice(0, 4);
  return first === last ? `${shortDay(first)}, ${year}` : `${shortDay(first)} – ${shortDay(last)}, ${year}`;
}

/** How long ago something was, coarsely: `4 min ago`. */
export function ago(text, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(text)) / 1000));
  if (seconds < 60) return t("time.seconds_ago", { n: seconds });
  if (seconds < 3600) return t("time.minutes_ago", { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return t("time.hours_ago", { n: Math.floor(seconds / 3600) });
  return t("time.days_ago", { n: Math.floor(seconds / 86_400) });
}

/** Seconds since the epoch of a calendar day's midnight in UTC: the axis of days, which all are alike. */
export const dayOnAxis = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

/** The moment at which a calendar day begins in `zone`, RFC 3339. */
export function startOfDay(day, zone) {
  const guess = Date.parse(`${day}T00:00:00Z`);
  const offset = (at) => {
    const parts = format({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }, zone).formatToParts(new Date(at));
    const of = (type) => Number(parts.find((part) => part.type === type).value);
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - at;
  };
  // The second look is right where the first one fell on the other side of a change of clocks.
  const first = guess - offset(guess);
  return new Date(guess - offset(first)).toISOString();
}

/** The day after a calendar day. */
export const dayAfter = (day) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
