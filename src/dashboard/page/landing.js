// The report by landing page.

import { h } from "./dom.js";
import { rateBar } from "./rate.js";
import { axisEnd } from "./scale.js";
import { METRIC_COLUMNS } from "./sources.js";
import { SortedTable } from "./table.js";

const pageName = (row, { severalHosts }) => [
  h("span", { class: "main-text path" }, row.landing_page || "unknown"),
  severalHosts && row.landing_host ? h("span", { class: "sub-text" }, row.landing_host) : null,
];

const COLUMNS = [
  {
    id: "landing_page",
    label: "Landing page",
    text: true,
    cell: pageName,
    value: (row) => `${row.landing_page} ${row.landing_host}`,
    total: () => "All pages",
  },
  ...METRIC_COLUMNS,
  {
    id: "call_rate",
    label: "Call rate",
    hint: "Share of visits with at least one call; the line is its 95% interval",
    cell: (row, { end, mean }) => rateBar(row.call_rate, "visits", end, mean),
    value: (row) => row.call_rate?.value,
    total: (totals, { end }) => rateBar(totals.call_rate, "visits", end, null),
  },
];

const table = new SortedTable("Calls and visits by landing page", COLUMNS, "calls");

/** The table of a landing-pages report. */
export function landingTable({ rows, totals }) {
  return table.render(rows, totals, {
    end: axisEnd(rows.map((row) => row.call_rate)),
    mean: totals.call_rate,
    severalHosts: new Set(rows.map((row) => row.landing_host)).size > 1,
  });
}
