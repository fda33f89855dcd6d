// From what the address says to questions for `/v1/reports/query`. Pure.

/** Periods by their names, as the service knows them. */
export const PERIODS = [
  "today", "yesterday", "last_7_days", "last_14_days", "last_28_days", "last_90_days",
  "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year",
];
/** What is shown when the address says nothing. */
export const USUAL_PERIOD = "last_7_days";
/** With what a period is compared. */
export const COMPARISONS = ["previous_period", "same_period_last_year", "none"];

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What an address asks for: site, period, comparison and filters; what cannot be is the usual. */
export function asked(params) {
  const [from, to] = [params.get("from"), params.get("to")];
  const custom = DAY.test(from ?? "") && DAY.test(to ?? "") && from <= to;
  const period = PERIODS.includes(params.get("period")) ? params.get("period") : USUAL_PERIOD;
  const compare = COMPARISONS.includes(params.get("compare")) ? params.get("compare") : COMPARISONS[0];
  return {
    site: params.get("site") ?? "",
    ...(custom ? { from, to } : { period }),
    compare,
    filters: params.getAll("filter").filter(Boolean),
  };
}

/**
 * The address that answers `question` within what is asked for. `question`: `metrics`, `dimensions`, and what else the
 * service knows (`grain`, `fill`, `limit`, `order`, `compare: true` for the comparison that is asked for, …).
 */
export function queryAddress(state, question) {
  const { metrics, dimensions = [], compare, filters = [], ...rest } = question;
  const query = new URLSearchParams({ metrics: metrics.join(",") });
  if (dimensions.length > 0) query.set("dimensions", dimensions.join(","));
  if (state.site) query.set("site", state.site);
  for (const name of ["period", "from", "to"]) if (state[name]) query.set(name, state[name]);
  for (const filter of [...state.filters, ...filters]) query.append("filter", filter);
  const other = compare === true ? state.compare : compare;
  if (other && other !== "none") query.set("compare", other);
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) query.set(name, String(value));
  }
  return `/v1/reports/query?${query}`;
}

/** Tests of a filter, in the order in which they are offered. */
export const TESTS = ["equals", "in", "contains", "prefix", "regex", "gt", "gte", "lt", "lte", "null"];

/** A filter's parts: `source:in:a|b` → `{ dimension, test, value }`. Values may have colons. */
export function filterParts(text) {
  const [dimension, test, ...value] = text.split(":");
  if (test === "null" && value.length === 0) return { dimension, test, value: "true" };
  if (value.length === 0) return { dimension, test: "equals", value: test ?? "" };
  return { dimension, test, value: value.join(":") };
}

/** The filter of these parts; nothing known is `null`. */
export function filterOf(dimension, test, value) {
  if (test === "null" || value === null || value === undefined) return `${dimension}:null:true`;
  return `${dimension}:${test}:${value}`;
}

/** The filters with `filter`, each once. */
export const withFilter = (filters, filter) => (filters.includes(filter) ? filters : [...filters, filter]);

/** The filters with `filter` in place of all others of its dimension; without a filter they are just gone. */
export function withOnly(filters, dimension, filter) {
  const others = filters.filter((one) => filterParts(one).dimension !== dimension);
  return filter ? [...others, filter] : others;
}

/** The hours from `first` to before `end` as one filter. */
export const hoursFilter = (first, end) => filterOf("hour", "in", Array.from({ length: end - first }, (_, n) => first + n).join("|"));

/** `[first, end]` of a filter that picks hours in a row; else nothing. */
export function hoursOf(filter) {
  const { dimension, test, value } = filterParts(filter);
  if (dimension !== "hour" || test !== "in") return null;
  const hours = value.split("|").map(Number).sort((a, b) => a - b);
  const inRow = hours.every((hour, n) => Number.isInteger(hour) && hour === hours[0] + n);
  return inRow ? [hours[0], hours[0] + hours.length] : null;
}

/** A short filter as the service's JSON has it, for a segment that is compared with. */
export function filterJson(text) {
  const { dimension, test, value } = filterParts(text);
  const typed = value === "true" ? true : value === "false" ? false : value;
  if (test === "in") return { dimension, in: value.split("|") };
  if (test === "null") return { dimension, null: typed === true };
  const isNumber = ["gt", "gte", "lt", "lte"].includes(test) && /^-?\d+$/.test(value);
  return { dimension, [test]: isNumber ? Number(value) : typed };
}
