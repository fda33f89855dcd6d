// One visitor's journey, with everything real: page view → leased number → call → join → report → postback.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { complaintsOf, launchChromium, newVisitor } from "../browser/chromium.ts";
import * as world from "./world.mjs";

const LANDING = "/plumbing?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=EAIaIQ.Journey-1_x";
const CALLER = "+14155550123";

let platform, landing, service, browser;

before(async () => {
  platform = await world.adPlatform(2);
  landing = await world.landingSite(() => service.base);
  service = await world.startService({ landing: landing.base, receiver: platform.base });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await service?.remove();
  landing?.close();
  platform?.close();
});

const digits = (text) => text.replace(/\D/g, "");

async function visit(context) {
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const leased = page.waitForResponse((response) => response.url().endsWith("/v1/lease"));
  await page.goto(landing.base + LANDING);
  return { page, reply: await (await leased).json(), complaints };
}

test("an ad click becomes a number, a call, a report and one postback", async (t) => {
  let number;

  await t.test("the number swaps in the page's own format, and nothing else does", async () => {
    const { page, reply, complaints } = await visit(await newVisitor(browser));
    const target = reply.targets[0];
    assert.equal(target.tier, "own");
    number = target.tracking.number;
    assert.ok(world.POOL.includes(number));
    const shown = number.slice(2);
    await page.waitForFunction((d) => document.querySelector("#text").textContent.replace(/\D/g, "") === d, shown);
    assert.match(await page.textContent("#text"), /Call us at \(\d{3}\) \d{3}-\d{4} today\./);
    assert.match(await page.textContent("#dotted"), /^\d{3}\.\d{3}\.\d{4}$/);
    assert.equal(digits(await page.textContent("#dotted")), shown);
    assert.equal(await page.getAttribute("#link", "href"), `tel:${number}`);
    assert.equal(await page.textContent("#order"), "Order 118005550100234, 800 555 items for $5550.100");
    // The banner: until now nothing about this visit may be told to an ad platform.
    assert.equal(reply.visitor, undefined);
    const told = page.waitForResponse((response) => response.url().endsWith("/v1/lease"));
    await page.evaluate(() => window.ringtrace.consent({ analytics: true, ads: true }));
    const agreed = await (await told).json();
    assert.ok(agreed.visitor);
    assert.equal(agreed.targets[0].tracking.number, number);
    assert.deepEqual(complaints, []);
  });

  const CallSid = "CA00000000000000000000000000000001";
  const common = {
    CallSid, AccountSid: "AC00000000000000000000000000000001", ApiVersion: "2010-04-01",
    From: CALLER, To: number, Direction: "inbound", FromCity: "SAN FRANCISCO", FromState: "CA", FromCountry: "US", CallerName: "",
  };
  const telephony = `${service.base}/v1/telephony/twilio/journey`;
  // Twilio repeats webhooks: every one is sent twice, and counts once.
  const twice = async (url, params) => {
    const first = await world.twilioWebhook(url, params);
    const second = await world.twilioWebhook(url, params);
    assert.ok(first.ok && second.ok, `${url}: ${first.status} ${second.status}`);
    const [a, b] = [await first.text(), await second.text()];
    assert.equal(a, b, "a repeated webhook gets the same answer");
    return a;
  };

  let twiml;
  await t.test("a webhook signed by Twilio's package is answered with a forward", async () => {
    const forged = await fetch(`${telephony}/voice`, {
      method: "POST", headers: { "x-twilio-signature": "AAAA" }, body: new URLSearchParams(common),
    });
    assert.equal(forged.status, 403);
    twiml = await twice(`${telephony}/voice`, { ...common, CallStatus: "ringing" });
    assert.match(twiml, /<Dial[^>]*>/);
    assert.ok(twiml.includes(`>${world.FORWARD_TO}</Number>`), twiml);
  });

  await t.test("the call is answered, and ends after 95 seconds", async () => {
    const unescape = (text) => text.replaceAll("&amp;", "&");
    const action = unescape(/<Dial[^>]* action="([^"]+)"/.exec(twiml)[1]);
    const leg = unescape(/<Number[^>]* statusCallback="([^"]+)"/.exec(twiml)[1]);
    const child = { ...common, CallSid: "CA00000000000000000000000000000002", ParentCallSid: CallSid, Direction: "outbound-dial", To: world.FORWARD_TO };
    const at = (s) => new Date(Date.now() + s * 1000).toUTCString().replace("GMT", "+0000");
    await twice(leg, { ...child, CallStatus: "ringing", Timestamp: at(1), SequenceNumber: "1" });
    await twice(leg, { ...child, CallStatus: "in-progress", Timestamp: at(5), SequenceNumber: "2" });
    await twice(action, { ...common, CallStatus: "in-progress", DialCallStatus: "completed", DialCallSid: child.CallSid, DialBridged: "true", DialCallDuration: "95" });
    await twice(`${telephony}/status`, { ...common, CallStatus: "completed", CallDuration: "100", Timestamp: at(100), SequenceNumber: "3" });
  });

  await t.test("the receiver fails twice, and then gets exactly one postback with the click id", async () => {
    await world.eventually("the postback", () => platform.accepted.length > 0);
    assert.equal(platform.refused.length, 2);
    const query = platform.accepted[0].searchParams;
    assert.equal(query.get("gclid"), "EAIaIQ.Journey-1_x");
    assert.equal(query.get("source"), "google");
    assert.equal(query.get("campaign"), "spring");
    assert.equal(query.get("seconds"), "95");
  });

  await t.test("the call is in the three reports", async () => {
    const sources = await world.eventually("the call in the report", async () => {
      const report = await service.report("sources");
      return report.rows.some((row) => row.calls === 1 && row.answered_calls === 1) && report;
    });
    const row = sources.rows.find((row) => row.source === "google");
    assert.deepEqual(
      [row.source, row.medium, row.campaign, row.visits, row.calls, row.first_time_callers, row.missed_calls, row.average_call_duration],
      ["google", "cpc", "spring", 1, 1, 1, 0, 95],
    );
    assert.deepEqual([row.call_rate.numerator, row.call_rate.denominator], [1, 1]);

    const hours = await service.report("hours");
    const local = new Intl.DateTimeFormat("en-US", { timeZone: world.TIME_ZONE, weekday: "short", hour: "numeric", hourCycle: "h23" })
      .formatToParts(new Date());
    const part = (type) => local.find((p) => p.type === type).value;
    const weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(part("weekday")) + 1;
    const called = hours.rows.filter((cell) => cell.calls > 0);
    assert.equal(called.length, 1);
    // The hour may have turned between call and look.
    assert.ok([0, 1, 23].includes((24 + Number(part("hour")) - called[0].hour) % 24));
    if (Number(part("hour")) === called[0].hour) assert.equal(called[0].weekday, weekday);

    const pages = await service.report("landing-pages");
    const page = pages.rows.find((row) => row.landing_page === "/plumbing");
    assert.deepEqual([page.visits, page.calls], [1, 1]);
    assert.match(page.landing_host, /^127\.0\.0\.1/);
  });

  await t.test("the command line shows the same", async () => {
    const csv = await service.command("report", "sources", "--format", "csv");
    assert.match(csv, /google,cpc,spring/);
    assert.match(await service.command("report", "landing-pages"), /\/plumbing/);
  });

  await t.test("a headless agent gets no number and is no visit", async () => {
    const { page, reply } = await visit(await browser.newContext());
    assert.equal(reply.targets[0].tier, "original");
    assert.equal(reply.targets[0].reason, "bot");
    assert.equal(digits(await page.textContent("#text")), "8005550100");
    const report = await service.report("sources");
    assert.equal(report.totals.visits, 1);
  });

  await t.test("SIGTERM ends everything; a new start knows it all", async () => {
    assert.deepEqual(await service.stop(), { code: 0, signal: null });
    const { folder, port } = service;
    service = await world.startService({ landing: landing.base, receiver: platform.base, folder, port });
    const report = await service.report("sources");
    assert.equal(report.totals.calls, 1);
    assert.equal(platform.accepted.length, 1, "nothing was posted twice");
  });
});
