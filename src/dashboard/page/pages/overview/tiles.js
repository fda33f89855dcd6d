// The headline: six figures, how each changed, and how it went day by day.

import { useApp, useLoad } from "../../app.js";
import { figure, valueOf } from "../../format.js";
import { Change } from "../../parts/rate.js";
import { Spark } from "../../parts/spark.js";
import { queryAddress } from "../../question.js";
import { periodInWords } from "../../time.js";
import { html } from "../../view.js";
import { t } from "../../words.js";
import { metricName } from "../explore/names.js";

const METRICS = ["calls", "first_time_callers", "answered_calls", "qualified_leads", "revenue", "cost_per_lead"];

/** The tiles. */
export function Tiles() {
  const { state, zone } = useApp();
  const now = useLoad(queryAddress(state, { metrics: METRICS, compare: true }));
  const days = useLoad(queryAddress(state, { metrics: METRICS, grain: "day", fill: true, totals: "false" }));
  const row = now.data?.rows[0] ?? now.data?.totals;
  const units = Object.fromEntries((now.data?.metrics ?? []).map(({ name, unit }) => [name, unit]));
  const { compared_with: other, from, to, currency, time_zone: told } = now.data ?? {};
  const compared = other ? ` · ${t("overview.compared", { period: periodInWords(other.from, other.to) })}` : "";
  return html`
    <section class="tiles-box wide" aria-labelledby="headline" aria-busy=${now.loading} data-panel="tiles">
      <h2 class="unseen" id="headline">${t("overview.headline")}</h2>
      <p class="period-words">${from ? `${periodInWords(from, to)}${compared} · ${t("overview.zone", { zone: told ?? zone })}` : " "}</p>
      ${now.error ? html`<div class="panel state" role="alert">${now.error.message} <button type="button" class="button" onClick=${now.again}>${t("errors.again")}</button></div>` : html`
        <dl class="tiles">${METRICS.map((name) => html`
          <div class="tile" key=${name} data-metric=${name}>
            <dt>${metricName(name)}</dt>
            <dd class="tile-figure">${row ? figure(row[name], units[name], currency) : " "}</dd>
            <dd class="tile-change">${row && html`<${Change} metric=${name} compared=${row.compare?.[name]} unit=${units[name]} currency=${currency} />`}
              ${row && valueOf(row[name]) === null && html`<span class="faint">${t(`not_told.${name}`)}</span>`}</dd>
            <dd class="tile-spark"><${Spark} values=${(days.data?.rows ?? []).map((day) => valueOf(day[name]) ?? NaN)} /></dd>
          </div>`)}
        </dl>`}
    </section>`;
}
