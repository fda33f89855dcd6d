import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import type { BrowserContext, Page } from "playwright-core";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";
import { reply } from "./world.ts";

const BODY = `<p id=a>800-555-0100</p>`;

async function kept(visitor: BrowserContext, page: Page) {
  const cookies = (await visitor.cookies()).map(({ name }) => name).sort();
  return { cookies, tab: await page.evaluate(() => Object.keys(sessionStorage).sort()) };
}

visit("mode session: nothing outlives the tab, which keeps its session", async ({ page, world, visitor, open }) => {
  world.mode = "session";
  world.visitor = "visitor-1";
  await open(BODY);
  assert.deepEqual(await kept(visitor, page), { cookies: [], tab: ["rt_reply"] });
  await page.reload();
  await until(() => world.leases().length === 2, "a second view");
  assert.equal(world.leases()[1]!.body.session, world.leases()[0]!.answered);
  const other = await visitor.newPage();
  await other.goto(page.url());
  await until(() => world.leases().length === 3, "a view of another tab");
  assert.equal(world.leases()[2]!.body.session, undefined);
});

visit("mode none: nothing is stored, every page view is a session of its own", async ({ page, world, visitor, open, text }) => {
  world.mode = "none";
  world.visitor = "visitor-1";
  await open(BODY);
  assert.equal(await text("#a"), "415-555-0199");
  assert.deepEqual(await kept(visitor, page), { cookies: [], tab: [] });
  await page.reload();
  await until(() => world.leases().length === 2, "a second view");
  assert.equal(world.leases()[1]!.body.session, undefined);
});

visit("consent upgrades and its withdrawal removes, at run time", async ({ page, world, visitor, open }) => {
  world.mode = "none";
  await open(BODY);
  world.mode = "full";
  world.visitor = "visitor-1";
  await page.evaluate(() => ringtrace.consent({ analytics: true }));
  await until(() => world.leases().length === 2, "another view");
  await until(async () => (await visitor.cookies()).length === 2, "both cookies");
  await page.waitForFunction(() => sessionStorage.rt_reply);
  assert.deepEqual(await kept(visitor, page), { cookies: ["rt_session", "rt_visitor"], tab: ["rt_reply"] });
  world.mode = "session";
  await page.evaluate(() => ringtrace.consent({ analytics: false }));
  await until(() => world.leases().length === 3, "a third view");
  await page.waitForFunction(() => sessionStorage.rt_reply);
  await until(async () => (await visitor.cookies()).length === 0, "no cookies");
  assert.deepEqual(await kept(visitor, page), { cookies: [], tab: ["rt_reply"] });
});

visit("an answer to what was said before a withdrawal brings nothing back", async ({ page, world, visitor, open }) => {
  world.tag = world.tag.replace("data-key", 'data-consent="granted" data-key');
  world.visitor = "visitor-1";
  await open(BODY);
  let late: ServerResponse | undefined;
  world.fault = response => (late = response);
  await page.evaluate(() => void ringtrace.consent({ ads: false }));
  await until(() => late !== undefined, "a view whose answer is late");
  let refused = 0;
  world.fault = response => {
    refused++;
    response.writeHead(503).end();
  };
  await page.evaluate(() => void ringtrace.consent({ analytics: false }));
  reply(late!, { v: 1, session: "late", session_id: "the-session", visitor: "visitor-2", mode: "full", beat_s: 30, hold_s: 180, targets: world.targets });
  await until(() => refused === 1, "a view that says so");
  assert.deepEqual(await kept(visitor, page), { cookies: [], tab: [] });
  world.fault = undefined;
  await until(() => world.leases().length === 2, "another try");
  const { body } = world.leases()[1]!;
  assert.deepEqual([body.consent, body.visitor], [{ analytics: false, ads: false }, undefined]);
  assert.equal(body.session, "late", "the page is the same");
  assert.deepEqual(await kept(visitor, page), { cookies: [], tab: [] });
});

