import assert from "node:assert/strict";
import type { BrowserContext } from "playwright-core";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";

const BODY = `<p id=a>800-555-0100</p>`;

async function cookie(visitor: BrowserContext, name: string) {
  return (await visitor.cookies()).find(found => found.name === name);
}

visit("a page view says what the contract wants, and nothing of the page", async ({ page, world }) => {
  await page.goto(world.publish("<a id=go href='/landing'>go</a>", "/from"));
  world.publish(BODY + "<input value=secret>" + world.tag, "/landing");
  await page.evaluate(() => (document.querySelector("a")!.href = "/landing?utm_source=google&gclid=abc#top"));
  await page.click("#go");
  await until(() => world.leases().length === 1, "a page view");
  const { body, origin, path } = world.leases()[0]!;
  assert.equal(path, "/v1/lease");
  assert.equal(origin, new URL(page.url()).origin);
  const { page: id, ...rest } = body;
  assert.match(id, /^(\d+-){2}\d+$/);
  assert.deepEqual(rest, { v: 1, key: "pk_demo", seq: 1, want: "auto", url: page.url(), referrer: new URL("/from", page.url()).href, shown: {} });
  assert.match(body.url, /\/landing\?utm_source=google&gclid=abc#top$/);
});

visit("the session token is kept for the whole site, and the newest replaces the one before", async ({ page, world, visitor, open }) => {
  await open(BODY);
  const first = (await cookie(visitor, "rt_session"))!;
  assert.equal(first.value, world.leases()[0]!.answered);
  assert.equal(first.domain, ".shop.test");
  assert.equal(first.path, "/");
  assert.equal(first.sameSite, "Lax");
  assert.equal(first.expires, -1, "it ends with the browser's session");
  assert.equal(await cookie(visitor, "rt_probe"), undefined);

  await page.goto(world.publish(BODY + world.tag, "/two", "blog.shop.test"));
  await until(() => world.leases().length === 2, "a second view");
  assert.equal(world.leases()[1]!.body.session, first.value);
  assert.notEqual(world.leases()[1]!.body.page, world.leases()[0]!.body.page);
  await until(async () => (await cookie(visitor, "rt_session"))!.value === world.leases()[1]!.answered, "the newest token");
});

visit("a beat does not put an older session over the one of another tab", async ({ page, world, visitor, open }) => {
  await page.clock.install();
  await open(BODY);
  await visitor.addCookies([{ name: "rt_session", value: "from-another-tab", domain: ".shop.test", path: "/" }]);
  await page.clock.runFor(31_000);
  await until(() => world.beats().length === 1, "a beat");
  await page.waitForLoadState("networkidle");
  await page.clock.runFor(31_000);
  await until(() => world.beats().length === 2, "another beat");
  assert.equal(world.beats()[1]!.body.session, world.beats()[0]!.answered, "the page keeps its own session");
  assert.equal((await cookie(visitor, "rt_session"))!.value, "from-another-tab");
});

visit("the visitor token lives in a cookie while the service sends it, and goes when it does not", async ({ page, world, visitor, open }) => {
  world.visitor = "visitor-1";
  await open(BODY);
  const kept = (await cookie(visitor, "rt_visitor"))!;
  assert.equal(kept.value, "visitor-1");
  assert.ok(kept.expires > Date.now() / 1000 + 300 * 24 * 3600);
  world.visitor = undefined;
  await page.reload();
  await until(() => world.leases().length === 2, "a second view");
  assert.equal(world.leases()[1]!.body.visitor, "visitor-1");
  await until(async () => (await cookie(visitor, "rt_visitor")) === undefined, "no visitor cookie");
});

visit("consent denied in the tag is told, and nothing is stored", async ({ page, world, visitor, open, text }) => {
  world.tag = world.tag.replace("data-key", 'data-consent="denied" data-key');
  world.visitor = "visitor-1";
  await open(BODY);
  assert.equal(await text("#a"), "415-555-0199");
  assert.deepEqual(world.leases()[0]!.body.consent, { analytics: false, ads: false });
  assert.deepEqual(await visitor.cookies(), []);

  await page.evaluate(() => window.ringtrace.consent({ analytics: true }));
  await until(() => world.leases().length === 2, "another view");
  const { body } = world.leases()[1]!;
  assert.deepEqual(body.consent, { analytics: true, ads: false });
  assert.equal(body.page, world.leases()[0]!.body.page, "the same page view");
  assert.equal(body.session, world.leases()[0]!.answered);
  await until(async () => (await cookie(visitor, "rt_visitor"))?.value === "visitor-1", "a visitor cookie");

  await page.waitForLoadState("networkidle");
  await page.evaluate(() => window.ringtrace.consent({ analytics: false }));
  await until(() => world.leases().length === 3, "a third view");
  // The browser's store of cookies is another process.
  await until(async () => (await visitor.cookies()).length === 0, "no cookies");
  assert.equal(world.leases()[2]!.body.visitor, undefined);
});

visit("consent granted in the tag is told", async ({ world, open }) => {
  world.tag = world.tag.replace("data-key", 'data-consent="granted" data-key');
  await open(BODY);
  assert.deepEqual(world.leases()[0]!.body.consent, { analytics: true, ads: true });
});

visit("another endpoint can be named", async ({ world, open, text }) => {
  world.tag = world.tag.replace("data-key", `data-endpoint="${world.service.replace("rt.test", "other.test")}/" data-key`);
  await open(BODY);
  assert.equal(await text("#a"), "415-555-0199");
});

visit("endless addresses are cut to what the contract allows", async ({ page, world }) => {
  await page.goto(world.publish(BODY + world.tag) + "?q=" + "x".repeat(6000));
  await until(() => world.leases().length === 1, "a page view");
  assert.equal(world.leases()[0]!.body.url.length, 4096);
});

visit("a banner that answers before the service does belongs to the same session", async ({ page, world }) => {
  await page.addInitScript(() => {
    const { fetch } = window;
    window.fetch = async (...request) => {
      const answer = fetch(...request);
      window.fetch = fetch;
      setTimeout(() => window.ringtrace.consent({ analytics: true, ads: true }));
      return answer;
    };
  });
  await page.goto(world.publish(BODY + world.tag));
  await until(() => world.leases().length === 2, "both views");
  const [first, second] = world.leases();
  assert.equal(first!.body.consent, undefined);
  assert.deepEqual(second!.body.consent, { analytics: true, ads: true });
  assert.equal(second!.body.session, first!.answered, "it waited for the session");
  assert.equal(second!.body.page, first!.body.page);
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "415-555-0199");
});

