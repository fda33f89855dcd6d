// A rate on screen: its figure, what it is made of, and a bar with its 95 % interval.

import { h, unseen } from "./dom.js";
import { NOT_MEASURED, interval, percent, rateInWords, wholePercent } from "./format.js";

const measured = (rate) => Boolean(rate) && Number.isFinite(rate.value);

/** The figure alone; numerator, denominator and interval in its tip. `of` names what the denominator counts. */
export function rateFigure(rate, of) {
  if (!measured(rate)) return h("span", { class: "faint", "data-tip": rateInWords(rate, of) }, NOT_MEASURED);
  const words = rateInWords(rate, of);
  return h("span", { class: "rate", "data-tip": words }, percent(rate.value), unseen(`, ${words}`));
}

/** A bar on an axis that ends at `end`, the interval as a whisker and `mean` (the whole site) as a mark. */
export function rateBar(rate, of, end, mean) {
  if (!measured(rate)) return rateFigure(rate, of);
  const part = (value) => `${Math.min(100, Math.max(0, (value / end) * 100)).toFixed(2)}%`;
  const vars = { value: part(rate.value), low: part(rate.low), high: part(rate.high) };
  const track = h("span", { class: "bar", "aria-hidden": "true", vars }, [
    h("span", { class: "bar-value" }),
    h("span", { class: rate.high > end ? "bar-interval cut" : "bar-interval" }),
    measured(mean) && mean.value <= end ? h("span", { class: "bar-mean", vars: { mean: part(mean.value) } }) : null,
  ]);
  const figures = h("span", { class: "bar-figures" }, [
    h("span", { class: "bar-percent" }, percent(rate.value)),
    h("span", { class: "bar-range" }, unseen("95% interval "), interval(rate)),
  ]);
  return h("span", { class: "rate-bar", "data-tip": rateInWords(rate, of) }, track, figures);
}

/** A probability as a short meter with its figure. */
export function confidence(value) {
  if (!Number.isFinite(value)) return h("span", { class: "faint" }, NOT_MEASURED);
  const meter = h("span", { class: "meter", "aria-hidden": "true", vars: { value: wholePercent(value) } });
  const words = `On average the chosen visit is the right one with a probability of ${wholePercent(value)}`;
  return h("span", { class: "confidence", "data-tip": words }, meter, wholePercent(value));
}
