// The dashboard's pure modules: questions, figures, times, scales, and what pages make of answers. Run with `node --test tests/dashboard/*.test.mjs`.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

import { changeOf, count, duration, figure, interval, money, percent, phone, rateInWords, wholePercent } from "../../src/dashboard/page/format.js";
import { patchOf } from "../../src/dashboard/page/pages/calls/outcome.js";
import { callOf, merged } from "../../src/dashboard/page/pages/calls/live.js";
import { moments } from "../../src/dashboard/page/pages/calls/timeline.js";
import { asCurl, explored, exploredAddress } from "../../src/dashboard/page/pages/explore/state.js";
import { byDestination } from "../../src/dashboard/page/pages/postbacks/verdicts.js";
import { asked, filterJson, filterOf, filterParts, hoursFilter, hoursOf, queryAddress, withFilter, withOnly } from "../../src/dashboard/page/question.js";
import { changed, withQuery } from "../../src/dashboard/page/router.js";
import { STEPS, axisEnd, colour, legend, limits, step } from "../../src/dashboard/page/scale.js";
import { barsSvg, linesSvg } from "../../src/dashboard/page/parts/svg_chart.js";
import { ago, dayAfter, dayOnAxis, moment, periodInWords, startOfDay } from "../../src/dashboard/page/time.js";
import { LANGUAGES, has, spoken, t } from "../../src/dashboard/page/words.js";

test("an address asks for what it says, and for the usual where it says nonsense", () => {
  const usual = { site: "", period: "last_7_days", compare: "previous_period", filters: [] };
  assert.deepEqual(asked(new URLSearchParams()), usual);
  assert.deepEqual(asked(new URLSearchParams("period=tomorrow&from=2026-03-09&to=2026-03-01&compare=moon")), usual);
  const told = asked(new URLSearchParams("site=a&from=2026-03-01&to=2026-03-09&compare=none&filter=source:google&filter=hour:gte:8"));
  assert.deepEqual(told, { site: "a", from: "2026-03-01", to: "2026-03-09", compare: "none", filters: ["source:google", "hour:gte:8"] });
});

test("a question becomes an address that the service reads", () => {
  const state = asked(new URLSearchParams("site=a&filter=source:equals:x"));
  const address = queryAddress(state, { metrics: ["calls", "revenue"], dimensions: ["hour"], compare: true, fill: true, limit: 5, filters: ["medium:cpc"] });
  const query = new URL(address, "http://local").searchParams;
  assert.equal(query.get("metrics"), "calls,revenue");
  assert.deepEqual(query.getAll("filter"), ["source:equals:x", "medium:cpc"]);
  assert.equal(query.get("compare"), "previous_period");
  assert.equal(query.get("fill"), "true");
  assert.equal(new URL(queryAddress({ ...state, compare: "none" }, { metrics: ["calls"], compare: true }), "http://local").searchParams.has("compare"), false);
});

test("filters keep colons in values, and tell nothing from something", () => {
  assert.deepEqual(filterParts("landing_page:equals:/a:b"), { dimension: "landing_page", test: "equals", value: "/a:b" });
  assert.deepEqual(filterParts("source:google"), { dimension: "source", test: "equals", value: "google" });
  assert.equal(filterOf("campaign", "equals", null), "campaign:null:true");
  assert.equal(filterOf("first_time", "equals", false), "first_time:equals:false");
  assert.deepEqual(withFilter(["a:b"], "a:b"), ["a:b"]);
  assert.deepEqual(filterJson("source:in:a|b"), { dimension: "source", in: ["a", "b"] });
  assert.deepEqual(filterJson("hour:gte:8"), { dimension: "hour", gte: 8 });
  assert.deepEqual(filterJson("first_time:equals:true"), { dimension: "first_time", equals: true });
  assert.deepEqual(filterJson("campaign:null:true"), { dimension: "campaign", null: true });
});

test("hours in a row are one filter, and one filter of a dimension takes the place of others", () => {
  assert.equal(hoursFilter(6, 9), "hour:in:6|7|8");
  assert.deepEqual(hoursOf("hour:in:8|6|7"), [6, 9]);
  assert.equal(hoursOf("hour:in:6|8"), null);
  assert.equal(hoursOf("hour:equals:6"), null);
  assert.equal(hoursOf("source:in:6|7"), null);
  assert.deepEqual(withOnly(["hour:equals:9", "source:equals:x"], "hour", hoursFilter(0, 2)), ["source:equals:x", "hour:in:0|1"]);
  assert.deepEqual(withOnly(["hour:gte:9"], "hour", null), []);
});

