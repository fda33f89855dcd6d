// How full the pools are, and whether they suffice.

import { useApp, useLoads } from "../../app.js";
import { Panel } from "../../parts/panel.js";
import { MOST_SITES } from "../../parts/sites.js";
import { html } from "../../view.js";
import { t } from "../../words.js";
import { PoolBar, overflowInWords } from "../pools/bar.js";

/** Pools that have room here; those that are too small come first. */
const MOST = 6;

/** The panel: of one site or of all. */
export function PoolHealth() {
  const { site, sites, state } = useApp();
  const asked = site ? [site] : sites.slice(0, MOST_SITES);
  const load = useLoads(asked.map((one) => `/v1/sites/${one.id}/pools`));
  const pools = (load.data ?? []).flatMap((answer, n) => answer.pools.map((pool) => ({ ...pool, site: asked[n] })));
  pools.sort((a, b) => Number(b.too_small) - Number(a.too_small) || (b.utilisation ?? 0) - (a.utilisation ?? 0));
  return html`
    <${Panel} name="pools" title=${t("overview.pools")} summary=${t("overview.pools_text")} load=${load} isEmpty=${() => pools.length === 0}
      tools=${html`<a class="quiet-link" href=${state.site ? `/pools?site=${encodeURIComponent(state.site)}` : "/pools"}>${t("overview.pools_more")}</a>`}>
      ${() => html`<ul class="pool-list">${pools.slice(0, MOST).map((pool) => html`
        <li key=${`${pool.site.id}/${pool.pool}`}><p class="pool-name"><strong>${pool.pool}</strong> ${!site && html`<span class="soft small">${pool.site.name}</span>`} ${pool.too_small && html`<span class="badge bad">${t("pools.too_small")}</span>`}</p>
          <${PoolBar} pool=${pool} /><p class="soft small">${overflowInWords(pool)}</p></li>`)}</ul>`}
    <//>`;
}
