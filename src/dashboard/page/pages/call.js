// One call: its way from the first touch to the end, whose it was and why, what it earned whom, what came of it.

import { useApp, useLoad } from "../app.js";
import { duration, phone, wholePercent } from "../format.js";
import { shownValue } from "../parts/filters.js";
import { Panel } from "../parts/panel.js";
import { Probability } from "../parts/rate.js";
import { Table } from "../parts/table.js";
import { ago, moment } from "../time.js";
import { html } from "../view.js";
import { t } from "../words.js";
import { OutcomeForm } from "./calls/outcome.js";
import { Timeline } from "./calls/timeline.js";

const MODELS = ["first", "last", "last_non_direct", "linear", "position_based", "time_decay"];

/** The page of one call; `call` is its id. */
export function Call({ call: id }) {
  const { zone: usual, sites, can } = useApp();
  const load = useLoad(`/v1/calls/${id}`);
  const postbacks = useLoad(`/v1/postbacks?call=${id}&limit=200`);
  const call = load.data;
  const zone = sites.find((site) => site.id === call?.site)?.time_zone ?? usual;
  const found = call?.attribution;
  return html`
    <div class="panels">
      <p class="wide back"><a href="/calls">← ${t("call.back")}</a></p>
      <${Panel} wide name="call" title=${call ? `${call.caller.number ? phone(call.caller.number) : t("calls.withheld")}` : t("call.title")} summary=${call && `${moment(call.started_at, zone)} · ${zone}`} load=${load}>
        ${() => html`<${Facts} call=${call} />`}
      <//>
      <${Panel} name="timeline" title=${t("call.timeline")} load=${load}>${() => html`<${Timeline} call=${call} zone=${zone} />`}<//>
      ${can("manager") && html`<${Panel} name="outcome" title=${t("call.outcome")} load=${load}>${() => html`<${OutcomeForm} key=${call.version} call=${call} onSaved=${load.again} />`}<//>`}
      <${Panel} wide name="candidates" title=${t("call.whose")} load=${load} summary=${found && t(`bases.${found.basis}`)} isEmpty=${() => !(found?.candidates.length > 0)} empty=${t("call.no_candidates")}>
        ${() => html`<${Candidates} found=${found} />`}
      <//>
      <${Panel} wide name="credits" title=${t("call.credits")} summary=${t("call.credits_text")} load=${load} isEmpty=${() => !(found?.touches?.length > 0)} empty=${t("call.no_credits")}>
        ${() => html`<${Credits} touches=${found.touches} zone=${zone} />`}
      <//>
      <${Panel} wide name="verdicts" title=${t("call.postbacks")} load=${postbacks} isEmpty=${(answer) => answer.postbacks.length === 0} empty=${t("call.no_postbacks")}>
        ${(answer) => html`<${Verdicts} postbacks=${answer.postbacks} zone=${zone} />`}
      <//>
    </div>`;
}

function Facts({ call }) {
  const found = call.attribution;
  const facts = [
    [t("calls.status"), html`<span class=${`badge status-${call.status}`}>${t(`statuses.${call.status}`)}</span>${call.spam.is_spam && html` <span class="badge bad">${t("calls.spam")}</span>`}`],
    [t("call.waited"), call.wait_s === undefined ? "–" : duration(call.wait_s)],
    [t("calls.talk"), call.talk_s === undefined ? "–" : duration(call.talk_s)],
    [t("call.called"), html`<span class="digits">${phone(call.tracking_number)}</span>`],
    [t("call.forward_to"), html`<span class="digits">${phone(call.destination)}</span>`],
    [t("calls.source"), html`${shownValue("source", found?.source ?? "(unknown)")}<span class="sub-text">${[found?.medium, found?.campaign, found?.landing_page].filter(Boolean).join(" · ")}</span>`],
    [t("calls.confidence"), found ? html`<${Probability} value=${found.confidence} />` : "–"],
    [t("call.caller"), t(call.caller.first_time === undefined ? "values.(unknown)" : call.caller.first_time ? "values.first_time" : "values.repeat")],
    call.lead_score !== undefined && [t("call.lead_score"), call.lead_score],
    /^https?:/.test(call.recording_url ?? "") && [t("call.recording"), html`<a href=${call.recording_url} target="_blank" rel="noopener noreferrer">${t("call.listen")}</a>`],
  ].filter(Boolean);
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Candidates({ found }) {
  const rows = [...found.candidates, found.nobody > 0 && { session: "", probability: found.nobody, reasons: [] }].filter(Boolean);
  const columns = [
    { key: "who", title: t("call.session"), cell: (row) => (row.session ? html`<span class="path">${row.session.slice(-8)}</span>${row.session === found.session && html` <span class="badge good">${t("call.chosen")}</span>`}` : t("call.nobody")) },
    { key: "probability", title: t("call.probability"), cell: (row) => html`<${Probability} value=${row.probability} />` },
    { key: "idle", title: t("call.last_seen"), number: true, cell: (row) => (row.session ? t("call.before", { time: duration(row.idle_s) }) : "–") },
    { key: "tier", title: t("dimensions.tier"), cell: (row) => (row.session ? t(`values.${row.tier}`) : "–") },
    { key: "reasons", title: t("call.reasons"), cell: (row) => html`<span class="reasons">${[row.tel_click && "tel_click", ...row.reasons].filter((one, n, all) => one && all.indexOf(one) === n).map((reason) => html`<span class="badge">${t(`reasons.${reason}`)}</span>`)}</span>` },
  ];
  return html`<${Table} caption=${t("call.whose")} columns=${columns} rows=${rows} rowKey=${(row) => row.session} first=${6} sortable=${false} />`;
}

function Credits({ touches, zone }) {
  const columns = [
    { key: "at", title: t("call.touch"), cell: (touch) => html`${moment(touch.at, zone)}<span class="sub-text">${touch.landing_page}</span>` },
    { key: "source", title: t("calls.source"), cell: (touch) => html`${shownValue("source", touch.source)}<span class="sub-text">${[touch.medium, touch.campaign].filter(Boolean).join(" · ")}</span>` },
    ...MODELS.map((model) => ({ key: model, title: t(`models.${model}`), number: true, cell: (touch) => (touch.credits[model] > 0 ? wholePercent(touch.credits[model]) : html`<span class="faint">0%</span>`) })),
  ];
  return html`<${Table} caption=${t("call.credits")} columns=${columns} rows=${touches} rowKey=${(touch) => touch.session + touch.at} first=${20} sortable=${false} />`;
}

function Verdicts({ postbacks, zone }) {
  const columns = [
    { key: "destination", title: t("postbacks.destination"), cell: (row) => html`<strong>${row.destination}</strong><span class="sub-text">${row.conversion}</span>` },
    { key: "state", title: t("postbacks.state"), cell: (row) => html`<span class=${`badge state-${row.state}`}>${t(`postbacks.${row.state}`)}</span>` },
    { key: "when", title: t("postbacks.when"), cell: (row) => html`<span data-tip=${moment(row.settled_at ?? row.due_at, zone)}>${ago(row.settled_at ?? row.due_at)}</span>` },
    { key: "why", title: t("postbacks.why"), cell: (row) => row.why || "–" },
  ];
  return html`<${Table} caption=${t("call.postbacks")} columns=${columns} rows=${postbacks} rowKey=${(row) => row.id} first=${20} sortable=${false} />`;
}
