// When people call, when they are missed, when the numbers run out: hours of the day by weekday.

import { useApp, useLoad } from "../../app.js";
import { clock, count, valueOf } from "../../format.js";
import { Heat, callsInWords } from "../../parts/heat.js";
import { Panel, Switch } from "../../parts/panel.js";
import { filterOf, queryAddress, withFilter } from "../../question.js";
import { show } from "../../router.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";

const MEASURES = { calls: "calls", missed: "missed_calls", overflow: "lease_overflow_rate" };

/** The hour with the most, in a sentence. */
export function busiest(rows, metric) {
  const most = Math.max(0, ...rows.map((row) => valueOf(row[metric]) ?? 0));
  if (most === 0) return "";
  const top = rows.filter((row) => valueOf(row[metric]) === most);
  if (top.length > 1) return t("heat.several", { hours: count(top.length) });
  const [row] = top;
  return t("heat.most", { when: `${t(`weekdays.${row.weekday}`)} ${clock(row.hour)}–${clock(row.hour + 1)}` });
}

/** The panel; picking an hour filters by it. */
export function Hours() {
  const { state } = useApp();
  const [shown, setShown] = useState("calls");
  const load = useLoad(queryAddress(state, { metrics: ["calls", "missed_calls", "answered_calls", "lease_overflow_rate"], dimensions: ["weekday", "hour"], limit: 168, totals: "false" }));
  const metric = MEASURES[shown];
  const pick = (day, hour) => show({ filter: withFilter(withFilter(state.filters, filterOf("weekday", "equals", day)), filterOf("hour", "equals", hour)) });
  const choices = Object.keys(MEASURES).map((name) => [name, t(`heat.show_${name}`)]);
  return html`
    <${Panel} wide name="hours" title=${t("heat.title")} summary=${load.data ? busiest(load.data.rows, metric) || t("heat.text") : " "} load=${load}
      tools=${html`<${Switch} label=${t("heat.colours")} value=${shown} choices=${choices} onChange=${setShown} />`}>
      ${(answer) => html`<${Heat} rows=${answer.rows} metric=${metric} hue=${shown === "calls" ? "calls" : "missed"} words=${callsInWords}
        label=${t("heat.label", { what: t(`heat.show_${shown}`), zone: answer.time_zone ?? "" })} onPick=${pick} />`}
    <//>`;
}
