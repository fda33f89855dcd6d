// A rate on screen: its figure, what it is made of, and a bar with its 95 % interval; a change; a probability.

import { NOT_MEASURED, changeOf, figure, interval, percent, rateInWords, wholePercent } from "../format.js";
import { html } from "../view.js";
import { t } from "../words.js";

const measured = (rate) => Boolean(rate) && Number.isFinite(rate.value);

/** A figure in its unit; of a rate, what it is made of in its tip. */
export function Figure({ value, unit, currency }) {
  const words = figure(value, unit, currency);
  if (value === null || value === undefined) return html`<span class="faint" data-tip=${t("figures.not_measured")}>${words}</span>`;
  if (typeof value !== "object") return words;
  return html`<span class="rate" data-tip=${rateInWords(value)}>${words}<span class="unseen">, ${rateInWords(value)}</span></span>`;
}

/** Whether less of a metric is better. */
const LESS_IS_BETTER = /missed|blocked|abandon|overflow|speed_of_answer|average_wait|voicemail|cost|hold_time|escalation|transfer|forwarding|spam|callback|response_time/;
const NEITHER = /^(visits|leases|cost|ad_spend|first_time_rate|repeat_callers|calls_per_caller|average_call_duration|average_handle_time|outbound_calls)$/;

/** What a change is: `good`, `bad` or nothing to speak of. */
export function judged(metric, change) {
  if (!change || NEITHER.test(metric)) return "";
  return LESS_IS_BETTER.test(metric) === change < 0 ? "good" : "bad";
}

/** A change against what is compared with. */
export function Change({ metric, compared, unit, currency }) {
  if (!compared) return null;
  const words = changeOf(compared.change, unit);
  const before = figure(compared.value, unit, currency);
  if (!words && compared.value !== 0) return null;
  if (!words) return html`<span class="change none" data-tip=${t("figures.no_change", { before })}>${t("figures.new")}</span>`;
  const sure = compared.p_value === undefined || compared.p_value === null ? "" : ` ${t(compared.p_value < 0.05 ? "figures.sure" : "figures.chance")}`;
  const tip = t("figures.before", { before }) + sure;
  return html`<span class=${`change ${judged(metric, compared.change)}`} data-tip=${tip}>${words}<span class="unseen">, ${tip}</span></span>`;
}

/** A bar on an axis that ends at `end`, the interval as a whisker and `mean` (all together) as a mark. */
export function RateBar({ rate, end, mean }) {
  if (!measured(rate)) return html`<span class="faint">${NOT_MEASURED}</span>`;
  const part = (value) => `${Math.min(100, Math.max(0, (value / end) * 100)).toFixed(2)}%`;
  const place = { "--value": part(rate.value), "--low": part(rate.low), "--high": part(rate.high) };
  return html`
    <span class="rate-bar" data-tip=${rateInWords(rate)}>
      <span class="bar" aria-hidden="true" style=${place}>
        <span class="bar-value"></span>
        <span class=${rate.high > end ? "bar-interval cut" : "bar-interval"}></span>
        ${measured(mean) && mean.value <= end && html`<span class="bar-mean" style=${{ "--mean": part(mean.value) }}></span>`}
      </span>
      <span class="bar-figures"><span class="bar-percent">${percent(rate.value)}</span>
        <span class="bar-range"><span class="unseen">${t("figures.interval_word")} </span>${interval(rate)}</span></span>
    </span>`;
}

/** A probability as a short meter with its figure. */
export const Probability = ({ value }) => html`
  <span class="confidence"><span class="meter" aria-hidden="true" style=${{ "--value": wholePercent(value) }}></span>${wholePercent(value)}</span>`;
