// Lines and stacked bars over time, drawn by uPlot. The same figures stand beside it for screen readers.

import uPlot from "../../vendor/uplot.js";
import { count } from "../format.js";
import { html, useEffect, useRef, useState } from "../view.js";

/** Colours that are told apart with every common kind of colour blindness, strongest first (after Okabe and Ito). */
export const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];

// Steps of an axis of time, in seconds: hours, days, weeks, quarters, years.
const TIME_STEPS = [1, 3, 6, 12, 24, 48, 168, 336, 672, 2184, 8760].map((hours) => hours * 3600);

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Sums of each series with all before it, so that bars stand on each other. */
export const stacked = (series) => {
  const sums = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, n) => (value ?? 0) + (below?.[n] ?? 0)));
  }
  return sums;
};

/**
 * `at`: seconds since the epoch; `series`: `{ name, values, colour, dash, band }`; `kind`: `line` or `bars` (stacked); `label(at)`
 * names a moment; `text(value)` writes a figure; with `numeric`, `at` are numbers of another kind. `bands`: pairs of series between which is filled.
 */
export function Chart({ at, series, kind = "line", label, text = count, title, height = 240, bands = [], legend = true, numeric = false }) {
  const place = useRef(null);
  const [hover, setHover] = useState(null);
  const [theme, setTheme] = useState(dark.matches);
  useEffect(() => {
    const changed = () => setTheme(dark.matches);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    const box = place.current;
    const options = optionsFor({ at, series, kind, label, text, bands, height, numeric, width: box.clientWidth || 600, setHover });
    const plot = new uPlot(options, dataFor(at, series, kind), box);
    const resized = new ResizeObserver(() => box.clientWidth > 0 && plot.setSize({ width: box.clientWidth, height }));
    resized.observe(box);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [at, series, kind, theme, height]);
  const named = series.filter((one) => !one.hidden);
  return html`
    <figure class="chart" role="group" aria-label=${title}>
      <div class="plot" ref=${place} style=${{ minHeight: `${height}px` }} aria-hidden="true"></div>
      ${legend && html`
        <figcaption class="legend" aria-hidden="true">
          ${named.map((one) => html`<span class="key"><span class=${one.dash ? "key-mark dashed" : "key-mark"} style=${{ "--colour": `var(${one.colour})` }}></span>${one.name}
            ${hover !== null && html`<strong>${text(one.values[hover])}</strong>`}</span>`)}
          ${hover !== null && html`<span class="legend-at">${label(at[hover])}</span>`}
        </figcaption>`}
      <${ChartTable} ...${{ title, at, series: named, label, text }} />
    </figure>`;
}

const ChartTable = ({ title, at, series, label, text }) => html`
  <div class="unseen"><table><caption>${title}</caption>
    <thead><tr><td></td>${series.map((one) => html`<th scope="col">${one.name}</th>`)}</tr></thead>
    <tbody>${at.map((moment, n) => html`<tr><th scope="row">${label(moment)}</th>${series.map((one) => html`<td>${text(one.values[n])}</td>`)}</tr>`)}</tbody>
  </table></div>`;

// The highest stack is drawn first, so that each lower one covers its part.
function dataFor(at, series, kind) {
  return kind === "bars" ? [at, ...stacked(series).reverse()] : [at, ...series.map((one) => one.values)];
}

function optionsFor({ at, series, kind, label, text, bands, height, numeric, width, setHover }) {
  const [soft, line] = [css("--soft"), css("--line")];
  const drawn = kind === "bars" ? [...series].reverse() : series;
  const bars = kind === "bars" ? uPlot.paths.bars({ size: [0.72, 34], radius: 0 }) : undefined;
  const step = at.length > 1 ? at[1] - at[0] : 86_400;
  return {
    width,
    height,
    legend: { show: false },
    padding: [10, 22, 0, 0],
    cursor: { y: false, points: { show: kind === "line", size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { time: !numeric, range: kind === "bars" ? (_, low, high) => [low - step / 2, high + step / 2] : undefined },
      y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] },
    },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    axes: [
      { stroke: soft, grid: { show: false }, ticks: { show: false }, font: "12px system-ui", size: 28, values: (_, splits) => splits.map((split) => (split === null ? "" : label(split))), space: 72, incrs: numeric ? [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000] : TIME_STEPS.filter((one) => one >= step) },
      { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui", size: 48, values: (_, splits) => splits.map((split) => text(split)), space: 44 },
    ],
    series: [{}, ...drawn.map((one) => ({
      stroke: css(one.colour),
      width: kind === "bars" ? 0 : one.band ? 0 : 2,
      fill: kind === "bars" ? css(one.colour) : undefined,
      dash: one.dash ? [6, 5] : undefined,
      paths: bars,
      points: { show: kind === "line" && at.length <= 2 && !one.band },
      spanGaps: false,
    }))],
    bands: bands.map(([upper, lower, colour]) => ({ series: [upper + 1, lower + 1], fill: css(colour) })),
    hooks: { setCursor: [(plot) => setHover(plot.cursor.idx ?? null)] },
  };
}
