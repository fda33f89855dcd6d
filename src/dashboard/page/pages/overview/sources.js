// Where calls come from: sources, campaigns or channels, with what they cost and brought.

import { useApp, useLoad } from "../../app.js";
import { count, valueOf } from "../../format.js";
import { filterInWords, shownValue } from "../../parts/filters.js";
import { Panel, Switch } from "../../parts/panel.js";
import { Change, Figure } from "../../parts/rate.js";
import { Table } from "../../parts/table.js";
import { filterOf, queryAddress, withFilter } from "../../question.js";
import { show } from "../../router.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";
import { metricName } from "../explore/names.js";

const BY = { source: ["source", "medium"], campaign: ["campaign", "source"], channel: ["channel"] };
const METRICS = ["calls", "visits", "call_rate", "first_time_rate", "completion_rate", "qualified_leads", "revenue", "cost", "cost_per_lead"];

/** The panel; picking a name filters by it. */
export function Sources() {
  const { state } = useApp();
  const [by, setBy] = useState("source");
  const dimensions = BY[by];
  const load = useLoad(queryAddress(state, { metrics: METRICS, dimensions, compare: true, order: "-calls", limit: 500 }));
  const choices = Object.keys(BY).map((name) => [name, t(`overview.by_${name}`)]);
  return html`
    <${Panel} wide name="sources" title=${t("overview.sources")} summary=${t("overview.sources_text")} load=${load} isEmpty=${(answer) => answer.rows.length === 0}
      tools=${html`<${Switch} label=${t("overview.by")} value=${by} choices=${choices} onChange=${setBy} />`}>
      ${(answer) => html`<${SourceTable} answer=${answer} dimensions=${dimensions} filters=${state.filters} />`}
    <//>`;
}

function SourceTable({ answer, dimensions, filters }) {
  const [main, sub] = dimensions;
  const units = Object.fromEntries(answer.metrics.map(({ name, unit }) => [name, unit]));
  // Columns that nobody told anything about only take room.
  const known = METRICS.filter((name) => answer.rows.some((row) => row[name] !== null));
  const name = {
    key: main, title: t(`dimensions.${main}`), value: (row) => shownValue(main, row[main]), foot: () => t("tables.total"),
    cell: (row) => {
      const filter = filterOf(main, "equals", row[main]);
      return html`<button type="button" class="name" data-tip=${t("filters.only", { filter: filterInWords(filter) })} onClick=${() => show({ filter: withFilter(filters, filter) })}>${shownValue(main, row[main])}</button>
        ${sub && html`<span class="sub-text">${shownValue(sub, row[sub])}</span>`}`;
    },
  };
  const column = (metric) => ({
    key: metric, title: metricName(metric), number: true, value: (row) => valueOf(row[metric]),
    cell: (row) => html`<${Figure} value=${row[metric]} unit=${units[metric]} currency=${answer.currency} />
      ${metric === "calls" && row.compare && html` <${Change} metric="calls" compared=${row.compare.calls} unit="number" />`}`,
  });
  return html`<${Table} caption=${t("overview.sources")} columns=${[name, ...known.map(column)]} rows=${answer.rows} first=${8}
    rowKey=${(row) => dimensions.map((one) => row[one]).join("\n")} foot=${answer.totals} />
    <p class="unseen">${t("overview.calls_in_all", { n: count(answer.totals?.calls) })}</p>`;
}
