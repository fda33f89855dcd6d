// First-time callers against those who called before.

import { useApp, useLoad } from "../../app.js";
import { count, valueOf, wholePercent } from "../../format.js";
import { shownValue } from "../../parts/filters.js";
import { Panel } from "../../parts/panel.js";
import { Figure } from "../../parts/rate.js";
import { queryAddress } from "../../question.js";
import { html } from "../../view.js";
import { t } from "../../words.js";
import { metricName } from "../explore/names.js";

const METRICS = ["calls", "completion_rate", "average_call_duration", "qualified_rate", "conversion_rate", "revenue_per_call"];

/** The panel. */
export function Callers() {
  const { state } = useApp();
  const load = useLoad(queryAddress(state, { metrics: METRICS, dimensions: ["first_time"], order: "-first_time" }));
  return html`
    <${Panel} name="callers" title=${t("overview.callers")} summary=${t("overview.callers_text")} load=${load} isEmpty=${(answer) => !(answer.totals?.calls > 0)}>
      ${(answer) => {
        const units = Object.fromEntries(answer.metrics.map(({ name, unit }) => [name, unit]));
        const known = METRICS.slice(1).filter((name) => answer.rows.some((row) => valueOf(row[name]) !== null));
        const share = (row) => row.calls / answer.totals.calls;
        return html`
          <div class="halves" aria-hidden="true">${answer.rows.map((row) => html`<span class=${row.first_time ? "half first" : "half"} style=${{ flexGrow: share(row) }}>${share(row) > 0.08 && wholePercent(share(row))}</span>`)}</div>
          <div class="table-scroll" tabindex="0" role="group" aria-label=${t("overview.callers")}><table class="data compact"><caption class="unseen">${t("overview.callers")}</caption>
            <thead><tr><td></td>${answer.rows.map((row) => html`<th scope="col" class="number"><span class=${row.first_time ? "dot first" : "dot"} aria-hidden="true"></span>${shownValue("first_time", row.first_time)}</th>`)}</tr></thead>
            <tbody>
              <tr><th scope="row">${t("metrics.calls")}</th>${answer.rows.map((row) => html`<td class="number">${count(row.calls)}</td>`)}</tr>
              ${known.map((name) => html`<tr><th scope="row">${metricName(name)}</th>${answer.rows.map((row) => html`<td class="number"><${Figure} value=${row[name]} unit=${units[name]} currency=${answer.currency} /></td>`)}</tr>`)}
            </tbody>
          </table></div>`;
      }}
    <//>`;
}
