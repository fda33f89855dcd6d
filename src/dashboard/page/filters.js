// What is being looked at, as the address of the page says it: `/?site=harbor&days=14` or `?site=…&from=…&to=…`,
// and `show=missed` for the heat map. A bookmarked preset moves with the days, dates stay.

import { DEFAULT_PRESET, PRESETS, isDate, presetPeriod } from "./period.js";

/** The filters in an address's query. Anything unreadable is as if it were absent. */
export function fromQuery(query) {
  const params = new URLSearchParams(query);
  const filters = { site: params.get("site") ?? "", show: params.get("show") === "missed" ? "missed" : "calls" };
  const from = params.get("from");
  const to = params.get("to");
  if (isDate(from) && isDate(to) && from <= to) return { ...filters, days: null, from, to };
  const days = Number(params.get("days"));
  return { ...filters, days: PRESETS.includes(days) ? days : DEFAULT_PRESET, from: null, to: null };
}

/** The query that says `filters`. */
export function toQuery(filters) {
  const params = new URLSearchParams();
  if (filters.site) params.set("site", filters.site);
  if (filters.days) params.set("days", filters.days);
  else {
    params.set("from", filters.from);
    params.set("to", filters.to);
  }
  if (filters.show === "missed") params.set("show", "missed");
  return `?${params}`;
}

/** First and last day of `filters` when today is `end`. */
export function period(filters, end) {
  return filters.days ? presetPeriod(filters.days, end) : { from: filters.from, to: filters.to };
}