test("what is explored stands in the address, bounded", () => {
  const wanted = explored(new URLSearchParams("metrics=calls,roi&dims=a,b,c,d,e&model=linear&grain=aeon&limit=100&segment=source:x"));
  assert.deepEqual([wanted.metrics, wanted.dimensions.length, wanted.model, wanted.grain, wanted.limit], [["calls", "roi"], 4, "linear", "", 100]);
  const query = new URL(exploredAddress(asked(new URLSearchParams()), wanted), "http://local").searchParams;
  assert.deepEqual(JSON.parse(query.get("compare")), { filters: { and: [{ dimension: "source", equals: "x" }] } });
  assert.equal(query.has("view") || query.has("segment"), false);
  assert.deepEqual(explored(new URLSearchParams("dims=,")).dimensions, []);
  assert.match(asCurl("https://x.example", "/v1/reports/query?filter=a%27b'"), /^curl .*RINGTRACE_KEY" \\\n {2}'[^']*'$/s);
});

test("a changed address repeats lists and drops what is empty", () => {
  const next = changed(new URLSearchParams("a=1&filter=x&filter=y"), { a: "", filter: ["y"], b: 2 });
  assert.equal(withQuery("/p", next), "/p?filter=y&b=2");
  assert.equal(withQuery("/p", new URLSearchParams()), "/p");
});

test("figures say what was not measured, and never 0 instead", () => {
  assert.deepEqual([null, undefined, Number.NaN].map(count), ["–", "–", "–"]);
  assert.deepEqual([figure(null, "share"), figure({ value: null }, "share"), figure(0, "number")], ["–", "–", "0"]);
  assert.deepEqual([count(12345), count(3.25), percent(0.0342), percent(0.0001), wholePercent(0.83)], ["12,345", "3.3", "3.4%", "0.01%", "83%"]);
  assert.deepEqual([duration(222), duration(3822), duration(59.6)], ["3:42", "1:03:42", "1:00"]);
  assert.deepEqual([money(19.5, "USD"), money(1234, "EUR"), money(1234.56, null)], ["$19.50", "€1,234", "1,235"]);
  assert.deepEqual([changeOf(0.123, "number"), changeOf(-0.02, "share"), changeOf(null, "number")], ["+12%", "−2.0 pp", ""]);
  assert.equal(interval({ low: 0.024, high: 0.043 }), "2.4–4.3%");
  assert.match(rateInWords({ value: 0.5, numerator: 42, denominator: 1310, low: 0.024, high: 0.043 }), /42 of 1,310; 95% interval 2\.4–4\.3%/);
  assert.deepEqual([phone("+16172790175"), phone("+442079460000"), phone(undefined)], ["+1 617-279-0175", "+442079460000", "–"]);
});

test("times are those of the site's wall, also around a change of clocks", () => {
  assert.equal(moment("2026-11-14T16:36:24Z", "America/New_York"), "Sat, Nov 14, 11:36");
  assert.equal(startOfDay("2026-11-01", "America/New_York"), "2026-11-01T04:00:00.000Z");
  assert.equal(startOfDay("2026-11-02", "America/New_York"), "2026-11-02T05:00:00.000Z");
  assert.equal(startOfDay("2026-03-29", "Europe/Berlin"), "2026-03-28T23:00:00.000Z");
  assert.equal(startOfDay("2026-03-30", "Europe/Berlin"), "2026-03-29T22:00:00.000Z");
  assert.equal(startOfDay("2026-06-01", "Pacific/Apia"), "2026-05-31T11:00:00.000Z");
  assert.equal(dayAfter("2026-02-28"), "2026-03-01");
  assert.equal(periodInWords("2026-11-01", "2026-11-14"), "Nov 1 – Nov 14, 2026");
  assert.equal(dayOnAxis("1970-01-02"), 86_400);
  assert.equal(ago("2026-01-01T00:00:00Z", Date.parse("2026-01-01T03:10:00Z")), "3 h ago");
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

test("a live call replaces the older version of itself and keeps what it does not tell", () => {
  const listed = [{ id: "a", version: 1, status: "ringing", started_at: "2026-01-01T00:00:00Z", caller: { name: "Ann" }, attribution: { confidence: 0.9 } }];
  const event = { call: "a", version: 3, status: "answered", started_at: "2026-01-01T00:00:00Z", caller: "+1", source: "google" };
  const [call] = merged([callOf(event)], listed);
  assert.deepEqual([call.status, call.caller.name, call.attribution.confidence], ["answered", "Ann", 0.9]);
  assert.equal(merged([{ ...callOf(event), version: 1 }], [{ ...listed[0], version: 2 }])[0].status, "ringing");
  assert.deepEqual(merged([callOf({ ...event, call: "b", started_at: "2026-01-02T00:00:00Z" })], listed).map(({ id }) => id), ["b", "a"]);
});

test("an outcome's patch tells what changed and nothing else", () => {
  const form = { disposition: "", value: "", tags: "", notes: "", qualified: "", converted: "", appointment: "" };
  assert.deepEqual(patchOf(form, {}), {});
  assert.deepEqual(patchOf({ ...form, disposition: " booked ", tags: "a, b,", qualified: "false" }, { notes: "old", qualified: true }), { disposition: "booked", tags: ["a", "b"], qualified: false, notes: null });
});

test("a call's moments are in order, from the first touch to the outcome", () => {
  const call = {
    started_at: "2026-01-03T10:00:00Z", answered_at: "2026-01-03T10:00:09Z", ended_at: "2026-01-03T10:02:00Z", status: "answered", wait_s: 9, talk_s: 111,
    attribution: { session: "s", candidates: [{ session: "s", idle_s: 30, tel_click: true }], touches: [{ at: "2026-01-01T09:00:00Z", source: "google", medium: "cpc", campaign: "spring", landing_page: "/" }] },
    route: [{ at: "2026-01-03T10:00:00Z", action: "dial", why: "no_rule", targets: ["+18005550100"] }],
  };
  const told = moments(call);
  assert.deepEqual(told.map(({ kind }) => kind), ["touch", "touch", "call", "route", "good", "call"]);
  assert.deepEqual([...told].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.n - b.n), told);
});

test("postbacks are counted by destination", () => {
  const rows = byDestination([
    { destination: "b", state: "dead" }, { destination: "a", state: "delivered", settled_at: "2026-01-01" }, { destination: "a", state: "delivered", settled_at: "2026-01-02" },
  ]);
  assert.deepEqual(rows.map(({ destination, delivered, dead, last }) => [destination, delivered, dead, last]), [["a", 2, 0, "2026-01-02"], ["b", 0, 1, ""]]);
});

test("drawings for files cannot be broken out of", () => {
  const evil = `<script>"&`;
  for (const svg of [barsSvg({ title: evil, rows: [{ name: evil, value: 3, low: 1, high: 5 }] }), linesSvg({ title: evil, labels: [evil, "b"], series: [{ name: evil, values: [1, null] }] })]) {
    assert.doesNotMatch(svg, /<script>/);
    assert.match(svg, /&lt;script&gt;&quot;&amp;/);
    assert.doesNotMatch(svg, /NaN|undefined/);
  }
});

test("every text that the pages ask for is there", async () => {
  const folder = new URL("../../src/dashboard/page/", import.meta.url);
  const missing = [];
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".js") || name.startsWith("texts")) continue;
    const source = await readFile(new URL(name, folder), "utf8");
    for (const [, key] of source.matchAll(/\bt\("([^"]+)"/g)) if (!has(key)) missing.push(`${name}: ${key}`);
  }
  assert.deepEqual(missing, []);
  assert.equal(t("metrics.some_new_metric"), "Some new metric");
  assert.equal(spoken("first_time_rate"), "First time rate");
});

test("every language has every text, with the same places for figures", () => {
  const texts = (tree, path = "") => Object.entries(tree).flatMap(([name, text]) => (typeof text === "string" ? [[`${path}${name}`, text]] : texts(text, `${path}${name}.`)));
  const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([place]) => place).sort().join();
  const english = new Map(texts(LANGUAGES.en));
  assert.ok(Object.keys(LANGUAGES).length >= 2 && english.size > 300);
  for (const [language, tree] of Object.entries(LANGUAGES)) {
    const told = new Map(texts(tree));
    assert.deepEqual([...english.keys()].filter((name) => !told.has(name)), [], `missing in ${language}`);
    assert.deepEqual([...told.keys()].filter((name) => !english.has(name)), [], `unknown in ${language}`);
    const differ = [...told].filter(([name, text]) => text.trim() === "" || places(text) !== places(english.get(name)));
    assert.deepEqual(differ, [], language);
  }
});
