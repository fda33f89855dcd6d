// How full the pools of the site are, and whether they suffice.

import { useApp, useLoad } from "../../app.js";
import { Panel } from "../../parts/panel.js";
import { html } from "../../view.js";
import { t } from "../../words.js";
import { PoolBar, overflowInWords } from "../pools/bar.js";

/** The panel; several sites are asked one by one on the page of pools. */
export function PoolHealth() {
  const { site, sites } = useApp();
  const one = site ?? sites[0];
  const load = useLoad(one && `/v1/sites/${one.id}/pools`);
  return html`
    <${Panel} name="pools" title=${t("overview.pools")} summary=${site ? t("overview.pools_text") : one?.name} load=${load} isEmpty=${(answer) => answer.pools.length === 0}
      tools=${html`<a class="quiet-link" href="/pools">${t("overview.pools_more")}</a>`}>
      ${(answer) => html`<ul class="pool-list">${answer.pools.map((pool) => html`
        <li key=${pool.pool}><p class="pool-name"><strong>${pool.pool}</strong> ${pool.too_small && html`<span class="badge bad">${t("pools.too_small")}</span>`}</p>
          <${PoolBar} pool=${pool} /><p class="soft small">${overflowInWords(pool)}</p></li>`)}</ul>`}
    <//>`;
}