const OF_TAGS = {
  _ga: "GA1.1.1162820436.1749482504",
  _ga_ABC123XYZ: "GS2.1.s1747132561$o1$g0$t1747132655$j0$l0$h0",
  _gcl_aw: "GCL.1767323000.Cj0KCQ-x_1",
  _fbp: "fb.1.1767323000000.1098115397",
  IR_4711: "1767323000000%7C0%7C1767323000000%7Cx%7C",
  _epik: "dj0yJnU9==",
};

visit("cookies of tags are sent with consent to ads only, as they stand, and no others", async ({ page, world, visitor, open }) => {
  const put = (name: string, value: string) => ({ name, value, domain: ".shop.test", path: "/" });
  const others = { PHPSESSID: "secret", _gcl_au: "1.1.1.2", my_ga: "x", _fbx: "y" };
  await visitor.addCookies(Object.entries({ ...others, ...OF_TAGS }).map(([name, value]) => put(name, value)));
  await open(BODY);
  assert.equal(world.leases()[0]!.body.cookies, undefined, "nobody spoke of consent");
  await page.evaluate(() => window.ringtrace.consent({ analytics: true }));
  await until(() => world.leases().length === 2, "another view");
  assert.equal(world.leases()[1]!.body.cookies, undefined, "no consent to ads");
  await page.evaluate(() => window.ringtrace.consent({ ads: true }));
  await until(() => world.leases().length === 3, "another view");
  const told = Object.fromEntries(world.leases()[2]!.body.cookies.map((pair: string) => pair.split(/=(.*)/, 2)));
  assert.deepEqual(told, OF_TAGS);
});

visit("cookies of tags are few and short, whatever a page has", async ({ world, visitor, open }) => {
  world.tag = world.tag.replace("data-key", 'data-consent="granted" data-key');
  const many = Array.from({ length: 40 }, (_, i) => ({ name: `IR_${i}`, value: "z".repeat(300), domain: ".shop.test", path: "/" }));
  await visitor.addCookies(many);
  await open(BODY);
  const { cookies } = world.leases()[0]!.body;
  assert.ok(cookies.length > 5);
  assert.ok(JSON.stringify(cookies).length < 5000);
});

visit("with data-cookies=server requests take the service's cookies along, and only then", async ({ page, world, visitor }) => {
  const seen: (string | undefined)[] = [];
  await visitor.addCookies([{ name: "rt_session", value: "of-the-service", domain: "rt.test", path: "/" }]);
  world.fault = response => {
    const { origin, cookie } = response.req.headers;
    seen.push(cookie);
    response
      .writeHead(200, { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true" })
      .end(JSON.stringify({ v: 1, session: "s", mode: "full", beat_s: 30, hold_s: 180, targets: [] }));
  };
  await page.goto(world.publish(BODY + world.tag, "/without", "www.rt.test"));
  await until(() => seen.length === 1, "a view without cookies");
  await page.goto(world.publish(BODY + world.tag.replace("data-key", 'data-cookies="server" data-key'), "/with", "www.rt.test"));
  await until(() => seen.some(cookie => cookie?.includes("rt_session=of-the-service")), "a view with them");
  assert.equal(seen[0], undefined);
});

visit("the tag may call the key its site's, and explain what it does", async ({ page, world, open, text }) => {
  const said: string[] = [];
  page.on("console", message => said.push(message.text()));
  world.tag = world.tag.replace("data-key", "data-debug data-site");
  await open(BODY);
  assert.equal(await text("#a"), "415-555-0199");
  assert.ok(said.some(line => line.startsWith("ringtrace:")));
});
