// What snippet and service only do together: waiting for intent, letters, messages, copies, another host.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { complaintsOf, launchChromium, newVisitor } from "../browser/chromium.ts";
import * as world from "./world.mjs";

const PAGE = `
  <h1>Plumber in town</h1>
  <form><input type="hidden" name="rt_session_id"></form>
  <a id="shop" href="@shop">Our shop</a>
  <div style="height: 4000px"></div>
  <p id="text">Call (800) 555-0100, not (800) 555-0177.</p>
  <p id="letters">Or 1-800-JJJ-0100</p>
  <a id="message" href="sms:+18005550100">Write to us</a>`;

let landing, shop, service, browser;

before(async () => {
  shop = await world.landingSite(() => service.base, PAGE);
  const shopBase = shop.base.replace("127.0.0.1", "localhost");
  landing = await world.landingSite(() => service.base, PAGE.replace("@shop", `${shopBase}/checkout`));
  service = await world.startService({
    landing: [landing.base, shopBase],
    target: `written = ["1-800-JJJ-0100"]`,
    more: `
[sites.snippet]
lease_when = { visible = true }
exclude = ["+18005550177"]
domains = ["localhost", "127.0.0.1"]
field = "rt_session_id"
${world.POOL.map((number) => `
[[sites.numbers]]
number = "${number}"
vanity = "415-JJJ-${number.slice(-4)}"
capabilities = ["sms"]`).join("\n")}`,
  });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await service?.remove();
  landing?.close();
  shop?.close();
});

test("a visitor who scrolls to the number gets one, and takes it along to the shop", async (t) => {
  const context = await newVisitor(browser);
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const asked = [];
  page.on("request", (request) => {
    if (request.method() === "POST") asked.push({ path: new URL(request.url()).pathname, ...JSON.parse(request.postData()) });
  });
  const reply = () => page.waitForResponse((response) => response.url().endsWith("/v1/lease")).then((response) => response.json());

  let first, leased;
  await t.test("the page view is counted, and no number is taken for it", async () => {
    const answer = reply();
    await page.goto(`${landing.base}/plumbing?utm_source=google&utm_medium=cpc&gclid=EAIaIQ.Contract-1_x`);
    first = await answer;
    assert.deepEqual([first.targets[0].tier, first.targets[0].reason], ["original", "not_wanted"]);
    assert.match(await page.textContent("#text"), /\(800\) 555-0100/);
  });

  await t.test("the number comes into view", async () => {
    const answer = reply();
    await page.evaluate(() => document.querySelector("#text").scrollIntoView());
    leased = await answer;
    assert.equal(leased.targets[0].tier, "own");
    assert.equal(leased.session_id, first.session_id);
    const { national, number, vanity } = leased.targets[0].tracking;
    await page.waitForFunction((text) => document.querySelector("#text").textContent === text, `Call ${national}, not (800) 555-0177.`);
    assert.ok((await page.textContent("#letters")).includes(vanity), await page.textContent("#letters"));
    assert.equal(await page.getAttribute("#message", "href"), `sms:${number}`);
    assert.equal(await page.inputValue("[name=rt_session_id]"), leased.session_id);
    assert.deepEqual(asked.map(({ path, seq, want }) => [path, seq, want]), [["/v1/lease", 1, "auto"], ["/v1/lease", 2, "now"]]);
  });

  await t.test("a copy of the number is told", async () => {
    await page.evaluate(() => {
      getSelection().selectAllChildren(document.querySelector("#text"));
      document.execCommand("copy");
    });
    await world.eventually("the copy", async () => {
      const metrics = await (await fetch(`${service.base}/metrics`)).text();
      return /ringtrace_gestures_total\{gesture="copied"\} 1\b/.test(metrics);
    });
  });

  await t.test("the shop on another host goes on with the session and its number", async () => {
    await page.waitForTimeout(200);
    const answer = reply();
    await page.click("#shop");
    const there = await answer;
    assert.equal(new URL(page.url()).hostname, "localhost");
    assert.equal(await page.evaluate(() => location.search), "", "the link token is gone from the address");
    assert.ok(asked.at(-1).link && !asked.at(-1).url.includes("rt_link"));
    assert.equal(there.session_id, leased.session_id);
    assert.equal(there.targets[0].tracking.number, leased.targets[0].tracking.number);
    await page.waitForFunction((text) => document.querySelector("#text").textContent.includes(text), there.targets[0].tracking.national);
    assert.deepEqual(complaints, []);
  });

  await t.test("it was one visit", async () => {
    await world.eventually("the visit in the report", async () => (await service.report("sources")).totals.visits === 1);
  });
});
