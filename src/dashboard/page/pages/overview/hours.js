// When people call, when they are missed, when the numbers run out: hours of the day by weekday.

import { useApp, useLoad } from "../../app.js";
import { clock, count, valueOf } from "../../format.js";
import { filterInWords } from "../../parts/filters.js";
import { Heat, callsInWords } from "../../parts/heat.js";
import { Panel, Switch } from "../../parts/panel.js";
import { filterOf, filterParts, hoursFilter, queryAddress, withOnly } from "../../question.js";
import { changed, show, withQuery } from "../../router.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";

const MEASURES = { calls: "calls", missed: "missed_calls", overflow: "lease_overflow_rate" };
const METRICS = ["calls", "missed_calls", "answered_calls", "lease_overflow_rate"];
/** Parts of a day: from which hour to before which. */
const DAY_PARTS = { night: [0, 6], morning: [6, 12], afternoon: [12, 18], evening: [18, 24] };

/** The hour with the most, in a sentence. */
export function busiest(rows, metric) {
  const most = Math.max(0, ...rows.map((row) => valueOf(row[metric]) ?? 0));
  if (most === 0) return "";
  const top = rows.filter((row) => valueOf(row[metric]) === most);
  if (top.length > 1) return t("heat.several", { hours: count(top.length) });
  const [row] = top;
  return t("heat.most", { when: `${t(`weekdays.${row.weekday}`)} ${clock(row.hour)}–${clock(row.hour + 1)}` });
}

/** The panel; picking an hour, a day or a part of the day filters by it, and offers what it is made of. */
export function Hours() {
  const { state } = useApp();
  const [shown, setShown] = useState("calls");
  const load = useLoad(queryAddress(state, { metrics: METRICS, dimensions: ["weekday", "hour"], limit: 168, totals: "false" }));
  const metric = MEASURES[shown];
  const pick = (day, hour) => {
    let { filters } = state;
    if (day !== undefined) filters = withOnly(filters, "weekday", filterOf("weekday", "equals", day));
    if (hour !== undefined) filters = withOnly(filters, "hour", filterOf("hour", "equals", hour));
    show({ filter: filters });
  };
  const choices = Object.keys(MEASURES).map((name) => [name, t(`heat.show_${name}`)]);
  return html`
    <${Panel} wide name="hours" title=${t("heat.title")} summary=${load.data ? busiest(load.data.rows, metric) || t("heat.text") : " "} load=${load}
      tools=${html`<${DayParts} filters=${state.filters} /><${Switch} label=${t("heat.colours")} value=${shown} choices=${choices} onChange=${setShown} />`}>
      ${(answer) => html`<${Offer} filters=${state.filters} /><${Heat} rows=${answer.rows} metric=${metric} hue=${shown === "calls" ? "calls" : "missed"} words=${callsInWords}
        label=${t("heat.label", { what: t(`heat.show_${shown}`), zone: answer.time_zone ?? "" })} onPick=${pick} />`}
    <//>`;
}

/** All hours, or those of a part of the day. */
function DayParts({ filters }) {
  const of = ([first, end]) => hoursFilter(first, end);
  const now = Object.keys(DAY_PARTS).find((part) => filters.includes(of(DAY_PARTS[part])));
  const isFree = !filters.some((filter) => filterParts(filter).dimension === "hour");
  const choices = [["all", t("heat.all_day")], ...Object.keys(DAY_PARTS).map((part) => [part, t(`heat.${part}`)])];
  const pick = (part) => show({ filter: withOnly(filters, "hour", part === "all" ? null : of(DAY_PARTS[part])) });
  return html`<${Switch} label=${t("heat.day_parts")} value=${now ?? (isFree ? "all" : "")} choices=${choices} onChange=${pick} />`;
}

/** Once days or hours are picked: what they are made of, one click away. */
function Offer({ filters }) {
  const { address } = useApp();
  const picked = filters.filter((filter) => ["weekday", "hour"].includes(filterParts(filter).dimension));
  if (picked.length === 0) return null;
  const breakdown = (dims) => withQuery("/explore", changed(address.params, { metrics: "missed_calls,calls,completion_rate", dims, order: "-missed_calls" }));
  return html`
    <p class="note offer" id="breakdown"><strong>${picked.map(filterInWords).join(" · ")}</strong>
      <a href=${breakdown("landing_page,campaign")}>${t("heat.by_page_and_campaign")}</a>
      <a href=${breakdown("source,medium")}>${t("heat.by_source")}</a>
      <button type="button" class="button" onClick=${() => show({ filter: filters.filter((filter) => !picked.includes(filter)) })}>${t("heat.anytime")}</button></p>`;
}
