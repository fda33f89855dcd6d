// The report by source.

import { h, unseen } from "./dom.js";
import { count, duration, durationInWords, percent, wholePercent } from "./format.js";
import { confidence, rateFigure } from "./rate.js";
import { SortedTable } from "./table.js";

const counted = (id, label, hint) => ({
  id,
  label,
  hint,
  cell: (row) => (row[id] === 0 ? h("span", { class: "faint" }, "0") : count(row[id])),
  value: (row) => row[id],
  total: (totals) => count(totals[id]),
});

const spoken = (seconds) => [
  h("span", { "aria-hidden": "true" }, duration(seconds)),
  unseen(durationInWords(seconds)),
];

/** Columns of the metrics that sources and landing pages share. */
export const METRIC_COLUMNS = [
  counted("visits", "Visits", "Sessions that loaded a page with the script"),
  counted("calls", "Calls", "Inbound calls joined to these visits"),
  counted("first_time_callers", "First-time", "Calls of people who had not called this site in the last year"),
  counted("answered_calls", "Answered", "Calls that a person answered"),
  counted("missed_calls", "Missed", "Calls that nobody answered"),
];

const text = (id, label, cell) => ({ id, label, text: true, cell, value: (row) => row[id] ?? "" });

const COLUMNS = [
  {
    ...text("source", "Source", (row) => [
      h("span", { class: "main-text" }, row.source || "unknown"),
      row.channel ? h("span", { class: "sub-text" }, row.channel) : null,
      h("span", { class: "sub-text on-phone" }, [row.medium, row.campaign].filter(Boolean).join(" · ")),
    ]),
    total: () => "All sources",
  },
  text("medium", "Medium", (row) => row.medium || h("span", { class: "faint" }, "–")),
  text("campaign", "Campaign", (row) => row.campaign || h("span", { class: "faint" }, "–")),
  ...METRIC_COLUMNS,
  {
    id: "average_call_duration",
    label: "Avg. duration",
    hint: "Mean time talked, answered calls only (min:s)",
    cell: (row) => spoken(row.average_call_duration),
    value: (row) => row.average_call_duration,
    total: (totals) => spoken(totals.average_call_duration),
  },
  {
    id: "call_rate",
    label: "Call rate",
    hint: "Share of visits with at least one call",
    cell: (row) => rateFigure(row.call_rate, "visits"),
    value: (row) => row.call_rate?.value,
    total: (totals) => rateFigure(totals.call_rate, "visits"),
  },
  {
    id: "mean_confidence",
    label: "Confidence",
    hint: "Mean probability that the chosen visit is the caller’s",
    cell: (row) => confidence(row.mean_confidence),
    value: (row) => row.mean_confidence,
    total: (totals) => confidence(totals.mean_confidence),
  },
];

const table = new SortedTable("Calls and visits by source, medium and campaign", COLUMNS, "calls");

/** The table of a sources report. */
export const sourcesTable = (report) => table.render(report.rows, report.totals);

/** One sentence on how many calls have a source. */
export function sourcesSummary({ totals }) {
  const { attributed_rate: rate, mean_confidence: probability } = totals;
  if (!Number.isFinite(rate?.value)) return "Calls joined to the visit and campaign behind them";
  const named = `${percent(rate.value)} of calls (${count(rate.numerator)} of ${count(rate.denominator)}) have a named source`;
  return Number.isFinite(probability) ? `${named}; mean confidence ${wholePercent(probability)}` : named;
}
