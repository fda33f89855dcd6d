// What happened around a call, from the visitor's first touch to the end of the line.

import { duration, phone } from "../../format.js";
import { shownValue } from "../../parts/filters.js";
import { moment, timeOfDay } from "../../time.js";
import { html } from "../../view.js";
import { t } from "../../words.js";

/** Every moment that is known of `call`, oldest first: `{ at, kind, text, detail }`. */
export function moments(call) {
  const found = call.attribution;
  const touches = (found?.touches ?? []).map((touch) => ({
    at: touch.at, kind: "touch", text: t("timeline.touch", { source: [shownValue("source", touch.source), touch.medium === "(none)" ? "" : touch.medium].filter(Boolean).join(" / ") }),
    detail: [touch.campaign, touch.landing_page].filter(Boolean).join(" · "),
  }));
  const chosen = found?.candidates.find((one) => one.session === found.session);
  const seen = chosen && { at: new Date(Date.parse(call.started_at) - chosen.idle_s * 1000).toISOString(), kind: "touch", text: t(chosen.tel_click ? "timeline.tapped" : "timeline.seen"), detail: phone(call.tracking_number) };
  const route = (call.route ?? []).map((step) => ({ at: step.at, kind: "route", text: t(`actions_taken.${step.action}`), detail: [step.targets?.map(phone).join(", "), step.rule ?? step.route, t(`whys.${step.why}`)].filter(Boolean).join(" · ") }));
  const told = [
    ...touches, seen,
    { at: call.started_at, kind: "call", text: t("timeline.arrived"), detail: phone(call.tracking_number) },
    ...route,
    call.ringing_at && { at: call.ringing_at, kind: "call", text: t("timeline.ringing") },
    ...(call.keys ?? []).map((press) => ({ at: press.at, kind: "call", text: t("timeline.keys", { keys: press.digits }) })),
    call.answered_at && { at: call.answered_at, kind: "good", text: t("timeline.answered"), detail: call.wait_s === undefined ? "" : t("timeline.after", { time: duration(call.wait_s) }) },
    call.transferred_at && { at: call.transferred_at, kind: "call", text: t("timeline.transferred") },
    call.ended_at && { at: call.ended_at, kind: call.answered_at ? "call" : "bad", text: t("timeline.ended", { status: t(`statuses.${call.status}`) }), detail: call.talk_s ? t("timeline.talked", { time: duration(call.talk_s) }) : "" },
    call.called_back_at && { at: call.called_back_at, kind: "call", text: t("timeline.called_back") },
    call.reached_at && { at: call.reached_at, kind: "good", text: t("timeline.reached") },
    call.outcome?.at && { at: call.outcome.at, kind: "good", text: t("timeline.outcome"), detail: [call.outcome.disposition, call.outcome.by].filter(Boolean).join(" · ") },
  ].filter(Boolean);
  return told.map((one, n) => ({ ...one, n })).sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.n - b.n);
}

/** The timeline; times are by the clock of `zone`. */
export const Timeline = ({ call, zone }) => html`
  <ol class="timeline">${moments(call).map((one, n, all) => html`
    <li class=${one.kind} key=${one.n}>
      <time datetime=${one.at}>${n === 0 || moment(one.at, zone).slice(0, 11) !== moment(all[n - 1].at, zone).slice(0, 11) ? moment(one.at, zone) : timeOfDay(one.at, zone)}</time>
      <p>${one.text}${one.detail && html`<span class="sub-text">${one.detail}</span>`}</p>
    </li>`)}
  </ol>`;
