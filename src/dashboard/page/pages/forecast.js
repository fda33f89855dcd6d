// What the next two weeks will bring, and how many people it takes to answer it.

import { useApp, useLoad, useLoads } from "../app.js";
import { count, duration, percent, wholePercent } from "../format.js";
import { Chart } from "../parts/chart.js";
import { Panel } from "../parts/panel.js";
import { SitesTable, useSeveral } from "../parts/sites.js";
import { Table } from "../parts/table.js";
import { dayInWords, dayOnAxis, shortDay } from "../time.js";
import { html, useMemo, useState } from "../view.js";
import { t } from "../words.js";

const dayOf = (at) => new Date(at * 1000).toISOString().slice(0, 10);

/** The page: all sites at a glance, or everything of the one that is picked. */
export function Forecast() {
  const { site } = useApp();
  return site ? html`<${ForecastOf} key=${site.id} site=${site} />` : html`<div class="panels"><${AllForecasts} /></div>`;
}

/** What each site may expect. */
function AllForecasts() {
  const { sites } = useApp();
  const several = useSeveral();
  const load = useLoads(several.map((one) => `/v1/sites/${one.id}/forecast?days=14`));
  const busiest = (answer) => answer.expected.reduce((most, day) => (day.calls > (most?.calls ?? 0) ? day : most), null);
  const columns = [
    { key: "week", title: t("forecast.first_week"), number: true, of: (answer) => count(answer.expected.slice(0, 7).reduce((sum, day) => sum + day.calls, 0)) },
    { key: "weeks", title: t("forecast.both_weeks"), number: true, of: (answer) => count(answer.expected.reduce((sum, day) => sum + day.calls, 0)) },
    { key: "busiest", title: t("forecast.busiest"), of: (answer) => (busiest(answer) ? `${dayInWords(busiest(answer).date)}: ${count(busiest(answer).calls)}` : "–") },
    { key: "known", title: t("forecast.learnt"), number: true, of: (answer) => count(answer.days_known) },
  ];
  return html`<${SitesTable} sites=${several} all=${sites.length} load=${load} columns=${columns} title=${t("forecast.title")} summary=${t("sites.pick")} />`;
}

function ForecastOf({ site: one }) {
  const [goal, setGoal] = useState({ service_level: 0.8, within: 20, cautious: false });
  const load = useLoad(`/v1/sites/${one.id}/forecast?days=14`);
  const staffing = useLoad(`/v1/sites/${one.id}/staffing?days=7&service_level=${goal.service_level}&within=${goal.within}&cautious=${goal.cautious}`);
  return html`
    <div class="panels">
      <${Panel} wide name="forecast" title=${t("forecast.title")} summary=${load.data && quality(load.data)} load=${load} isEmpty=${(answer) => answer.expected.length === 0}>
        ${(answer) => html`<${Expected} answer=${answer} />`}
      <//>
      <${Panel} wide name="staffing" title=${t("forecast.staffing")} summary=${staffing.data && t("forecast.staffing_text", { handle: duration(staffing.data.handle_time_s), from: t(`forecast.${staffing.data.handle_time_from}`) })}
        load=${staffing} tools=${html`<${Goal} goal=${goal} onChange=${setGoal} />`}>
        ${(answer) => html`<${Staffing} answer=${answer} />`}
      <//>
    </div>`;
}

function quality(answer) {
  const known = t("forecast.known", { days: count(answer.days_known) });
  const { mean_error: error, in_80_percent: inside } = answer.quality;
  if (!answer.weeks_held_back) return `${known} ${t("forecast.untested")}`;
  const told = [Number.isFinite(error) && t("forecast.error", { error: count(error) }), Number.isFinite(inside) && t("forecast.inside", { share: wholePercent(inside) })];
  if (answer.method === "week_before") told.unshift(t("forecast.week_before"));
  return [known, ...told.filter(Boolean)].join(" ");
}