visit("consent denied in the tag forgets what the page before showed", async ({ page, world, visitor, open, text }) => {
  const two = world.publish(BODY + world.tag.replace("data-key", 'data-consent="denied" data-key'), "/two");
  await open(BODY + `<a id=go href="${two}">two</a>`);
  world.fault = () => {};
  await page.click("#go");
  await page.waitForFunction(() => "getNumber" in (window.ringtrace ?? {}));
  assert.deepEqual(await kept(visitor, page), { cookies: [], tab: [] });
  assert.equal(await text("#a"), "800-555-0100");
});

for (const says of ["site", "tag"]) {
  visit(`the session lives in the tab alone when the ${says} says so`, async ({ page, world, visitor, open }) => {
    if (says === "site") world.settings = { storage: "tab" };
    else world.tag = world.tag.replace("data-key", 'data-storage="tab" data-key');
    world.visitor = "visitor-1";
    await open(BODY);
    assert.deepEqual(await kept(visitor, page), { cookies: ["rt_visitor"], tab: ["rt_reply"] });
  });
}

const auto = (tag: string) => tag.replace("data-key", 'data-consent="auto" data-key');

visit("Google Consent Mode is listened to, before and after the script", async ({ page, world, open }) => {
  world.tag = auto(world.tag);
  const gtag = `<script>dataLayer = []; function gtag() { dataLayer.push(arguments) }
    gtag("consent", "default", {analytics_storage: "denied", ad_storage: "denied", ad_user_data: "denied"})</script>`;
  await open(gtag + BODY);
  assert.deepEqual(world.leases()[0]!.body.consent, { analytics: false, ads: false });
  await page.evaluate(() => (window as any).gtag("consent", "update", { analytics_storage: "granted" }));
  await until(() => world.leases().length === 2, "another view");
  assert.deepEqual(world.leases()[1]!.body.consent, { analytics: true, ads: false });
  await page.evaluate(() => (window as any).gtag("consent", "update", { ad_storage: "granted", ad_user_data: "granted" }));
  await until(() => world.leases().length === 3, "a third view");
  assert.deepEqual(world.leases()[2]!.body.consent, { analytics: true, ads: true });
  await page.evaluate(() => (window as any).gtag("event", "consent"));
  await page.waitForTimeout(100);
  assert.equal(world.leases().length, 3);
});

visit("the IAB's framework is listened to once its dialogue is answered", async ({ page, world, open }) => {
  world.tag = auto(world.tag);
  await open(
    `<script>__tcfapi = (command, version, callback) => { tell = callback; callback({eventStatus: "cmpuishown", gdprApplies: true, purpose: {consents: {}}}, true) }</script>` + BODY,
  );
  assert.equal(world.leases()[0]!.body.consent, undefined, "nobody said anything");
  const answer = (consents: object) =>
    page.evaluate(consents => (window as any).tell({ eventStatus: "useractioncomplete", gdprApplies: true, purpose: { consents } }, true), consents);
  await answer({ 1: true, 8: true });
  await until(() => world.leases().length === 2, "another view");
  assert.deepEqual(world.leases()[1]!.body.consent, { analytics: true, ads: false });
  await answer({ 7: true, 8: true });
  await until(() => world.leases().length === 3, "a third view");
  assert.deepEqual(world.leases()[2]!.body.consent, { analytics: false, ads: false });
});

visit("Global Privacy Control allows no ads, whatever else is said", async ({ page, world, open }) => {
  world.tag = auto(world.tag);
  await page.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
  await open(BODY);
  assert.deepEqual(world.leases()[0]!.body.consent, { analytics: false, ads: false });
  await page.evaluate(() => (window as any).dataLayer.push(["consent", "update", { analytics_storage: "granted", ad_storage: "granted" }]));
  await until(() => world.leases().length === 2, "another view");
  assert.deepEqual(world.leases()[1]!.body.consent, { analytics: true, ads: false });
});
