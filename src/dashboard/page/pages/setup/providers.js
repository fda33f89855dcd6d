// Telephony providers: who told of a call last, where webhooks go, and whether the accounts are set up so.

import { change } from "../../api.js";
import { useLoad } from "../../app.js";
import { count, phone } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { Table } from "../../parts/table.js";
import { ago } from "../../time.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";

/** The panel. */
export function Providers({ site, setup }) {
  const calls = useLoad(`/v1/calls?site=${encodeURIComponent(site.id)}&limit=200`);
  const [found, setFound] = useState({ state: "idle" });
  const last = (provider) => calls.data?.calls.find((call) => call.provider === provider)?.started_at;
  const check = async () => {
    setFound({ state: "busy" });
    await change("POST", `/v1/sites/${site.id}/providers/check`).then((answer) => setFound({ state: "told", answer }), (error) => setFound({ state: "wrong", why: error.message }));
  };
  return html`
    <${Panel} wide name="providers" title=${t("setup.providers")} summary=${t("setup.providers_text")} load=${setup} isEmpty=${(answer) => answer.providers.length === 0} empty=${t("setup.no_providers")}
      tools=${setup.data?.providers.length > 0 && html`<button type="button" class="button" id="check-providers" disabled=${found.state === "busy"} onClick=${check}>${t(found.state === "busy" ? "setup.checking" : "setup.check_providers")}</button>`}>
      ${(answer) => html`<ul class="checks">${answer.providers.map((one) => html`
        <li class=${last(one.provider) ? "ok" : "open"}><span class="check-mark" aria-hidden="true">${last(one.provider) ? "✓" : "…"}</span>
          <div><p><strong>${one.provider}</strong> · ${calls.data ? (last(one.provider) ? t("setup.last_call", { when: ago(last(one.provider)) }) : t("setup.no_call")) : "…"}</p>
            <details><summary>${t("setup.webhooks")}</summary><pre tabindex="0">${one.webhooks.join("\n")}</pre></details></div></li>`)}</ul>
        <div role="status">${found.state === "wrong" && html`<p class="field-error">${found.why}</p>`}
          ${found.state === "told" && html`<${Found} answer=${found.answer} />`}</div>`}
    <//>`;
}

/** What the providers' own APIs say. */
function Found({ answer }) {
  if (answer.accounts.length === 0) return html`<p class="soft checked" id="checked">${t("setup.no_credentials")}</p>`;
  const columns = [
    { key: "number", title: t("pools.number"), cell: (row) => html`<span class="digits">${phone(row.number)}</span>${!row.is_ours && html`<span class="sub-text">${t("setup.not_ours")}</span>`}` },
    { key: "says", title: t("setup.leads_to"), cell: (row) => html`${row.comes_here && html`<span class="badge good">${t("setup.comes_here")}</span>`}${row.comes_here === false && html`<span class="why ${row.is_ours ? "bad-text" : ""}">${row.says}</span>`}${row.comes_here === undefined && t("setup.not_told")}` },
  ];
  return html`
    <div class="checked" id="checked">${answer.accounts.map((one) => html`
      <section key=${`${one.provider} ${one.account}`}>
        <h3>${one.provider} <span class="soft">${one.account}</span> <span class=${one.is_well ? "badge good" : "badge bad"}>${t(one.is_well ? "setup.well" : "setup.not_well")}</span></h3>
        ${one.error && html`<p class="field-error">${one.error}</p>`}
        ${one.application && html`<p class="soft small">${one.application}</p>`}
        ${one.numbers.length > 0 && html`<${Table} caption=${`${one.provider} ${one.account}`} columns=${columns} rows=${one.numbers} rowKey=${(row) => row.number} first=${10} sortable=${false} />`}
      </section>`)}
      ${answer.elsewhere.length > 0 && html`<p>${t("setup.elsewhere", { n: count(answer.elsewhere.length), numbers: answer.elsewhere.slice(0, 20).join(", ") })}</p>`}
    </div>`;
}
