// Postbacks: verdicts by destination, what was given up, sending once more.

import { change } from "../api.js";
import { useApp, useLoad } from "../app.js";
import { count, wholePercent } from "../format.js";
import { Panel, Switch } from "../parts/panel.js";
import { Table } from "../parts/table.js";
import { show } from "../router.js";
import { ago, moment } from "../time.js";
import { html, useState } from "../view.js";
import { t } from "../words.js";
import { byDestination } from "./postbacks/verdicts.js";

const STATES = ["", "waiting", "delivered", "rejected", "skipped", "dead"];
const PAGE = 200;

/** The page. */
export function Postbacks() {
  const { state, address, sites, zoneOf } = useApp();
  const site = state.site ? `&site=${state.site}` : "";
  const wanted = STATES.includes(address.params.get("state")) ? address.params.get("state") : "";
  const newest = useLoad(`/v1/postbacks?limit=${PAGE}${site}`);
  const load = useLoad(`/v1/postbacks?limit=${PAGE}${site}${wanted ? `&state=${wanted}` : ""}`);
  const columns = ["waiting", "delivered", "rejected", "skipped", "dead"].map((name) => ({
    key: name, title: t(`postbacks.${name}`), number: true, value: (row) => row[name], cell: (row) => (row[name] > 0 && (name === "dead" || name === "rejected") ? html`<strong class="bad-text">${count(row[name])}</strong>` : count(row[name])),
  }));
  const share = (row) => row.delivered / Math.max(1, row.delivered + row.rejected + row.dead);
  const destinations = [
    { key: "destination", title: t("postbacks.destination"), value: (row) => row.destination, cell: (row) => html`<strong>${row.destination}</strong>${sites.length > 1 && html`<span class="sub-text">${row.site}</span>`}` },
    ...columns,
    { key: "share", title: t("postbacks.share"), number: true, value: share, cell: (row) => (row.delivered + row.rejected + row.dead > 0 ? wholePercent(share(row)) : "–") },
    { key: "last", title: t("postbacks.last"), value: (row) => row.last, cell: (row) => (row.last ? html`<span data-tip=${moment(row.last, zoneOf(row.site))}>${ago(row.last)}</span>` : "–") },
  ];
  return html`
    <div class="panels">
      <${Panel} wide name="destinations" title=${t("postbacks.by_destination")} summary=${t("postbacks.by_destination_text", { n: PAGE })} load=${newest} isEmpty=${(answer) => answer.postbacks.length === 0} empty=${t("postbacks.none")}>
        ${(answer) => html`<${Table} caption=${t("postbacks.by_destination")} columns=${destinations} rows=${byDestination(answer.postbacks)} rowKey=${(row) => `${row.site} ${row.destination}`} />`}
      <//>
      <${Panel} wide name="postbacks" title=${t("postbacks.title")} load=${load} isEmpty=${(answer) => answer.postbacks.length === 0} empty=${wanted === "dead" ? t("postbacks.no_dead") : t("postbacks.none")}
        tools=${html`<${Switch} label=${t("postbacks.state")} value=${wanted} choices=${STATES.map((name) => [name, name ? t(`postbacks.${name}`) : t("postbacks.all")])} onChange=${(value) => show({ state: value })} />`}>
        ${(answer) => html`<${List} postbacks=${answer.postbacks} again=${load.again} />`}
      <//>
    </div>`;
}

function List({ postbacks, again }) {
  const { zoneOf, can } = useApp();
  const columns = [
    { key: "when", title: t("postbacks.when"), value: (row) => row.settled_at ?? row.due_at ?? "", cell: (row) => html`<span class="moment" data-tip=${zoneOf(row.site)}>${moment(row.settled_at ?? row.due_at, zoneOf(row.site))}</span>` },
    { key: "destination", title: t("postbacks.destination"), value: (row) => row.destination, cell: (row) => html`${row.destination}<span class="sub-text">${row.conversion}</span>` },
    { key: "state", title: t("postbacks.state"), value: (row) => row.state, cell: (row) => html`<span class=${`badge state-${row.state}`}>${t(`postbacks.${row.state}`)}</span>` },
    { key: "attempts", title: t("postbacks.attempts"), number: true, value: (row) => row.attempts, cell: (row) => count(row.attempts) },
    { key: "why", title: t("postbacks.why"), cell: (row) => html`<span class="why">${row.why || "–"}</span>` },
    { key: "call", title: t("postbacks.call"), cell: (row) => html`<a href=${`/calls/${row.call}`}>${t("postbacks.to_call")}</a>` },
    can("manager") && { key: "replay", title: "", cell: (row) => ["rejected", "skipped", "dead"].includes(row.state) && html`<${Replay} id=${row.id} onDone=${again} />` },
  ].filter(Boolean);
  return html`<${Table} caption=${t("postbacks.title")} columns=${columns} rows=${postbacks} rowKey=${(row) => row.id} first=${25} />`;
}

/** A button that sends a postback once more. */
export function Replay({ id, onDone }) {
  const [said, setSaid] = useState("");
  const replay = async () => {
    try {
      await change("POST", `/v1/postbacks/${encodeURIComponent(id)}/replay`);
      onDone();
    } catch (error) {
      setSaid(error.message);
    }
  };
  return said ? html`<span class="field-error" role="alert">${said}</span>` : html`<button type="button" class="button small" onClick=${replay}>${t("postbacks.replay")}</button>`;
}