function Expected({ answer }) {
  const drawn = useMemo(() => ({
    at: answer.expected.map((day) => dayOnAxis(day.date)),
    series: [
      { name: t("forecast.high_95"), colour: "--c1", band: true, hidden: true, values: answer.expected.map((day) => day.in_95_percent[1]) },
      { name: t("forecast.low_95"), colour: "--c1", band: true, hidden: true, values: answer.expected.map((day) => day.in_95_percent[0]) },
      { name: t("forecast.high_80"), colour: "--c1", band: true, hidden: true, values: answer.expected.map((day) => day.in_80_percent[1]) },
      { name: t("forecast.low_80"), colour: "--c1", band: true, hidden: true, values: answer.expected.map((day) => day.in_80_percent[0]) },
      { name: t("forecast.calls"), colour: "--c1", values: answer.expected.map((day) => day.calls) },
    ],
    bands: [[0, 1, "--band-95"], [2, 3, "--band-80"]],
  }), [answer]);
  const columns = [
    { key: "date", title: t("forecast.day"), cell: (day) => dayInWords(day.date) },
    { key: "calls", title: t("forecast.calls"), number: true, cell: (day) => count(day.calls) },
    { key: "likely", title: t("forecast.likely"), number: true, cell: (day) => `${day.in_80_percent[0]}–${day.in_80_percent[1]}` },
    { key: "nearly", title: t("forecast.nearly"), number: true, cell: (day) => `${day.in_95_percent[0]}–${day.in_95_percent[1]}` },
  ];
  return html`
    <${Chart} ...${drawn} title=${t("forecast.title")} label=${(at) => shortDay(dayOf(at))} height=${260} legend=${false} />
    <p class="legend"><span class="key"><span class="key-mark" style=${{ "--colour": "var(--c1)" }}></span>${t("forecast.calls")}</span>
      <span class="key"><span class="key-mark area" style=${{ "--colour": "var(--band-80)" }}></span>${t("forecast.likely")}</span>
      <span class="key"><span class="key-mark area" style=${{ "--colour": "var(--band-95)" }}></span>${t("forecast.nearly")}</span></p>
    <${Table} caption=${t("forecast.title")} columns=${columns} rows=${answer.expected} rowKey=${(day) => day.date} first=${14} sortable=${false} />`;
}

const Goal = ({ goal, onChange }) => html`
  <label class="control"><span>${t("forecast.level")}</span>
    <select value=${String(goal.service_level)} onChange=${(event) => onChange({ ...goal, service_level: Number(event.currentTarget.value) })}>
      ${[0.7, 0.8, 0.9, 0.95].map((level) => html`<option value=${String(level)}>${wholePercent(level)}</option>`)}</select></label>
  <label class="control"><span>${t("forecast.within")}</span>
    <select value=${String(goal.within)} onChange=${(event) => onChange({ ...goal, within: Number(event.currentTarget.value) })}>
      ${[10, 20, 30, 60].map((seconds) => html`<option value=${String(seconds)}>${seconds} s</option>`)}</select></label>
  <label class="check"><input type="checkbox" checked=${goal.cautious} onChange=${(event) => onChange({ ...goal, cautious: event.currentTarget.checked })} />${t("forecast.cautious")}</label>`;

/** People by day and hour: one line a day, the hours in which anybody is needed. */
function Staffing({ answer }) {
  const days = [...new Set(answer.hours.map((hour) => hour.date))];
  const needed = answer.hours.filter((hour) => hour.rostered > 0).map((hour) => hour.hour);
  if (needed.length === 0) return html`<p class="state">${t("forecast.nobody")}</p>`;
  const [first, last] = [Math.min(...needed), Math.max(...needed)];
  const hours = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  const most = Math.max(...answer.hours.map((hour) => hour.rostered));
  const at = (date, hour) => answer.hours.find((one) => one.date === date && one.hour === hour);
  const cell = (one) => {
    if (!one) return html`<td></td>`;
    const step = one.rostered === 0 ? 0 : Math.max(1, Math.round((one.rostered / most) * 4));
    return html`<td class=${`heat heat-${step}`} data-tip=${t("forecast.said", { people: count(one.rostered), calls: count(one.calls), level: percent(one.service_level) })}>${one.rostered || "·"}</td>`;
  };
  return html`
    <div class="table-scroll heat-box calls" tabindex="0" role="group" aria-label=${t("forecast.staffing")}>
      <table class="heat-map staffing"><caption class="unseen">${t("forecast.staffing")}</caption>
        <thead><tr><td></td>${hours.map((hour) => html`<th scope="col">${String(hour).padStart(2, "0")}</th>`)}</tr></thead>
        <tbody>${days.map((date) => html`<tr><th scope="row">${dayInWords(date)}</th>${hours.map((hour) => cell(at(date, hour)))}</tr>`)}</tbody>
      </table>
    </div>
    <ul class="fine">${answer.assumptions.map((line) => html`<li>${line}</li>`)}</ul>`;
}
