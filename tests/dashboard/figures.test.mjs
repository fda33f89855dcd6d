// The dashboard's pure modules: days, figures, scales, filters. Run with `node --test tests/dashboard/figures.test.mjs`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fromQuery, period, toQuery } from "../../src/dashboard/page/filters.js";
import { duration, interval, percent, rateInWords, wholePercent } from "../../src/dashboard/page/format.js";
import { addDays, daysIn, inWords, isDate, presetPeriod, today } from "../../src/dashboard/page/period.js";
import { STEPS, axisEnd, colour, legend, limits, step } from "../../src/dashboard/page/scale.js";

test("today is the site's, not the browser's", () => {
  const now = Date.parse("2026-03-08T03:30:00Z");
  assert.equal(today(now, "America/New_York"), "2026-03-07");
  assert.equal(today(now, "Asia/Tokyo"), "2026-03-08");
  assert.equal(today(now, "Nowhere/At_All"), "2026-03-08");
});

test("a preset counts today and crosses a daylight-saving change unharmed", () => {
  assert.deepEqual(presetPeriod(1, "2026-03-08"), { from: "2026-03-08", to: "2026-03-08" });
  assert.deepEqual(presetPeriod(14, "2026-03-15"), { from: "2026-03-02", to: "2026-03-15" });
  assert.equal(daysIn("2026-03-02", "2026-03-15"), 14);
  assert.equal(addDays("2028-02-28", 1), "2028-02-29");
});

test("only dates that exist are dates", () => {
  assert.ok(isDate("2028-02-29"));
  for (const text of ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "", null]) assert.ok(!isDate(text), text);
});

test("a period is said once where its ends agree", () => {
  assert.equal(inWords("2026-03-02", "2026-03-15"), "2–15 Mar 2026");
  assert.equal(inWords("2026-02-20", "2026-03-05"), "20 Feb – 5 Mar 2026");
  assert.equal(inWords("2025-12-20", "2026-01-05"), "20 Dec 2025 – 5 Jan 2026");
  assert.equal(inWords("2026-03-02", "2026-03-02"), "2 Mar 2026");
});

test("filters survive the address, and an unreadable one asks for the default", () => {
  const picked = { site: "harbor", show: "missed", days: null, from: "2026-03-02", to: "2026-03-15" };
  assert.deepEqual(fromQuery(toQuery(picked)), picked);
  const preset = { site: "", show: "calls", days: 7, from: null, to: null };
  assert.deepEqual(fromQuery(toQuery(preset)), preset);
  for (const query of ["", "?days=3", "?from=2026-03-15&to=2026-03-02", "?from=x&to=y&show=z"]) {
    assert.deepEqual(fromQuery(query), { site: "", show: "calls", days: 14, from: null, to: null });
  }
  assert.deepEqual(period(preset, "2026-03-15"), { from: "2026-03-09", to: "2026-03-15" });
});

test("what was not measured is no zero", () => {
  assert.equal(percent(null), "–");
  assert.equal(duration(null), "–");
  assert.equal(rateInWords({ value: null, numerator: 0, denominator: 0 }, "visits"), "Not measured: no visits");
  assert.equal(percent(0), "0.0%");
});

test("figures read as people write them", () => {
  assert.equal(percent(0.0342), "3.4%");
  assert.equal(percent(0.0004), "0.04%");
  assert.equal(wholePercent(0.826), "83%");
  assert.equal(duration(59.6), "1:00");
  assert.equal(duration(3822), "1:03:42");
  const rate = { value: 42 / 1310, numerator: 42, denominator: 1310, low: 0.0238, high: 0.043 };
  assert.equal(interval(rate), "2.4–4.3%");
  assert.equal(rateInWords(rate, "visits"), "42 of 1,310 visits; 95% interval 2.4–4.3%");
});

test("every count has a colour, more is never paler, and the legend covers all", () => {
  for (let max = 0; max <= 500; max += 1) {
    const upper = limits(max);
    assert.equal(step(0, upper), 0);
    assert.ok(upper.length <= STEPS);
    let before = 0;
    for (let value = 1; value <= max; value += 1) {
      const now = step(value, upper);
      assert.ok(now >= before && now >= 1 && now <= STEPS, `${value} of ${max}`);
      before = now;
    }
    const colours = upper.map((_, index) => colour(index, upper.length));
    assert.equal(new Set(colours).size, colours.length, `colours of ${max}`);
    assert.equal(legend(upper).length, upper.length);
  }
  assert.deepEqual(limits(34), [6, 12, 18, 24, 30, 36]);
  assert.deepEqual(legend([1, 2, 3]), ["1", "2", "3"]);
});

test("rows of a few visits do not stretch the axis", () => {
  const rate = (value, denominator, high) => ({ value, denominator, high });
  assert.equal(axisEnd([rate(0.04, 900, 0.055), rate(0.5, 2, 0.9)]), 0.1);
  assert.equal(axisEnd([rate(0.5, 2, 0.9)]), 1);
  assert.equal(axisEnd([rate(null, 0, null)]), 0.01);
});
