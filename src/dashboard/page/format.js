// Figures as people read them, in the language of the page. What was not measured is "–", never 0.

import { language, t } from "./words.js";

/** Shown for what was not measured. */
export const NOT_MEASURED = "–";

const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });

const shares = [0, 1, 2].map((digits) => new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }));
const points = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const known = (value) => typeof value === "number" && Number.isFinite(value);

/** A metric's plain value: rates come as objects. */
export const valueOf = (figure) => (figure !== null && typeof figure === "object" ? figure.value : figure);

/** `12345` → `12,345`; shares of calls keep a digit. */
export const count = (value) => {
  if (!known(value)) return NOT_MEASURED;
  return Number.isInteger(value) || Math.abs(value) >= 100 ? whole.format(value) : oneDigit.format(value);
};

/** `0.0342` → `3.4%`; two digits where one would say 0.0. */
export function percent(fraction) {
  if (!known(fraction)) return NOT_MEASURED;
  return shares[fraction > 0 && fraction < 0.0005 ? 2 : 1].format(fraction);
}

/** `0.83` → `83%`: probabilities are not known to a tenth. */
export const wholePercent = (fraction) => (known(fraction) ? shares[0].format(fraction) : NOT_MEASURED);

/** Seconds as `3:42`, from an hour on as `1:03:42`. */
export function duration(seconds) {
  if (!known(seconds)) return NOT_MEASURED;
  const total = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** Money in its currency; without one (sites differ) the figure alone. Large sums without cents. */
export function money(value, currency) {
  if (!known(value)) return NOT_MEASURED;
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
  if (!currency) return digits === 0 ? whole.format(value) : twoDigits.format(value);
  const options = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, options).format(value);
}

/** A metric's figure in its unit, as the catalogue names it: `number`, `share`, `quotient`, `ratio`, `seconds`, `money`. */
export function figure(value, unit, currency) {
  const plain = valueOf(value);
  if (!known(plain)) return NOT_MEASURED;
  switch (unit) {
    case "share": return percent(plain);
    case "seconds": return duration(plain);
    case "money": return money(plain, currency);
    case "quotient":
    case "ratio": return twoDigits.format(plain);
    default: return count(plain);
  }
}

/** How much more it is than before: `+12%`; of shares `+1.2 pp`. */
export function changeOf(change, unit) {
  if (!known(change)) return "";
  const sign = change > 0 ? "+" : change < 0 ? "−" : "±";
  if (unit === "share") return `${sign}${t("figures.points", { n: points.format(Math.abs(change * 100)) })}`;
  return `${sign}${shares[0].format(Math.abs(change))}`;
}

/** The range in which a rate lies with 95 % probability: `2.9–4.1%`. */
export function interval(rate) {
  if (!rate || !known(rate.low) || !known(rate.high)) return NOT_MEASURED;
  return `${percent(rate.low).replace(/\s*%/, "")}–${percent(rate.high)}`;
}

/** What a rate is made of: `42 of 1,310; 95% interval 2.4–4.3%`. */
export function rateInWords(rate) {
  if (!rate || !known(rate.value)) return t("figures.not_measured");
  const made = t("figures.of", { numerator: count(rate.numerator), denominator: count(rate.denominator) });
  return known(rate.low) ? `${made}; ${t("figures.interval", { interval: interval(rate) })}` : made;
}

/** Hour of the day as a clock shows it: `9` → `09:00`. */
export const clock = (hour) => `${String(hour % 24).padStart(2, "0")}:00`;

/** A phone number in groups, so that it can be read: `+16172790175` → `+1 617-279-0175`; others stay as they are. */
export function phone(number) {
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number ?? "");
  return american ? `+1 ${american[1]}-${american[2]}-${american[3]}` : (number ?? NOT_MEASURED);
}
