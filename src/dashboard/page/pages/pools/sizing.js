// How many numbers a pool should have: what it costs visitors against what it costs to rent, and the curves behind the advice.

import { useLoad } from "../../app.js";
import { count, duration, money, percent } from "../../format.js";
import { Chart } from "../../parts/chart.js";
import { Panel } from "../../parts/panel.js";
import { Table } from "../../parts/table.js";
import { html, useMemo } from "../../view.js";
import { t } from "../../words.js";

/** The advice for one pool of `site`. */
export function Sizing({ site, pool }) {
  const load = useLoad(`/v1/sites/${site.id}/pools/${pool.pool}/sizing`);
  return html`
    <${Panel} wide name="sizing" title=${t("pools.sizing", { pool: pool.pool })} summary=${load.data && advice(load.data)} load=${load}
      isEmpty=${(answer) => !answer.peak} empty=${t("pools.nothing_measured")}>
      ${(answer) => html`<${Curves} answer=${answer} currency=${site.currency} />`}
    <//>`;
}

function advice(answer) {
  if (!answer.peak) return "";
  const when = `${t(`weekdays.${answer.peak.weekday}`)} ${String(answer.peak.hour).padStart(2, "0")}:00`;
  return t("pools.advice", { numbers: count(answer.needed.numbers), now: count(answer.today.numbers), target: percent(answer.target), when, hours: count(answer.measured_hours) });
}

function Curves({ answer, currency }) {
  const sizes = answer.curve;
  const drawn = useMemo(() => ({
    at: sizes.map((size) => size.numbers),
    series: [
      { name: t("pools.curve_without"), colour: "--c2", values: sizes.map((size) => size.without_own_at_peak) },
      { name: t("pools.curve_late"), colour: "--c1", dash: true, values: sizes.map((size) => size.late_calls_alone) },
    ],
  }), [answer]);
  const columns = [
    { key: "numbers", title: t("pools.numbers"), cell: (size) => html`${count(size.numbers)} ${size.numbers === answer.needed.numbers && html`<span class="badge good">${t("pools.advised")}</span>`}${size.numbers === answer.today.numbers && html` <span class="badge">${t("pools.today")}</span>`}` },
    { key: "peak", title: t("pools.without_at_peak"), number: true, cell: (size) => percent(size.without_own_at_peak) },
    { key: "all", title: t("pools.without"), number: true, cell: (size) => percent(size.without_own) },
    { key: "rest", title: t("pools.rest"), number: true, cell: (size) => duration(size.rest_at_peak_s) },
    { key: "late", title: t("pools.late"), number: true, cell: (size) => percent(size.late_calls_alone) },
    { key: "cost", title: t("pools.cost"), number: true, cell: (size) => money(size.monthly_cost, currency) },
  ];
  return html`
    <div class="two">
      <div><${Chart} ...${drawn} numeric=${true} title=${t("pools.curves")} label=${(n) => t("pools.n_numbers", { n: count(n) })} text=${percent} height=${230} />
        <p class="soft small">${t("pools.curves_text")}</p></div>
      <div><h3>${t("pools.load")}</h3><${Load} week=${answer.week} /></div>
    </div>
    <${Table} caption=${t("pools.sizes")} columns=${columns} rows=${sizes} rowKey=${(size) => size.numbers} first=${12} sortable=${false} />`;
}

/** Numbers that would be held over the day, on average and in the busiest hour of that time of day. */
function Load({ week }) {
  const drawn = useMemo(() => {
    const hours = Array.from({ length: 24 }, (_, hour) => week.filter((one) => one.hour === hour).map((one) => (one.arrivals_per_hour * one.mean_hold_s) / 3600));
    const mean = (list) => (list.length > 0 ? list.reduce((sum, one) => sum + one, 0) / list.length : null);
    return {
      at: hours.map((_, hour) => hour),
      series: [
        { name: t("pools.load_mean"), colour: "--c1", values: hours.map(mean) },
        { name: t("pools.load_peak"), colour: "--c2", dash: true, values: hours.map((list) => (list.length > 0 ? Math.max(...list) : null)) },
      ],
    };
  }, [week]);
  return html`<${Chart} ...${drawn} numeric=${true} title=${t("pools.load")} label=${(hour) => `${String(hour).padStart(2, "0")}:00`} height=${230} />`;
}
