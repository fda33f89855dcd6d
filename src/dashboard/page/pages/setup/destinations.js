// Destinations: what they got, and whether they would take a conversion now.

import { change } from "../../api.js";
import { useLoad } from "../../app.js";
import { count } from "../../format.js";
import { Panel } from "../../parts/panel.js";
import { Table } from "../../parts/table.js";
import { ago } from "../../time.js";
import { html, useState } from "../../view.js";
import { t } from "../../words.js";
import { byDestination } from "../postbacks/verdicts.js";

/** Verdicts of a trial that need nobody. */
const GOOD = ["accepted", "not_sent"];

/** The panel. */
export function Destinations({ site, setup }) {
  const load = useLoad(`/v1/postbacks?site=${encodeURIComponent(site.id)}&limit=200`);
  const counts = new Map(byDestination(load.data?.postbacks ?? []).map((row) => [row.destination, row]));
  const of = (row, name) => (load.data ? counts.get(row.destination)?.[name] ?? 0 : null);
  const columns = [
    { key: "destination", title: t("postbacks.destination"), cell: (row) => html`<strong>${row.destination}</strong><span class="sub-text">${row.kind}</span>` },
    { key: "conversions", title: t("setup.conversions"), cell: (row) => row.conversions.join(", ") || "–" },
    ...["delivered", "rejected", "dead"].map((name) => ({ key: name, title: t(`postbacks.${name}`), number: true, cell: (row) => count(of(row, name)) })),
    { key: "last", title: t("postbacks.last"), cell: (row) => (of(row, "last") ? ago(of(row, "last")) : load.data ? t("setup.nothing_delivered") : "–") },
  ];
  return html`
    <${Panel} wide name="destinations" title=${t("setup.destinations")} load=${setup} isEmpty=${(answer) => answer.destinations.length === 0} empty=${t("setup.no_destinations")}>
      ${(answer) => html`<${Table} caption=${t("setup.destinations")} columns=${columns} rows=${answer.destinations} rowKey=${(row) => row.destination} first=${50} sortable=${false} />
        <${Trial} site=${site} destinations=${answer.destinations} />`}
    <//>`;
}

/** Tries one destination: a look that counts nothing, or a marked test conversion. */
function Trial({ site, destinations }) {
  const [form, setForm] = useState({ destination: destinations[0].destination, click_id: "" });
  const [told, setTold] = useState(null);
  const put = (name) => (event) => setForm({ ...form, [name]: event.currentTarget.value });
  const send = async (dryRun) => {
    setTold({ busy: true });
    const body = { site: site.id, destination: form.destination, dry_run: dryRun, ...(form.click_id.trim() && { click_id: form.click_id.trim() }) };
    await change("POST", "/v1/postbacks/test", body).then(setTold, (error) => setTold({ outcome: "refused", explanation: error.message }));
  };
  return html`
    <div class="try"><h3>${t("setup.try")}</h3>
    <form class="classify" onSubmit=${(event) => { event.preventDefault(); send(true); }}>
      <label class="control"><span>${t("postbacks.destination")}</span>
        <select name="destination" value=${form.destination} onChange=${put("destination")}>${destinations.map((one) => html`<option value=${one.destination}>${one.destination}</option>`)}</select></label>
      <label class="control"><span>${t("setup.click_id")}</span><input name="click_id" value=${form.click_id} onInput=${put("click_id")} maxlength="1024" placeholder="gclid=…" spellcheck="false" /></label>
      <button type="submit" class="button button-main" disabled=${told?.busy}>${t("setup.look")}</button>
      <button type="button" class="button" disabled=${told?.busy} onClick=${() => confirm(t("setup.send_sure", { destination: form.destination })) && send(false)}>${t("setup.send")}</button>
    </form>
    <p class="soft small">${t("setup.try_text")}</p>
    <div role="status">${told?.outcome && html`
      <p class="trial" id="trial"><span class=${GOOD.includes(told.outcome) ? "badge good" : "badge bad"}>${t(`trials.${told.outcome}`)}</span> ${told.explanation}</p>
      ${told.exchange && html`<details><summary>${t("setup.exchange")}</summary><pre tabindex="0">${[told.exchange.request, told.exchange.body, told.exchange.status ? `→ ${told.exchange.status}` : "", told.exchange.answer].filter(Boolean).join("\n")}</pre></details>`}`}</div></div>`;
}
