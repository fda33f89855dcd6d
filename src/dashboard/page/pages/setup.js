// Connecting a site: the script tag, whether it works, providers and destinations, and what an address would be taken for.

import { useApp, useLoad } from "../app.js";
import { count } from "../format.js";
import { Panel } from "../parts/panel.js";
import { Copy } from "../parts/save.js";
import { Table } from "../parts/table.js";
import { queryAddress } from "../question.js";
import { ago } from "../time.js";
import { html, useEffect } from "../view.js";
import { t } from "../words.js";
import { byDestination } from "./postbacks/verdicts.js";
import { Classify } from "./setup/classify.js";

const LOOK_AGAIN_MS = 5_000;

/** The page; of several sites, that of the one that is picked. */
export function Setup() {
  const { site, sites } = useApp();
  const one = site ?? sites[0];
  const setup = useLoad(one && `/v1/sites/${one.id}/setup`);
  if (!one) return html`<p class="panel state">${t("setup.no_site")}</p>`;
  return html`
    <div class="panels">
      ${!site && html`<p class="note wide">${t("pools.one_site", { site: one.name })}</p>`}
      <${Panel} wide name="tag" title=${t("setup.tag")} summary=${t("setup.tag_text")} load=${setup} tools=${setup.data && html`<${Copy} text=${setup.data.script_tag}>${t("actions.copy")}<//>`}>
        ${(answer) => html`<pre tabindex="0" id="script-tag">${answer.script_tag}</pre>
          <p class="soft small">${answer.origins.length > 0 ? t("setup.origins", { origins: answer.origins.join(", ") }) : t("setup.no_origins")}</p>`}
      <//>
      <${Seen} site=${one} />
      <${Targets} setup=${setup} />
      <${Providers} site=${one} setup=${setup} />
      <${Destinations} site=${one} setup=${setup} />
      <${Classify} key=${one.id} site=${one} />
    </div>`;
}

/** Which hosts were seen since yesterday; it looks again by itself. */
function Seen({ site }) {
  const { state } = useApp();
  const load = useLoad(queryAddress({ ...state, site: site.id, filters: [], from: undefined, to: undefined, period: "last_7_days" }, { metrics: ["visits", "leases"], dimensions: ["landing_host"] }));
  useEffect(() => {
    const timer = setInterval(load.again, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return html`
    <${Panel} name="seen" title=${t("setup.seen")} summary=${t("setup.seen_text")} load=${load} isEmpty=${(answer) => answer.rows.length === 0} empty=${t("setup.not_seen")}>
      ${(answer) => html`<ul class="checks">${answer.rows.map((row) => html`
        <li class="ok"><span class="check-mark" aria-hidden="true">✓</span><p>${t("setup.seen_from", { n: count(row.visits), host: row.landing_host ?? "–" })}<span class="sub-text">${t("setup.seen_leases", { n: count(row.leases) })}</span></p></li>`)}</ul>`}
    <//>`;
}

const Targets = ({ setup }) => html`
  <${Panel} name="targets" title=${t("setup.targets")} load=${setup} isEmpty=${(answer) => answer.targets.length === 0} empty=${t("setup.no_targets")}>
    ${(answer) => html`<ul class="checks">${answer.targets.map((target) => html`<li class="ok"><span class="check-mark" aria-hidden="true">✓</span><p><span class="digits">${target.number}</span><span class="sub-text">${t("setup.target_pool", { pool: target.pool })}</span></p></li>`)}</ul>`}
  <//>`;

function Providers({ site, setup }) {
  const calls = useLoad(`/v1/calls?site=${encodeURIComponent(site.id)}&limit=200`);
  const last = (provider) => calls.data?.calls.find((call) => call.provider === provider)?.started_at;
  return html`
    <${Panel} wide name="providers" title=${t("setup.providers")} summary=${t("setup.providers_text")} load=${setup} isEmpty=${(answer) => answer.providers.length === 0} empty=${t("setup.no_providers")}>
      ${(answer) => html`<ul class="checks">${answer.providers.map((one) => html`
        <li class=${last(one.provider) ? "ok" : "open"}><span class="check-mark" aria-hidden="true">${last(one.provider) ? "✓" : "…"}</span>
          <div><p><strong>${one.provider}</strong> · ${last(one.provider) ? t("setup.last_call", { when: ago(last(one.provider)) }) : t("setup.no_call")}</p>
            <details><summary>${t("setup.webhooks")}</summary><pre tabindex="0">${one.webhooks.join("\n")}</pre></details></div></li>`)}</ul>`}
    <//>`;
}

function Destinations({ site, setup }) {
  const load = useLoad(`/v1/postbacks?site=${encodeURIComponent(site.id)}&limit=200`);
  const counts = new Map(byDestination(load.data?.postbacks ?? []).map((row) => [row.destination, row]));
  const of = (row, name) => counts.get(row.destination)?.[name] ?? 0;
  const columns = [
    { key: "destination", title: t("postbacks.destination"), cell: (row) => html`<strong>${row.destination}</strong><span class="sub-text">${row.kind}</span>` },
    { key: "conversions", title: t("setup.conversions"), cell: (row) => row.conversions.join(", ") || "–" },
    ...["delivered", "rejected", "dead"].map((name) => ({ key: name, title: t(`postbacks.${name}`), number: true, cell: (row) => count(of(row, name)) })),
    { key: "last", title: t("postbacks.last"), cell: (row) => (of(row, "last") ? ago(of(row, "last")) : t("setup.nothing_delivered")) },
  ];
  return html`
    <${Panel} wide name="destinations" title=${t("setup.destinations")} load=${setup} isEmpty=${(answer) => answer.destinations.length === 0} empty=${t("setup.no_destinations")}>
      ${(answer) => html`<${Table} caption=${t("setup.destinations")} columns=${columns} rows=${answer.destinations} rowKey=${(row) => row.destination} first=${50} sortable=${false} />`}
    <//>`;
}
