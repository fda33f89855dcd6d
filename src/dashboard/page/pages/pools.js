// Pools: what the numbers are doing, how big a pool should be, how it went over the day.

import { useApp, useLoad, useLoads } from "../app.js";
import { count, percent } from "../format.js";
import { Heat } from "../parts/heat.js";
import { Panel } from "../parts/panel.js";
import { SitesTable, useSeveral } from "../parts/sites.js";
import { queryAddress } from "../question.js";
import { html, useState } from "../view.js";
import { t } from "../words.js";
import { PoolBar, overflowInWords } from "./pools/bar.js";
import { Numbers } from "./pools/numbers.js";
import { Sizing } from "./pools/sizing.js";

/** The page: all sites at a glance, or everything of the one that is picked. */
export function Pools() {
  const { site } = useApp();
  return site ? html`<${PoolsOf} key=${site.id} site=${site} />` : html`<div class="panels"><${AllPools} /></div>`;
}

/** How the pools of all sites do. */
function AllPools() {
  const { sites } = useApp();
  const several = useSeveral();
  const load = useLoads(several.map((one) => `/v1/sites/${one.id}/pools`));
  const sum = (answer, part) => answer.pools.reduce((total, pool) => total + (pool[part] ?? 0), 0);
  const small = (answer) => answer.pools.filter((pool) => pool.too_small);
  const columns = [
    { key: "pools", title: t("nav.pools"), of: (answer) => answer.pools.map((pool) => pool.pool).join(", ") || t("pools.none") },
    ...["numbers", "held", "resting", "free"].map((part) => ({ key: part, title: t(`pools.${part}`), number: true, of: (answer) => count(sum(answer, part)) })),
    { key: "small", title: t("pools.too_small"), of: (answer) => (small(answer).length > 0 ? html`<span class="badge bad">${small(answer).map((pool) => pool.pool).join(", ")}</span>` : "–") },
  ];
  return html`<${SitesTable} sites=${several} all=${sites.length} load=${load} columns=${columns} title=${t("pools.title")} summary=${t("sites.pick")} />`;
}

function PoolsOf({ site: one }) {
  const { state } = useApp();
  const load = useLoad(`/v1/sites/${one.id}/pools`);
  const [picked, setPicked] = useState(null);
  const leases = useLoad(queryAddress({ ...state, site: one.id, filters: [], period: "last_28_days" }, { metrics: ["leases", "lease_overflow_rate"], dimensions: ["weekday", "hour"], limit: 168, totals: "false" }));
  const pools = load.data?.pools ?? [];
  const pool = pools.find((found) => found.pool === picked) ?? pools[0];
  return html`
    <div class="panels">
      <${Panel} wide name="pools" title=${t("pools.title")} load=${load} isEmpty=${(answer) => answer.pools.length === 0} empty=${t("pools.none")}>
        ${(answer) => html`<ul class="pool-cards">${answer.pools.map((found) => html`
          <li key=${found.pool}>
            <button type="button" class="pool-card" aria-pressed=${String(found === pool)} onClick=${() => setPicked(found.pool)}>
              <span class="pool-name"><strong>${found.pool}</strong>${found.too_small && html`<span class="badge bad">${t("pools.too_small")}</span>`}</span>
              <span class="tile-figure">${percent(found.utilisation)}</span><span class="soft small">${t("pools.in_use", { n: count(found.numbers) })}</span>
              <${PoolBar} pool=${found} />
              <span class="soft small">${overflowInWords(found)}</span>
              <${Tiers} granted=${found.last_24_hours} />
            </button>
          </li>`)}</ul>`}
      <//>
      ${pool && html`<${Sizing} key=${`s${pool.pool}`} site=${one} pool=${pool} /><${Numbers} key=${`n${pool.pool}`} site=${one} pool=${pool} />`}
      <${Panel} wide name="leases" title=${t("pools.leases")} summary=${t("pools.leases_text")} load=${leases} isEmpty=${(answer) => answer.rows.length === 0}>
        ${(answer) => html`<${Heat} rows=${answer.rows} metric="leases" hue="calls" label=${t("pools.leases")}
          words=${(row, when) => (row ? `${when}: ${t("pools.leases_said", { n: count(row.leases), share: percent(row.lease_overflow_rate?.value) })}` : `${when}: –`)} />`}
      <//>
    </div>`;
}

const Tiers = ({ granted }) => html`
  <span class="tiers small soft">${["own", "unrested", "shared", "source", "original"].filter((tier) => granted[tier] > 0).map((tier) => html`<span>${count(granted[tier])} ${t(`values.${tier}`)}</span>`)}</span>`;
