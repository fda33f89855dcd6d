// Figures as people read them. The page is in English, so are its figures. What was not measured is "–", never 0.

/** Shown for what was not measured. */
export const NOT_MEASURED = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

const known = (value) => typeof value === "number" && Number.isFinite(value);

/** `12345` → `12,345`. */
export const count = (value) => (known(value) ? whole.format(value) : NOT_MEASURED);

/** A mean such as calls per day: one digit below a hundred. */
export const mean = (value) => (known(value) ? (value < 100 ? oneDigit : whole).format(value) : NOT_MEASURED);

/** `0.0342` → `3.4%`; two digits where one would say 0.0. */
export function percent(fraction) {
  if (!known(fraction)) return NOT_MEASURED;
  const digits = fraction > 0 && fraction < 0.0005 ? 2 : 1;
  return `${(fraction * 100).toFixed(digits)}%`;
}

/** `0.83` → `83%`: probabilities are not known to a tenth. */
export const wholePercent = (fraction) => (known(fraction) ? `${Math.round(fraction * 100)}%` : NOT_MEASURED);

/** Seconds as `3:42`, from an hour on as `1:03:42`. */
export function duration(seconds) {
  if (!known(seconds)) return NOT_MEASURED;
  const total = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** Seconds in words, for screen readers: `3 min 42 s`. */
export function durationInWords(seconds) {
  if (!known(seconds)) return "not measured";
  const total = Math.round(seconds);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}

/** The range in which a rate lies with 95 % probability: `2.9–4.1%`. */
export function interval(rate) {
  if (!rate || !known(rate.low) || !known(rate.high)) return NOT_MEASURED;
  return `${percent(rate.low).replace("%", "")}–${percent(rate.high)}`;
}

/** What a rate is made of: `42 of 1,310 visits; 95% interval 2.4–4.3%`. */
export function rateInWords(rate, of) {
  if (!rate || !known(rate.value)) return `Not measured: no ${of}`;
  return `${count(rate.numerator)} of ${count(rate.denominator)} ${of}; 95% interval ${interval(rate)}`;
}

/** `counted(1, "call")` → `1 call`, `counted(2, "call")` → `2 calls`. */
export const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** Hour of the day as a clock shows it: `9` → `09:00`. */
export const clock = (hour) => `${String(hour % 24).padStart(2, "0")}:00`;
