// Scales of the charts. Pure.

/** Steps of colour of the heat map beyond "none". */
export const STEPS = 6;

/**
 * Upper limits of the heat map's steps for counts up to `max`: whole numbers, rising, the last one ≥ max.
 * `limits(34)` → `[6, 12, 18, 24, 30, 36]`. Fewer than six steps when there are fewer counts.
 */
export function limits(max) {
  if (!(max > 0)) return [];
  const width = Math.ceil(max / STEPS);
  const steps = Math.ceil(max / width);
  return Array.from({ length: steps }, (_, step) => (step + 1) * width);
}

/** The colour step of `value`, 0 for none. */
export function step(value, upper) {
  if (!(value > 0) || upper.length === 0) return 0;
  const index = upper.findIndex((limit) => value <= limit);
  return colour(index === -1 ? upper.length - 1 : index, upper.length);
}

/**
 * The colour of the step with this index among `steps`. Few steps are spread over the colours, but do not reach the
 * strongest ones: a single call is no alarm.
 */
export const colour = (index, steps) => Math.floor(((index + 1) * Math.min(STEPS, steps + 2)) / steps);

/** What a step of the legend says: `[6, 12]` → `1–6`, `7–12`. */
export function legend(upper) {
  return upper.map((limit, index) => {
    const low = (index === 0 ? 0 : upper[index - 1]) + 1;
    return low === limit ? String(limit) : `${low}–${limit}`;
  });
}

/** Rows of fewer visits than this do not stretch the axis: two calls of three visits say little. */
const ENOUGH = 30;

/**
 * The end of the axis for bars of rates: a round fraction that holds every well-known rate and, of their
 * intervals, what is below twice the largest rate.
 */
export function axisEnd(rates) {
  const measured = rates.filter((rate) => rate && Number.isFinite(rate.value));
  const sure = measured.filter((rate) => rate.denominator >= ENOUGH);
  const used = sure.length > 0 ? sure : measured;
  const largest = Math.max(0, ...used.map((rate) => rate.value));
  const highest = Math.max(0, ...used.map((rate) => Math.min(rate.high ?? rate.value, 2 * largest)));
  return roundUp(highest);
}

function roundUp(fraction) {
  const ends = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1];
  return ends.find((end) => fraction <= end) ?? 1;
}
