// Whether page views arrive, and from where.

import { useApp, useLoad } from "../../app.js";
import { count } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { queryAddress } from "../../question.js";
import { html, useEffect } from "../../view.js";
import { t } from "../../words.js";

const LOOK_AGAIN_MS = 5_000;

/** The address of what was seen of `site` in seven days, by `dimension`. */
export const seenAddress = (state, site, dimension, metrics) =>
  queryAddress({ ...state, site, filters: [], from: undefined, to: undefined, period: "last_7_days" }, { metrics, dimensions: [dimension], limit: 1000, totals: "false" });

/** Which hosts were seen; it looks again by itself. */
export function Seen({ site }) {
  const { state } = useApp();
  const load = useLoad(seenAddress(state, site.id, "landing_host", ["visits", "leases"]));
  useEffect(() => {
    const timer = setInterval(load.again, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return html`
    <${Panel} name="seen" title=${t("setup.seen")} summary=${t("setup.seen_text")} load=${load} isEmpty=${(answer) => answer.rows.length === 0} empty=${t("setup.not_seen")}>
      ${(answer) => html`<ul class="checks">${answer.rows.slice(0, 20).map((row) => html`
        <li class="ok"><span class="check-mark" aria-hidden="true">✓</span><p>${t("setup.seen_from", { n: count(row.visits), host: row.landing_host ?? "–" })}<span class="sub-text">${t("setup.seen_leases", { n: count(row.leases) })}</span></p></li>`)}</ul>`}
    <//>`;
}
