// What is explored, as the address says it. Pure.

import { filterJson, queryAddress } from "../../question.js";

export const MODELS = ["first", "last", "last_non_direct", "last_paid", "lead_creation", "linear", "position_based", "w_shaped", "time_decay", "data_driven"];
export const CLOCKS = ["call", "visit"];
export const GRAINS = ["hour", "day", "week", "month", "quarter", "year"];
export const INDUSTRIES = ["own_past", "all", "ecommerce", "healthcare", "finance", "telecom", "small_business", "mid_size", "enterprise"];
export const LIMITS = [25, 100, 500, 1000];

const USUAL_METRICS = ["calls", "completion_rate", "call_rate"];
const USUAL_DIMENSIONS = ["source"];

const list = (text, usual) => (text === null ? usual : text.split(",").filter(Boolean));
const among = (known, value) => (known.includes(value) ? value : "");

/** Rows that are shown when nobody says how many: a course over time is nothing in part. */
export const usualLimit = (grain) => (grain ? LIMITS.at(-1) : LIMITS[0]);

/** Metrics, dimensions and switches that `params` ask for. */
export function explored(params) {
  const limit = Number(params.get("limit"));
  const grain = among(GRAINS, params.get("grain"));
  return {
    metrics: list(params.get("metrics"), USUAL_METRICS),
    dimensions: list(params.get("dims"), USUAL_DIMENSIONS).slice(0, 4),
    grain,
    model: among(MODELS, params.get("model")),
    clock: among(CLOCKS, params.get("clock")),
    benchmark: among(INDUSTRIES, params.get("benchmark")),
    order: params.get("order") ?? "",
    limit: LIMITS.includes(limit) ? limit : usualLimit(grain),
    segment: params.getAll("segment").filter(Boolean),
    view: params.get("view") === "chart" ? "chart" : "table",
  };
}

/** The address that answers it within `state` (site, period, filters, comparison). A segment goes before another period. */
export function exploredAddress(state, { segment, view, ...question }) {
  const compare = segment.length > 0 ? JSON.stringify({ filters: { and: segment.map(filterJson) } }) : true;
  return queryAddress(state, { ...question, fill: Boolean(question.grain), compare });
}

/** The address with another format, for a file. */
export const fileAddress = (address, format) => `${address}&format=${format}`;

/** The same question for a shell; the key stays out of it. */
export const asCurl = (origin, address) =>
  `curl --get --header "Authorization: Bearer $RINGTRACE_KEY" \\\n  '${origin}${address.replaceAll("'", "%27")}'`;
