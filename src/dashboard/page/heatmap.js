// Calls by hour and weekday: a grid of 7 × 24 figures, turned on its side on a phone. One tab stop; arrow keys move
// inside. Days and hours are those of the site's time zone, as the service resolved them.

import { h, unseen } from "./dom.js";
import { clock, count, counted } from "./format.js";
import { colour, legend, limits, step } from "./scale.js";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SHORT = DAYS.map((day) => day.slice(0, 3));
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const MEASURE = { calls: "calls", missed: "missed_calls" };
const NONE = { visits: 0, calls: 0, answered_calls: 0, missed_calls: 0 };

const cellId = (day, hour) => day * 24 + hour;

/** The 168 cells of a report's rows by day (0 = Monday) and hour; hours without a row are zeros. */
export function cells(rows) {
  const all = Array.from({ length: 7 * 24 }, () => NONE);
  for (const row of rows) {
    const inside = row.weekday >= 1 && row.weekday <= 7 && row.hour >= 0 && row.hour <= 23;
    if (inside) all[cellId(row.weekday - 1, row.hour)] = row;
  }
  return all;
}

/** The grid and its legend. `show`: `calls` or `missed`; `upright`: days across and hours down, for a phone. */
export function heatMap(report, show, upright) {
  const all = cells(report.rows);
  const measure = MEASURE[show];
  const upper = limits(Math.max(...all.map((cell) => cell[measure])));
  const figure = (day, hour) => {
    const facts = all[cellId(day, hour)];
    const value = facts[measure];
    const words = describe(facts, day, hour);
    const attributes = { role: "gridcell", tabindex: -1, "data-tip": words, "data-day": day, "data-hour": hour };
    const shown = h("span", { "aria-hidden": "true" }, value === 0 ? "·" : count(value));
    return h("td", { ...attributes, class: `heat heat-${step(value, upper)}` }, shown, unseen(words));
  };
  const grid = h(
    "table",
    { role: "grid", class: `heat-map ${show} ${upright ? "upright" : ""}`, "aria-label": label(show, report.time_zone) },
    upright ? hoursDown(figure) : daysDown(figure),
  );
  walk(grid, upright);
  return [grid, legendOf(upper, show)];
}

const corner = () => h("td", { role: "presentation" });
const header = (kind, short, long) =>
  h("th", { role: kind, scope: kind === "rowheader" ? "row" : "col" }, h("span", { "aria-hidden": "true" }, short), unseen(long));
const two = (hour) => String(hour).padStart(2, "0");
const row = (parts) => h("tr", { role: "row" }, parts);

function daysDown(figure) {
  return [
    h("thead", {}, row([corner(), HOURS.map((hour) => header("columnheader", two(hour), clock(hour)))])),
    h("tbody", {}, DAYS.map((day, index) => row([header("rowheader", SHORT[index], day), HOURS.map((hour) => figure(index, hour))]))),
  ];
}

function hoursDown(figure) {
  return [
    h("thead", {}, row([corner(), DAYS.map((day, index) => header("columnheader", SHORT[index], day))])),
    h("tbody", {}, HOURS.map((hour) => row([header("rowheader", two(hour), clock(hour)), DAYS.map((_, day) => figure(day, hour))]))),
  ];
}

const label = (show, zone) => `${show === "missed" ? "Missed calls" : "Calls"} by weekday and hour, ${zone}`;

function describe(facts, day, hour) {
  const when = `${DAYS[day]} ${clock(hour)}–${clock(hour + 1)}`;
  if (facts.calls === 0) return `${when}: no calls, ${counted(facts.visits, "visit")}`;
  const calls = `${counted(facts.calls, "call")}, ${count(facts.answered_calls)} answered, ${count(facts.missed_calls)} missed`;
  return `${when}: ${calls}, ${counted(facts.visits, "visit")}`;
}

function legendOf(upper, show) {
  const swatch = (step, words) =>
    h("li", {}, h("span", { class: `swatch heat-${step}`, "aria-hidden": "true" }), words);
  const steps = legend(upper).map((words, index) => swatch(colour(index, upper.length), words));
  return h("ul", { class: `legend ${show}`, "aria-label": "Colours" }, swatch(0, "none"), steps);
}

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// The one cell that Tab reaches moves along with the focus.
function walk(grid, upright) {
  const at = (day, hour) => grid.querySelector(`[data-day="${day}"][data-hour="${hour}"]`);
  let current = at(0, 9);
  const make = (cell) => {
    current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
  };
  make(current);
  grid.addEventListener("focusin", (event) => make(event.target.closest("[data-day]") ?? current));
  grid.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const [days, hours] = upright ? [arrow[1], arrow[0]] : arrow;
    at(Number(current.dataset.day) + days, Number(current.dataset.hour) + hours)?.focus();
  });
}

/** The busiest hour in a sentence, or nothing when there were no such calls. */
export function busiest(report, show) {
  const measure = MEASURE[show];
  const most = Math.max(0, ...report.rows.map((row) => row[measure]));
  if (most === 0) return show === "missed" ? "No missed calls" : "";
  const top = report.rows.filter((row) => row[measure] === most);
  const heading = show === "missed" ? "Most missed" : "Busiest";
  if (top.length > 1) return `${heading}: ${count(top.length)} hours of the week with ${count(most)} each`;
  const [{ weekday, hour, calls }] = top;
  const when = `${DAYS[weekday - 1]} ${clock(hour)}–${clock(hour + 1)}`;
  return show === "missed" ? `${heading}: ${when}, ${count(most)} of ${counted(calls, "call")}` : `${heading}: ${when}, ${counted(most, "call")}`;
}
