// Calls over time, stacked by channel.

import { useApp, useLoad } from "../../app.js";
import { Chart, COLOURS } from "../../parts/chart.js";
import { shownValue } from "../../parts/filters.js";
import { Panel } from "../../parts/panel.js";
import { queryAddress } from "../../question.js";
import { dayOnAxis, shortDay } from "../../time.js";
import { html, useMemo } from "../../view.js";
import { t } from "../../words.js";

const MOST = 6;
const dayOf = (at) => new Date(at * 1000).toISOString().slice(0, 10);

/** The rows of days and channels as one series for each of the strongest channels, the others together. */
export function seriesOf(rows) {
  const days = [...new Set(rows.map((row) => row.date))].sort();
  const totals = new Map();
  for (const row of rows) totals.set(row.channel, (totals.get(row.channel) ?? 0) + (row.calls ?? 0));
  const ranked = [...totals].filter(([, calls]) => calls > 0).sort((a, b) => b[1] - a[1]).map(([channel]) => channel);
  const own = ranked.length > MOST + 1 ? ranked.slice(0, MOST) : ranked;
  const names = own.map((channel) => shownValue("channel", channel));
  if (own.length < ranked.length) names.push(t("overview.others"));
  const series = names.map((name, n) => ({ name, colour: COLOURS[n % COLOURS.length], values: days.map(() => 0) }));
  for (const row of rows) {
    if (!(row.calls > 0)) continue;
    const place = own.indexOf(row.channel);
    series[place === -1 ? own.length : place].values[days.indexOf(row.date)] += row.calls;
  }
  return { at: days.map(dayOnAxis), series };
}

/** The panel. */
export function Channels() {
  const { state } = useApp();
  const load = useLoad(queryAddress(state, { metrics: ["calls"], dimensions: ["channel"], grain: "day", fill: true, limit: 5000, totals: "false" }));
  const drawn = useMemo(() => load.data && seriesOf(load.data.rows), [load.data]);
  return html`
    <${Panel} name="channels" title=${t("overview.channels")} summary=${t("overview.channels_text")} load=${load} isEmpty=${() => drawn.series.length === 0}>
      ${() => html`<${Chart} ...${drawn} kind="bars" title=${t("overview.channels")} label=${(at) => shortDay(dayOf(at))} height=${268} />`}
    <//>`;
}
