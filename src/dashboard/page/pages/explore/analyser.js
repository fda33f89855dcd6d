// What each filter does: how the figures would be without it, with it alone, and step by step.

import { useLoad } from "../../app.js";
import { figure } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { Table } from "../../parts/table.js";
import { html } from "../../view.js";
import { t } from "../../words.js";
import { metricName } from "./names.js";

/** The filters of the question at `address`, looked at one by one, by the first of its `metrics`. */
export function Analyser({ address, metric, unit }) {
  const load = useLoad(`${address}&analyse=true`);
  const cell = (row) => figure(row[metric], unit);
  const columns = [
    { key: "filter", title: t("explore.filter"), cell: (part) => part.filter },
    { key: "so_far", title: t("explore.so_far"), number: true, cell: (part) => cell(part.so_far) },
    { key: "alone", title: t("explore.alone"), number: true, cell: (part) => cell(part.alone) },
    { key: "without", title: t("explore.without"), number: true, cell: (part) => cell(part.without) },
  ];
  return html`
    <${Panel} wide name="analyser" title=${t("explore.analyser")} load=${load}
      summary=${load.data && t("explore.analysed", { metric: metricName(metric), all: cell(load.data.unfiltered), some: cell(load.data.filtered) })}>
      ${(answer) => html`<${Table} caption=${t("explore.analyser")} columns=${columns} rows=${answer.filters} rowKey=${(part) => part.filter} first=${20} sortable=${false} />`}
    <//>`;
}
