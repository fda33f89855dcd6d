import assert from "node:assert/strict";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";

const FAR = `<div style="height:5000px"></div>`;
const BODY = `${FAR}<p id=a>Call <b>800</b> 555-0100</p>`;

visit("a visitor who sees no number takes none; the page view is reported all the same", async ({ page, world, open, text }) => {
  world.lease_when = { visible: true };
  await open(BODY);
  await page.waitForTimeout(300);
  assert.equal(world.leases().length, 1);
  assert.equal(world.leases()[0]!.body.want, "auto");
  assert.equal(await text("#a"), "Call 800 555-0100");
  // Half a window before it comes into view, the number is asked for.
  await page.evaluate(() => scrollTo(0, 5000 - innerHeight * 1.4));
  await until(() => world.leases().length === 2, "a second message");
  const [first, second] = world.leases();
  assert.equal(second!.body.want, "now");
  assert.equal(second!.body.page, first!.body.page);
  assert.ok(second!.body.seq > first!.body.seq);
  assert.equal(second!.body.session, first!.answered);
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "Call 415 555-0199");
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(200);
  assert.equal(world.leases().length, 2);
});

visit("a number in view is asked for at once, and one in a pop-up when that opens", async ({ page, world, open }) => {
  world.lease_when = { visible: true };
  await open(`<div id=popup style="display:none"><a id=a href="tel:+18005550100">Call us</a></div>`);
  await page.waitForTimeout(200);
  assert.equal(world.leases().length, 1);
  await page.evaluate(() => (document.getElementById("popup")!.style.display = "block"));
  await until(() => world.leases().length === 2, "a second message");
  await page.waitForFunction(() => document.querySelector("#a")!.getAttribute("href") === "tel:+14155550199");
});

visit("after some visible seconds the number is asked for, hidden ones do not count", async ({ page, world, open }) => {
  await page.clock.install();
  world.lease_when = { visible: true, after_s: 20 };
  await open(BODY);
  const setVisibility = (state: string) =>
    page.evaluate(state => {
      Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.clock.runFor(3000);
  await setVisibility("hidden");
  await page.clock.runFor(60_000);
  assert.equal(world.leases().length, 1);
  await setVisibility("visible");
  await page.clock.runFor(3000);
  assert.equal(world.leases().length, 1);
  await page.clock.runFor(15_000);
  await until(() => world.leases().length === 2, "a second message");
  assert.equal(world.leases()[1]!.body.want, "now");
});

visit("asking for a number by script is intent, too", async ({ page, world, open }) => {
  world.lease_when = { visible: true };
  await open(BODY);
  const number = await page.evaluate(() => ringtrace.getNumber());
  assert.equal(number?.number, "+14155550199");
  assert.deepEqual(world.leases().map(({ body }) => body.want), ["auto", "now"]);
});

visit("on another page of a single-page application intent counts anew, for what was there before, too", async ({ page, world, open }) => {
  await page.setViewportSize({ width: 800, height: 600 });
  world.lease_when = { visible: true };
  await open(BODY);
  await page.evaluate(() => history.pushState({}, "", "/two"));
  await page.evaluate(() => (document.body.firstElementChild!.textContent = "page two"));
  await until(() => world.leases().length === 2, "a view of the other page");
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.querySelector("#a")!.scrollIntoView());
  await until(() => world.leases().length === 3, "a number is wanted");
  assert.deepEqual(world.leases().map(({ body }) => body.want), ["auto", "auto", "now"]);
});
