// Calls as they come, and all calls before: search, filters, files.

import { get } from "../api.js";
import { useApp, useLoad } from "../app.js";
import { count, duration, phone } from "../format.js";
import { shownValue } from "../parts/filters.js";
import { Panel } from "../parts/panel.js";
import { Probability } from "../parts/rate.js";
import { Table } from "../parts/table.js";
import { changed, show } from "../router.js";
import { ago, dayAfter, moment, startOfDay } from "../time.js";
import { html, useEffect, useState } from "../view.js";
import { t } from "../words.js";
import { merged, useLive } from "./calls/live.js";
import { dispositionName } from "./calls/outcome.js";

const STATUSES = ["", "open", "answered", "missed", "voicemail", "no_answer", "busy", "canceled", "failed", "rejected"];
const FIELDS = ["q", "status", "source", "first_time", "qualified", "min_talk_s"];
const PAGE = 50;

/** What `params` ask for, as the service takes it. */
export function callsQuery(params, site, zone) {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (site) query.set("site", site);
  for (const name of FIELDS) if (params.get(name)) query.set(name, params.get(name));
  if (params.get("from")) query.set("from", startOfDay(params.get("from"), zone));
  if (params.get("to")) query.set("to", startOfDay(dayAfter(params.get("to")), zone));
  return query;
}

/** The page. */
export function Calls() {
  const { state, address, zone, zoneOf, can } = useApp();
  const query = callsQuery(address.params, state.site, zone);
  const asked = `/v1/calls?${query}`;
  const load = useLoad(asked);
  const [older, setOlder] = useState({ asked, calls: [], next: undefined });
  const isFiltered = FIELDS.some((name) => address.params.get(name)) || Boolean(address.params.get("to"));
  const live = useLive({ site: state.site, onFiltered: isFiltered ? load.again : null });
  const more = older.asked === asked ? older : { asked, calls: [], next: undefined };
  const next = more.next === undefined ? load.data?.next : more.next;
  const loadMore = async () => {
    const page = await get(`${asked}&cursor=${encodeURIComponent(next)}`);
    setOlder({ asked, calls: [...more.calls, ...page.calls], next: page.next ?? null });
  };
  const calls = merged(isFiltered ? [] : live.calls, [...(load.data?.calls ?? []), ...more.calls]);
  const file = changed(query, { limit: "" });
  return html`
    <div class="panels">
      <${Search} params=${address.params} />
      <${Panel} wide name="calls" title=${t("calls.title")} load=${load} isEmpty=${() => calls.length === 0} empty=${t(isFiltered ? "calls.none_fit" : "calls.none")}
        summary=${html`<span class=${live.isOpen ? "live on" : "live"}><span class="live-dot" aria-hidden="true"></span>${t(live.isOpen ? "calls.live" : "calls.not_live")}</span>`}
        tools=${can("analyst") && html`<a class="button" href=${`/v1/calls/export?${file}`} download="calls.csv">CSV</a>`}>
        ${() => html`<${List} calls=${calls} zoneOf=${zoneOf} />
          ${next && html`<button type="button" class="button more" onClick=${loadMore}>${t("calls.more")}</button>`}`}
      <//>
      <p class="unseen" role="status">${live.newest && t("calls.came", { who: phone(live.newest.caller?.number), status: t(`statuses.${live.newest.status}`) })}</p>
    </div>`;
}

function Search({ params }) {
  const [q, setQ] = useState(params.get("q") ?? "");
  useEffect(() => setQ(params.get("q") ?? ""), [params.get("q")]);
  const pick = (name) => (event) => show({ [name]: event.currentTarget.value });
  const choice = (name, values) => html`
    <label class="control"><span>${t(`calls.${name}`)}</span>
      <select id=${`calls-${name}`} value=${params.get(name) ?? ""} onChange=${pick(name)}>${values.map(([value, words]) => html`<option value=${value}>${words}</option>`)}</select></label>`;
  const either = (name) => [["", t("calls.any")], ["true", t(`calls.${name}_true`)], ["false", t(`calls.${name}_false`)]];
  return html`
    <form class="panel wide search" role="search" onSubmit=${(event) => { event.preventDefault(); show({ q: q.trim() }); }}>
      <label class="control grows"><span>${t("calls.q")}</span>
        <input type="search" id="calls-q" value=${q} placeholder=${t("calls.q_hint")} onInput=${(event) => setQ(event.currentTarget.value)} /></label>
      ${choice("status", STATUSES.map((status) => [status, status ? t(`statuses.${status}`) : t("calls.any")]))}
      ${choice("first_time", either("first_time"))}
      ${choice("qualified", either("qualified"))}
      <label class="control"><span>${t("controls.from")}</span><input type="date" value=${params.get("from") ?? ""} onChange=${pick("from")} /></label>
      <label class="control"><span>${t("controls.to")}</span><input type="date" value=${params.get("to") ?? ""} onChange=${pick("to")} /></label>
      <button type="submit" class="button button-main">${t("calls.search")}</button>
    </form>`;
}

function List({ calls, zoneOf }) {
  const columns = [
    { key: "when", title: t("calls.when"), cell: (call) => html`<a class="moment" href=${`/calls/${call.id}`}>${moment(call.started_at, zoneOf(call.site))}</a><span class="sub-text">${ago(call.started_at)}</span>` },
    { key: "caller", title: t("calls.caller"), cell: (call) => html`<span class="digits">${call.caller.number ? phone(call.caller.number) : t("calls.withheld")}</span><span class="sub-text">${[call.caller.name, call.caller.city, call.caller.region].filter(Boolean).join(", ") || call.caller.country}${call.caller.first_time && html` <span class="badge">${t("values.first_time")}</span>`}</span>` },
    { key: "status", title: t("calls.status"), cell: (call) => html`<span class=${`badge status-${call.status}`}>${t(`statuses.${call.status}`)}</span>${call.spam?.is_spam && html` <span class="badge bad">${t("calls.spam")}</span>`}` },
    { key: "talk", title: t("calls.talk"), number: true, cell: (call) => (call.talk_s === undefined ? "–" : duration(call.talk_s)) },
    { key: "source", title: t("calls.source"), cell: (call) => html`${shownValue("source", call.attribution?.source ?? "(unknown)")}<span class="sub-text">${[call.attribution?.medium, call.attribution?.campaign].filter(Boolean).join(" · ")}</span>` },
    { key: "confidence", title: t("calls.confidence"), cell: (call) => (Number.isFinite(call.attribution?.confidence) ? html`<${Probability} value=${call.attribution.confidence} />` : "–") },
    { key: "outcome", title: t("calls.outcome"), cell: (call) => html`${dispositionName(call.outcome?.disposition)}${call.qualified && html` <span class="badge good">${t("calls.qualified_true")}</span>`}` },
  ];
  return html`<${Table} caption=${t("calls.title")} columns=${columns} rows=${calls} rowKey=${(call) => call.id} first=${calls.length} sortable=${false} rowClass=${(call) => (call.isNew ? "is-new" : "")} />
    <p class="unseen">${t("calls.shown", { n: count(calls.length) })}</p>`;
}
