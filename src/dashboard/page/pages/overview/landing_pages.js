// Landing pages: how often a visit becomes a call, with the interval in which that lies.

import { useApp, useLoad } from "../../app.js";
import { count } from "../../format.js";
import { filterInWords, shownValue } from "../../parts/filters.js";
import { Panel, Switch } from "../../parts/panel.js";
import { RateBar } from "../../parts/rate.js";
import { Table } from "../../parts/table.js";
import { filterOf, queryAddress, withFilter } from "../../question.js";
import { show } from "../../router.js";
import { axisEnd } from "../../scale.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";

const BY = { page: ["landing_page"], campaign: ["landing_page", "campaign"] };

/** The panel: pages alone, or each page of each campaign. Picking a page filters by it. */
export function LandingPages() {
  const { state } = useApp();
  const [by, setBy] = useState("page");
  const load = useLoad(queryAddress(state, { metrics: ["visits", "calls", "missed_calls", "call_rate"], dimensions: BY[by], order: "-visits", limit: 500 }));
  const choices = Object.keys(BY).map((name) => [name, t(`overview.pages_by_${name}`)]);
  return html`
    <${Panel} wide name="landing_pages" title=${t("overview.landing_pages")} summary=${t("overview.landing_pages_text")} load=${load} isEmpty=${(answer) => answer.rows.length === 0}
      tools=${html`<${Switch} label=${t("overview.by")} value=${by} choices=${choices} onChange=${setBy} />`}>
      ${(answer) => html`<${LandingTable} answer=${answer} filters=${state.filters} />`}
    <//>`;
}

function LandingTable({ answer, filters }) {
  const end = axisEnd(answer.rows.map((row) => row.call_rate));
  const mean = answer.totals?.call_rate;
  const hasCampaigns = answer.dimensions.includes("campaign");
  const only = (row) => filterOf("landing_page", "equals", row.landing_page);
  const columns = [
    {
      key: "landing_page", title: t("dimensions.landing_page"), value: (row) => row.landing_page ?? "", foot: () => t("tables.total"),
      cell: (row) => html`<button type="button" class="name path" data-tip=${t("filters.only", { filter: filterInWords(only(row)) })}
        onClick=${() => show({ filter: withFilter(filters, only(row)) })}>${shownValue("landing_page", row.landing_page)}</button>
        ${hasCampaigns && html`<span class="sub-text">${shownValue("campaign", row.campaign)}</span>`}`,
    },
    ...["visits", "calls", "missed_calls"].map((metric) => ({ key: metric, title: t(`metrics.${metric}`), number: true, value: (row) => row[metric], cell: (row) => count(row[metric]) })),
    { key: "call_rate", title: t("metrics.call_rate"), value: (row) => row.call_rate?.value ?? null, cell: (row) => html`<${RateBar} rate=${row.call_rate} end=${end} mean=${mean} />` },
  ];
  return html`<${Table} caption=${t("overview.landing_pages")} columns=${columns} rows=${answer.rows} first=${8} rowKey=${(row) => `${row.landing_page}\n${row.campaign ?? ""}`} foot=${answer.totals} />`;
}
