// Every number of a pool and what it is doing.

import { useLoad } from "../../app.js";
import { phone } from "../../format.js";
import { Panel, Switch } from "../../parts/panel.js";
import { Table } from "../../parts/table.js";
import { ago, moment } from "../../time.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";

const STATES = ["", "held", "resting", "free", "draining", "quarantined"];

/** The numbers of `pool`, of one state or all. */
export function Numbers({ site, pool }) {
  const [state, setState] = useState("");
  const load = useLoad(`/v1/sites/${site.id}/pools/${pool.pool}/numbers?limit=200${state ? `&state=${state}` : ""}`);
  const columns = [
    { key: "number", title: t("pools.number"), value: (row) => row.number, cell: (row) => html`<span class="digits">${phone(row.number)}</span>${row.vanity && html`<span class="sub-text">${row.vanity}</span>`}` },
    { key: "state", title: t("pools.state"), value: (row) => row.state, cell: (row) => html`<span class=${`badge state-${row.state}`}>${t(`pools.${row.state}`)}</span>` },
    { key: "kind", title: t("pools.kind"), value: (row) => row.kinds.join(), cell: (row) => row.kinds.map((kind) => t(`values.${kind}`)).join(", ") },
    { key: "released", title: t("pools.released"), value: (row) => row.released_at ?? "", cell: (row) => when(row.released_at, site.time_zone) },
    { key: "called", title: t("pools.called"), value: (row) => row.last_called_at ?? "", cell: (row) => when(row.last_called_at, site.time_zone) },
  ];
  const choices = STATES.map((name) => [name, name ? t(`pools.${name}`) : t("pools.all")]);
  return html`
    <${Panel} wide name="numbers" title=${t("pools.numbers_of", { pool: pool.pool })} load=${load} isEmpty=${(answer) => answer.numbers.length === 0}
      tools=${html`<${Switch} label=${t("pools.state")} value=${state} choices=${choices} onChange=${setState} />`}>
      ${(answer) => html`<${Table} caption=${t("pools.numbers_of", { pool: pool.pool })} columns=${columns} rows=${answer.numbers} rowKey=${(row) => row.number} first=${15} />`}
    <//>`;
}

const when = (at, zone) => (at ? html`<span class="digits" data-tip=${moment(at, zone)}>${ago(at)}</span>` : html`<span class="faint">${t("pools.never")}</span>`);
