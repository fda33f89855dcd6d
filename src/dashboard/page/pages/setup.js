// Connecting a site: the script tag, whether it works, providers and destinations, and what an address would be taken for.

import { useApp, useLoad, useLoads } from "../app.js";
import { count } from "../format.js";
import { Panel } from "../parts/panel.js";
import { Copy } from "../parts/save.js";
import { SitesTable, useSeveral } from "../parts/sites.js";
import { html } from "../view.js";
import { t } from "../words.js";
import { Classify } from "./setup/classify.js";
import { Destinations } from "./setup/destinations.js";
import { Providers } from "./setup/providers.js";
import { Seen, seenAddress } from "./setup/seen.js";

/** The page: all sites at a glance, or everything of the one that is picked. */
export function Setup() {
  const { site, sites } = useApp();
  if (sites.length === 0) return html`<p class="panel state">${t("setup.no_site")}</p>`;
  return html`<div class="panels">${site ? html`<${SetupOf} key=${site.id} site=${site} />` : html`<${AllSites} />`}</div>`;
}

/** What is connected with each site. */
function AllSites() {
  const { state, sites } = useApp();
  const several = useSeveral();
  const load = useLoads(several.map((one) => `/v1/sites/${one.id}/setup`));
  const seen = useLoad(seenAddress(state, "", "site", ["visits", "calls"]));
  const of = (site, name) => (seen.data ? seen.data.rows.find((row) => row.site === site.id)?.[name] ?? 0 : null);
  const names = (list) => list.join(", ") || "–";
  const columns = [
    { key: "visits", title: t("setup.visits_7"), number: true, of: (_, site) => count(of(site, "visits")) },
    { key: "calls", title: t("setup.calls_7"), number: true, of: (_, site) => count(of(site, "calls")) },
    { key: "targets", title: t("setup.targets"), number: true, of: (answer) => count(answer.targets.length) },
    { key: "providers", title: t("setup.providers"), of: (answer) => names(answer.providers.map((one) => one.provider)) },
    { key: "destinations", title: t("setup.destinations"), of: (answer) => names(answer.destinations.map((one) => one.destination)) },
  ];
  return html`<${SitesTable} sites=${several} all=${sites.length} load=${load} columns=${columns} title=${t("nav.setup")} summary=${t("sites.pick")} />`;
}

function SetupOf({ site }) {
  const setup = useLoad(`/v1/sites/${site.id}/setup`);
  return html`
    <${Panel} wide name="tag" title=${t("setup.tag")} summary=${t("setup.tag_text")} load=${setup} tools=${setup.data && html`<${Copy} text=${setup.data.script_tag}>${t("actions.copy")}<//>`}>
      ${(answer) => html`<pre tabindex="0" id="script-tag">${answer.script_tag}</pre>
        <p class="soft small">${answer.origins.length > 0 ? t("setup.origins", { origins: answer.origins.join(", ") }) : t("setup.no_origins")}</p>`}
    <//>
    <${Seen} site=${site} />
    <${Targets} setup=${setup} />
    <${Providers} site=${site} setup=${setup} />
    <${Destinations} site=${site} setup=${setup} />
    <${Classify} site=${site} />`;
}

const Targets = ({ setup }) => html`
  <${Panel} name="targets" title=${t("setup.targets")} load=${setup} isEmpty=${(answer) => answer.targets.length === 0} empty=${t("setup.no_targets")}>
    ${(answer) => html`<ul class="checks">${answer.targets.map((target) => html`<li class="ok"><span class="check-mark" aria-hidden="true">✓</span><p><span class="digits">${target.number}</span><span class="sub-text">${t("setup.target_pool", { pool: target.pool })}</span></p></li>`)}</ul>`}
  <//>`;
