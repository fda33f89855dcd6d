// Figures by hour and weekday: a grid of 7 × 24, turned on its side on a phone. One tab stop; arrow keys move inside. Days and
// hours are those of the site's time zone, as the service resolved them.

import { clock, count, percent, valueOf } from "../format.js";
import { colour, legend, limits, step } from "../scale.js";
import { shortWeekday } from "../time.js";
import { html, useEffect, useRef, useState } from "../view.js";
import { t } from "../words.js";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const DAYS = [1, 2, 3, 4, 5, 6, 7];
const narrow = matchMedia("(max-width: 719px)");
const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** The rows of an answer by weekday and hour: `cell(3, 9)` is Wednesday from nine. */
export function byHour(rows) {
  const found = new Map(rows.map((row) => [row.weekday * 24 + row.hour, row]));
  return (day, hour) => found.get(day * 24 + hour);
}

/**
 * `metric`: what colours show; `hue`: `calls` or `missed`; `words(row, when)`: what a cell says; `onPick(day, hour)`: of a cell, of
 * a whole day (no hour) or of an hour of all days (no day).
 */
export function Heat({ rows, metric, hue, words, label, onPick }) {
  const [upright, setUpright] = useState(narrow.matches);
  const [at, setAt] = useState([1, 9]);
  const grid = useRef(null);
  useEffect(() => {
    const turned = () => setUpright(narrow.matches);
    narrow.addEventListener("change", turned);
    return () => narrow.removeEventListener("change", turned);
  }, []);
  const cell = byHour(rows);
  const isRate = rows.some((row) => row[metric] !== null && typeof row[metric] === "object");
  // Rates are coloured by whole percents.
  const plain = (row) => Math.round((valueOf(row?.[metric]) ?? 0) * (isRate ? 100 : 1));
  const upper = limits(Math.max(0, ...rows.map(plain)));
  const shown = (value) => (value === 0 ? "·" : isRate ? `${value}%` : count(value));
  const move = (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const [down, right] = arrow;
    const [days, hours] = upright ? [right, down] : [down, right];
    // Names can be picked, too: day 0 and hour -1 are theirs.
    const [firstDay, firstHour] = onPick ? [at[1] < 0 ? 1 : 0, at[0] < 1 ? 0 : -1] : [1, 0];
    const next = [Math.min(7, Math.max(firstDay, at[0] + days)), Math.min(23, Math.max(firstHour, at[1] + hours))];
    setAt(next);
    grid.current.querySelector(`[data-place="${next}"]`)?.focus();
  };
  const figure = (day, hour) => {
    const value = plain(cell(day, hour));
    const said = words(cell(day, hour), `${t(`weekdays.${day}`)} ${clock(hour)}–${clock(hour + 1)}`);
    const isHere = at[0] === day && at[1] === hour;
    return html`<td role="gridcell" class=${`heat heat-${step(value, upper)}`} data-at=${`${day}-${hour}`} key=${`${day}-${hour}`}>
      <button type="button" tabindex=${isHere ? 0 : -1} data-place=${[day, hour]} data-tip=${said} onFocus=${() => setAt([day, hour])} onClick=${() => onPick?.(day, hour)}>
        <span aria-hidden="true">${shown(value)}</span><span class="unseen">${said}</span></button></td>`;
  };
  const header = (kind, { place, short, long, pick }) => {
    const words = html`<span aria-hidden="true">${short}</span><span class="unseen">${long}</span>`;
    const isHere = at[0] === place[0] && at[1] === place[1];
    return html`<th role=${kind} scope=${kind === "rowheader" ? "row" : "col"}>${onPick
      ? html`<button type="button" class="heat-name" tabindex=${isHere ? 0 : -1} data-place=${place} data-tip=${t("heat.only", { what: long })} onFocus=${() => setAt(place)} onClick=${pick}>${words}</button>` : words}</th>`;
  };
  const day = (n) => ({ place: [n, -1], short: shortWeekday(n), long: t(`weekdays.${n}`), pick: () => onPick(n) });
  const hour = (n) => ({ place: [0, n], short: String(n).padStart(2, "0"), long: `${clock(n)}–${clock(n + 1)}`, pick: () => onPick(undefined, n) });
  const [across, down, nameAcross, nameDown] = upright ? [DAYS, HOURS, day, hour] : [HOURS, DAYS, hour, day];
  const steps = legend(upper);
  return html`
    <div class=${`heat-box ${hue}`}>
      <table role="grid" class="heat-map" aria-label=${label} ref=${grid} onKeyDown=${move}>
        <thead><tr role="row"><td role="presentation"></td>${across.map((n) => header("columnheader", nameAcross(n)))}</tr></thead>
        <tbody>${down.map((n) => html`<tr role="row">${header("rowheader", nameDown(n))}${across.map((m) => (upright ? figure(m, n) : figure(n, m)))}</tr>`)}</tbody>
      </table>
      <ul class="heat-legend" aria-label=${t("heat.colours")}>
        <li><span class="swatch heat-0" aria-hidden="true"></span>${t("heat.none")}</li>
        ${steps.map((said, n) => html`<li><span class=${`swatch heat-${colour(n, steps.length)}`} aria-hidden="true"></span>${isRate ? `${said}%` : said}</li>`)}
      </ul>
    </div>`;
}

/** A cell in words: its calls, answered and missed. */
export function callsInWords(row, when) {
  if (!row) return t("heat.nothing", { when });
  const overflow = valueOf(row.lease_overflow_rate);
  const parts = [t("heat.calls", { n: count(row.calls) }), t("heat.missed", { n: count(row.missed_calls) })];
  if (Number.isFinite(overflow)) parts.push(t("heat.overflow", { n: percent(overflow) }));
  return `${when}: ${parts.join(", ")}`;
}
