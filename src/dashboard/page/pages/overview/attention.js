// What needs attention: alerts, postbacks that failed, sources that fell silent.

import { useApp, useLoad, useLoads } from "../../app.js";
import { count } from "../../format.js";
import { shownValue } from "../../parts/filters.js";
import { Panel } from "../../parts/panel.js";
import { MOST_SITES } from "../../parts/sites.js";
import { filterOf, queryAddress } from "../../question.js";
import { ago } from "../../time.js";
import { html } from "../../view.js";
import { t } from "../../words.js";

/** A source that brought so many visits before, and none now, fell silent. */
const ENOUGH_BEFORE = 20;

/** Sources that are gone: many visits before, none now. */
export const silent = (rows) => rows.filter((row) => !(row.visits > 0) && (row.compare?.visits?.value ?? 0) >= ENOUGH_BEFORE);

/** The panel. */
export function Attention() {
  const { state, site, sites, can } = useApp();
  const asked = site ? [site] : sites.slice(0, MOST_SITES);
  const alerts = useLoads(asked.map((one) => `/v1/sites/${one.id}/alerts`));
  const query = state.site ? `&site=${state.site}` : "";
  const failed = useLoad(can("analyst") && `/v1/postbacks?state=dead&limit=200${query}`);
  const rejected = useLoad(can("analyst") && `/v1/postbacks?state=rejected&limit=200${query}`);
  const sources = useLoad(queryAddress(state, { metrics: ["visits"], dimensions: ["source"], compare: "previous_period", limit: 1000, totals: "false" }));
  const loading = [alerts, failed, rejected, sources].some((one) => one.loading);
  const told = (alerts.data ?? []).flatMap((answer, n) => answer.alerts.map((alert) => ({ ...alert, site: asked[n] })));
  const wrong = told.filter((alert) => alert.wrong);
  const dead = failed.data?.postbacks.length ?? 0;
  const refused = rejected.data?.postbacks.length ?? 0;
  const items = [
    ...wrong.map((alert) => ({ key: `${alert.site.id} ${alert.id} ${alert.subject}`, kind: "bad", title: [!site && alert.site.name, t(`alerts.${alert.kind}`), alert.subject].filter(Boolean).join(": "), text: alert.text, when: alert.since })),
    dead > 0 && { key: "dead", kind: "bad", title: t("attention.dead", { n: count(dead) }), text: t("attention.dead_text"), href: "/postbacks?state=dead" },
    refused > 0 && { key: "refused", kind: "bad", title: t("attention.rejected", { n: count(refused) }), text: t("attention.rejected_text"), href: "/postbacks?state=rejected" },
    ...silent(sources.data?.rows ?? []).map((row) => ({
      key: `silent ${row.source}`, kind: "soft", title: t("attention.silent", { source: shownValue("source", row.source) }),
      text: t("attention.silent_text", { n: count(row.compare.visits.value) }), href: `/explore?dims=medium,campaign&filter=${encodeURIComponent(filterOf("source", "equals", row.source))}`,
    })),
  ].filter(Boolean);
  const settled = { data: items, loading };
  return html`
    <${Panel} name="attention" title=${t("attention.title")} load=${loading && items.length === 0 ? { loading } : settled}
      isEmpty=${(found) => found.length === 0} empty=${html`<span class="all-well"><span aria-hidden="true">✓</span> ${t("attention.none")}</span>`}>
      ${(found) => html`<ul class="attention">${found.map((item) => html`
        <li key=${item.key} class=${item.kind}>
          <span class="attention-mark" aria-hidden="true">${item.kind === "bad" ? "!" : "…"}</span>
          <div><p class="attention-title">${item.href ? html`<a href=${item.href}>${item.title}</a>` : item.title}</p>
            <p class="soft">${item.text}${item.when && html` · ${ago(item.when)}`}</p></div>
        </li>`)}</ul>`}
    <//>`;
}
