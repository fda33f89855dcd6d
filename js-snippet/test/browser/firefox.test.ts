/** The main situations in a real Firefox, Debian's, driven by WebDriver BiDi. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { until } from "./chromium.ts";
import { openWorld, type World } from "./world.ts";

const BODY = `<p id=a>Call <b>800</b> 555-0100</p><a id=call href="tel:+18005550100">+1 800 555 0100</a>`;
const HOSTS = "www.shop.test,blog.shop.test,rt.test";
// Firefox has many processes to start, and the machine may be busy.
const START_MS = 60_000;

/** Starts Firefox; the hosts of the tests are this machine. `FIREFOX` names another program than Debian's. */
const launchFirefox = (prefs: Record<string, unknown> = {}): Promise<Browser> =>
  puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr",
    timeout: START_MS,
    extraPrefsFirefox: { "network.dns.localDomains": HOSTS, ...prefs },
  });

let browser: Browser;
before(async () => {
  browser = await launchFirefox();
});
after(() => browser.close());

interface Visit {
  world: World;
  page: Page;
  /** Waits until `selector` has the text `expected`. */
  reads(selector: string, expected: string): Promise<void>;
}

/** A test with a visitor of its own; at the end no breach of the contract and no error in the page. */
function visit(name: string, body: (visit: Visit) => Promise<void>, launched?: () => Promise<Browser>): void {
  test(`in Firefox ${name}`, async () => {
    const world = await openWorld();
    const own = await launched?.();
    const visitor = await (own ?? browser).createBrowserContext();
    try {
      const page = await visitor.newPage();
      const errors: unknown[] = [];
      page.on("pageerror", error => errors.push(error));
      const text = (selector: string) => page.evaluate(selector => document.querySelector(selector)?.textContent, selector);
      const reads = (selector: string, expected: string) => until(async () => (await text(selector)) === expected, `${selector}: ${expected}`);
      await body({ world, page, reads });
      assert.deepEqual(world.breaches, []);
      assert.deepEqual(errors, []);
    } finally {
      await visitor.close();
      await own?.close();
      world.close();
    }
  });
}

visit("text, links and open shadow roots are swapped, and a tel: click is told", async ({ world, page, reads }) => {
  await page.goto(world.publish(BODY + world.tag));
  await reads("#a", "Call 415 555-0199");
  await reads("#call", "+1 415 555 0199");
  assert.equal(await page.$eval("#call", link => link.getAttribute("href")), "tel:+14155550199");
  await page.evaluate(() => {
    const host = document.createElement("div");
    host.id = "host";
    host.attachShadow({ mode: "open" }).innerHTML = "<p>800.555.0100</p>";
    document.body.append(host);
    addEventListener("click", event => event.preventDefault());
  });
  await until(() => page.evaluate(() => document.querySelector("#host")!.shadowRoot!.textContent === "415.555.0199"), "the shadow root");
  await page.click("#call");
  await until(() => world.beats().length === 1, "a beacon");
  assert.equal(world.beats()[0]!.body.tel_click.target, "main");
});

visit("the session goes from page to page, and leaving is told", async ({ world, page, reads }) => {
  await page.goto(world.publish(BODY + world.tag));
  await reads("#a", "Call 415 555-0199");
  await page.goto(world.publish(BODY + world.tag, "/two", "blog.shop.test"));
  await reads("#a", "Call 415 555-0199");
  await until(() => world.beats().length === 1, "a leave");
  assert.equal(world.beats()[0]!.body.kind, "leave");
  assert.ok([world.leases()[0]!.answered, world.beats()[0]!.answered].includes(world.leases()[1]!.body.session));
});

visit("a page from the back/forward cache is a new page", async ({ world, page, reads }) => {
  await page.evaluateOnNewDocument(() => addEventListener("pageshow", event => ((window as any).persisted = event.persisted)));
  await page.goto(world.publish(BODY + world.tag));
  await reads("#a", "Call 415 555-0199");
  await page.goto(world.publish("<p>elsewhere", "/plain"));
  await until(() => world.beats().some(({ body }) => body.kind === "leave"), "a leave");
  await page.evaluate(() => history.back());
  await until(() => world.leases().length === 2, "a view of the new page");
  assert.equal(await page.evaluate(() => (window as any).persisted), true, "Firefox kept the page");
  assert.notEqual(world.leases()[1]!.body.page, world.leases()[0]!.body.page);
  await reads("#a", "Call 415 555-0199");
});

visit("a page of a single-page application is a page view of its own", async ({ world, page, reads }) => {
  await page.goto(world.publish(BODY + world.tag));
  await reads("#a", "Call 415 555-0199");
  await page.evaluate(() => {
    history.pushState({}, "", "/pricing?plan=b");
    document.querySelector("#a")!.textContent = "Pricing: 800-555-0100";
  });
  await reads("#a", "Pricing: 415-555-0199");
  await until(() => world.leases().length === 2, "a second view");
  assert.match(world.leases()[1]!.body.url, /\/pricing\?plan=b$/);
});

visit(
  "blocked cookies and storage change nothing",
  async ({ world, page, reads }) => {
    await page.goto(world.publish(BODY + world.tag));
    await reads("#a", "Call 415 555-0199");
    const isBlocked = () => {
      try {
        return !sessionStorage;
      } catch {
        return document.cookie === "";
      }
    };
    assert.ok(await page.evaluate(isBlocked));
    await page.evaluate(() => ringtrace.consent({ analytics: true }));
    await until(() => world.leases().length === 2, "another view");
    assert.equal(world.leases()[1]!.body.session, world.leases()[0]!.answered, "memory keeps the token");
  },
  () => launchFirefox({ "network.cookie.cookieBehavior": 2 }),
);

visit("a service that is down leaves the page as it is", async ({ world, page, reads }) => {
  let tries = 0;
  world.fault = response => {
    tries++;
    response.destroy();
  };
  await page.goto(world.publish(BODY + world.tag));
  await until(() => tries >= 2, "a second try");
  await reads("#a", "Call 800 555-0100");
});
