import assert from "node:assert/strict";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";
import { HEAD } from "./world.ts";

const BODY = `<p id=a>Call (800) 555-0100</p><a id=b href="tel:+18005550100">Call</a><p id=c>Order 98005550100</p>`;

visit("from the second page on the number is there before the first paint", async ({ page, world, open }) => {
  world.publish(`${BODY}${world.tag}<script>first = document.body.textContent + document.querySelector("#b").getAttribute("href");
    requestAnimationFrame(() => painted = document.querySelector("#a").textContent)</script>`, "/two", undefined, HEAD);
  await open(BODY + `<a id=go href="/two">two</a>`);
  // The service says nothing more: what is shown comes from the page before.
  world.fault = () => {};
  await page.click("#go");
  await page.waitForFunction(() => "painted" in window);
  assert.equal(await page.evaluate(() => (window as any).painted), "Call (415) 555-0199");
  assert.match(await page.evaluate(() => (window as any).first), /Call \(415\) 555-0199.*Order 98005550100.*tel:\+14155550199$/s);
  const shift = await page.evaluate(() => performance.getEntriesByType("layout-shift").length);
  assert.equal(shift, 0);
});

visit("the number of the page before is told as shown, and confirmed", async ({ page, world, open, text }) => {
  world.publish(BODY + world.tag, "/two");
  await open(BODY + `<a id=go href="/two">two</a>`);
  await page.click("#go");
  await until(() => world.leases().length === 2, "a second view");
  assert.deepEqual(world.leases()[1]!.body.shown, { main: "+14155550199" });
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "Call (415) 555-0199");
  assert.equal(await text("#c"), "Order 98005550100");
});

const forgotten: [string, (page: import("playwright-core").Page) => Promise<unknown>][] = [
  ["it is older than its hold", page => page.evaluate(() => (sessionStorage.rt_reply = sessionStorage.rt_reply.replace(/"at":\d+/, `"at":${Date.now() - 181_000}`)))],
  ["the visitor comes from elsewhere", page => page.goto("about:blank")],
  ["it was damaged", page => page.evaluate(() => (sessionStorage.rt_reply = sessionStorage.rt_reply.slice(1)))],
];
for (const [name, forget] of forgotten) {
  visit(`the number of the page before is not shown when ${name}`, async ({ page, world, open, text }) => {
    const two = world.publish(BODY + world.tag, "/two");
    await open(BODY + `<a id=go href="/two">two</a>`);
    world.fault = () => {};
    await forget(page);
    if (page.url() === "about:blank") await page.goto(two);
    else await page.click("#go");
    await page.waitForFunction(() => "getNumber" in (window.ringtrace ?? {}));
    await page.waitForTimeout(100);
    assert.equal(await text("#a"), "Call (800) 555-0100");
  });
}

visit("the head snippet does nothing on a first page, or with storage blocked", async ({ page, world, text }) => {
  await page.addInitScript(() =>
    Object.defineProperty(window, "sessionStorage", {
      get() {
        throw new DOMException("blocked", "SecurityError");
      },
    }),
  );
  await page.goto(world.publish(BODY, "/", undefined, HEAD));
  assert.equal(await text("#a"), "Call (800) 555-0100");
});
