// An answer as a table or a chart: exactly what its files have.

import { Chart, COLOURS } from "../../parts/chart.js";
import { dimensionName, shownValue } from "../../parts/filters.js";
import { Change, Figure } from "../../parts/rate.js";
import { Table } from "../../parts/table.js";
import { figure, valueOf } from "../../format.js";
import { filterOf, withFilter } from "../../question.js";
import { show } from "../../router.js";
import { dayOnAxis, shortDay } from "../../time.js";
import { barsSvg, linesSvg } from "../../parts/svg_chart.js";
import { html, useMemo } from "../../view.js";
import { t } from "../../words.js";
import { metricName } from "./names.js";

const TIMES = ["date", "week", "month", "quarter", "year", "date_hour"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOST_SERIES = 8;

const rowName = (row, dimensions) => dimensions.map((name) => shownValue(name, row[name])).join(" · ") || t("tables.total");

/** The table: dimensions, then metrics with their change and their benchmark. */
export function AnswerTable({ answer, filters, order }) {
  const { dimensions, metrics, currency } = answer;
  const name = (dimension) => ({
    key: dimension, title: dimensionName(dimension), value: (row) => row[dimension], foot: () => (dimension === dimensions[0] ? t("tables.total") : ""),
    cell: (row) => html`<button type="button" class="name" onClick=${() => show({ filter: withFilter(filters, filterOf(dimension, "equals", row[dimension])) })}>${shownValue(dimension, row[dimension])}</button>`,
  });
  const column = ({ name: metric, unit }) => ({
    key: metric, title: metricName(metric), number: true, value: (row) => valueOf(row[metric]),
    cell: (row) => html`<span class="figure-line"><${Figure} value=${row[metric]} unit=${unit} currency=${currency} />
      ${row.compare?.[metric] && html`<${Change} metric=${metric} compared=${row.compare[metric]} unit=${unit} currency=${currency} />`}</span>
      <${Gap} measured=${row.benchmark?.[metric]} unit=${unit} currency=${currency} />`,
  });
  const columns = [...dimensions.map(name), ...metrics.map(column)];
  // The order is part of the question, so that files have it, too.
  const [key, descends] = order.startsWith("-") ? [order.slice(1), true] : [order, false];
  const isMetric = (one) => metrics.some(({ name: metric }) => metric === one);
  const sort = (to) => {
    const [first, second] = isMetric(to) ? [`-${to}`, to] : [to, `-${to}`];
    show({ order: order === first ? second : first });
  };
  return html`<${Table} caption=${t("explore.answer")} columns=${columns} rows=${answer.rows} first=${answer.rows.length} rowKey=${(row) => dimensions.map((one) => row[one]).join("\n")} foot=${dimensions.length > 0 ? answer.totals : undefined}
    sorted=${key ? { key, turned: descends !== isMetric(key) } : null} onSort=${sort} />`;
}

/** How a figure lies to what is usual. */
function Gap({ measured, unit, currency }) {
  if (!measured) return null;
  const ends = [measured.low, measured.high].filter((end) => end !== null && end !== undefined).map((end) => figure(end, unit, currency));
  const range = ends.length === 2 ? `${ends[0]}–${ends[1]}` : `${measured.low === null || measured.low === undefined ? "≤" : "≥"} ${ends[0]}`;
  return html`<span class=${`gap ${measured.verdict}`} data-tip=${`${t(`verdicts.${measured.verdict}`)}: ${range}. ${measured.from}`}>${t(`verdicts.short_${measured.verdict}`)} ${range}</span>`;
}

/** What a chart of the answer shows: lines when its first dimension is time, else bars of the first metric. */
export function drawing(answer) {
  const { dimensions, metrics, rows, currency } = answer;
  const [{ name: metric, unit }] = metrics;
  const text = (value) => figure(value, unit, currency);
  const title = `${metricName(metric)}${dimensions.length > 0 ? ` · ${dimensions.map(dimensionName).join(" · ")}` : ""}`;
  const [time, ...rest] = dimensions;
  if (!TIMES.includes(time)) {
    const bars = rows.slice(0, 40).map((row) => ({ name: rowName(row, dimensions), value: valueOf(row[metric]), low: row[metric]?.low, high: row[metric]?.high }));
    return { kind: "bars", title, text, bars };
  }
  const labels = [...new Set(rows.map((row) => row[time]))].sort();
  const place = new Map(labels.map((label, n) => [label, n]));
  const found = new Map();
  for (const row of rows) {
    const key = rest.map((one) => row[one]).join("\n");
    if (!found.has(key)) found.set(key, { name: rest.length > 0 ? rowName(row, rest) : metricName(metric), values: labels.map(() => null), sum: 0 });
    const one = found.get(key);
    one.values[place.get(row[time])] = valueOf(row[metric]);
    one.sum += valueOf(row[metric]) ?? 0;
  }
  const series = [...found.values()].sort((a, b) => b.sum - a.sum).slice(0, MOST_SERIES);
  return { kind: "lines", title, text, labels, series: series.map((one, n) => ({ ...one, colour: COLOURS[n % COLOURS.length] })) };
}

/** A drawing as SVG text. */
export const svgOf = (drawn) => (drawn.kind === "lines" ? linesSvg(drawn) : barsSvg({ ...drawn, rows: drawn.bars }));

/** The chart. */
export function AnswerChart({ answer }) {
  const drawn = useMemo(() => drawing(answer), [answer]);
  const numeric = drawn.kind === "lines" && !drawn.labels.every((label) => DAY.test(label));
  const at = useMemo(() => drawn.labels?.map((label, n) => (numeric ? n : dayOnAxis(label))), [drawn]);
  if (drawn.kind === "lines") {
    const label = (x) => (numeric ? (drawn.labels[Math.round(x)] ?? "") : shortDay(new Date(x * 1000).toISOString().slice(0, 10)));
    return html`<${Chart} at=${at} series=${drawn.series} title=${drawn.title} text=${drawn.text} numeric=${numeric} label=${label} height=${360} />`;
  }
  const end = Math.max(...drawn.bars.map((bar) => Math.max(bar.value ?? 0, bar.high ?? 0)), 1e-9);
  const part = (value) => `${(Math.max(0, value ?? 0) / end) * 100}%`;
  return html`<ol class="bars" aria-label=${drawn.title}>${drawn.bars.map((bar) => html`
    <li><span class="bars-name">${bar.name}</span><span class="bars-track" aria-hidden="true"><span class="bars-fill" style=${{ width: part(bar.value) }}></span>
      ${Number.isFinite(bar.low) && html`<span class="bars-interval" style=${{ left: part(bar.low), width: part(bar.high - bar.low) }}></span>`}</span><strong>${drawn.text(bar.value)}</strong></li>`)}</ol>`;
}
