// The headline figures, from the totals of the sources report.

import { h } from "./dom.js";
import { NOT_MEASURED, count, interval, mean, percent } from "./format.js";

const share = (part, whole, of) => (whole > 0 ? `${percent(part / whole)} of ${of}` : "");

const tile = (label, figure, detail, extra = null) =>
  h("div", { class: "tile" }, [
    h("dt", {}, label),
    h("dd", {}, h("span", { class: "figure" }, figure), h("span", { class: "detail" }, detail), extra),
  ]);

// Answered, missed and what is neither (rejected), as parts of one line.
function outcome(totals) {
  if (!(totals.calls > 0)) return null;
  const part = (value) => `${((100 * value) / totals.calls).toFixed(2)}%`;
  const vars = { answered: part(totals.answered_calls), missed: part(totals.missed_calls) };
  return h("span", { class: "outcome", "aria-hidden": "true", vars }, [
    h("span", { class: "outcome-answered" }),
    h("span", { class: "outcome-missed" }),
  ]);
}

const EMPTY = ["Visits", "Calls", "First-time callers", "Answered", "Missed", "Call rate"];

/** Tiles without figures, so that nothing moves when these arrive. */
export const emptyTiles = () => EMPTY.map((label) => tile(label, NOT_MEASURED, ""));

/** The tiles of these totals over `days` days. */
export function tiles(totals, days) {
  const rate = totals.call_rate;
  const ofVisits = rate?.denominator > 0 ? ["95% interval ", h("span", { class: "unbroken" }, interval(rate))] : "no visits";
  return [
    tile("Visits", count(totals.visits), `${mean(totals.visits / days)} a day`),
    tile("Calls", count(totals.calls), `${mean(totals.calls / days)} a day`),
    tile("First-time callers", count(totals.first_time_callers), share(totals.first_time_callers, totals.calls, "calls")),
    tile("Answered", count(totals.answered_calls), share(totals.answered_calls, totals.calls, "calls"), outcome(totals)),
    tile("Missed", count(totals.missed_calls), share(totals.missed_calls, totals.calls, "calls")),
    tile("Call rate", percent(rate?.value), ofVisits),
  ];
}
