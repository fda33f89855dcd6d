import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";
import { reply } from "./world.ts";

const BODY = `<p id=a>Call (800) 555-0100</p><a id=b href="tel:+18005550100">+1 800 555 0100</a>`;

const faults: [string, (response: ServerResponse) => void, number][] = [
  ["is down", response => void response.destroy(), 2],
  ["fails", response => reply(response, { title: "broken" }, 500), 2],
  ["answers garbage", response => reply(response, "<html>800-555-0100"), 2],
  ["answers half a reply", response => reply(response, { v: 1, session: "s", beat_s: 30, hold_s: 180, targets: [{ id: "main" }] }), 2],
  ["speaks another version", response => reply(response, { v: 2, session: "s", beat_s: 30, hold_s: 180, targets: [] }), 2],
  ["has too much to do", response => reply(response, { id: "too_many_requests" }, 429), 2],
  ["sends no CORS headers", response => void response.writeHead(200).end("{}"), 2],
  ["refuses the page", response => reply(response, { id: "origin_not_allowed" }, 403), 1],
];

for (const [name, fault, expected] of faults) {
  visit(`a service that ${name} leaves the page as it is`, async ({ world, page, text }) => {
    let tries = 0;
    world.fault = response => {
      tries++;
      fault(response);
    };
    await page.clock.install();
    await page.goto(world.publish(BODY + world.tag));
    await until(() => tries === 1, "a first try");
    await page.waitForLoadState("networkidle");
    await page.clock.runFor(3000);
    await until(() => tries === expected, `${expected} tries`);
    await page.waitForLoadState("networkidle");
    await page.clock.runFor(20_000);
    assert.equal(tries, expected, "at most one retry");
    if (expected === 1) {
      await page.clock.runFor(300_000);
      assert.equal(tries, 1, "a refusal is final");
    }
    assert.equal(await text("#a"), "Call (800) 555-0100");
    assert.equal(await page.getAttribute("#b", "href"), "tel:+18005550100");
  });
}

visit("a service that does not answer is given up after four seconds, twice", async ({ world, page, text }) => {
  let tries = 0;
  let givenUp = 0;
  world.fault = () => void tries++;
  page.on("requestfailed", () => givenUp++);
  await page.clock.install();
  await page.goto(world.publish(BODY + world.tag));
  await until(() => tries === 1, "a first try");
  await page.clock.pauseAt(Date.now() + 3000);
  assert.equal(givenUp, 0);
  await page.clock.runFor(1100);
  await until(() => givenUp === 1, "the end of the first try");
  await page.clock.runFor(2000);
  await until(() => tries === 2, "a second try");
  await page.clock.runFor(4100);
  await until(() => givenUp === 2, "the end of the second try");
  assert.equal(await text("#a"), "Call (800) 555-0100");
});

visit("a service that comes back is asked again with the next beat", async ({ world, page, text }) => {
  let tries = 0;
  world.fault = response => {
    tries++;
    response.destroy();
  };
  await page.clock.install();
  await page.goto(world.publish(BODY + world.tag));
  await until(() => tries === 1, "a first try");
  await page.waitForLoadState("networkidle");
  await page.clock.runFor(3000);
  await until(() => tries === 2, "a second try");
  await page.waitForLoadState("networkidle");
  world.fault = undefined;
  await page.clock.runFor(31_000);
  await until(() => world.leases().length === 1, "another view");
  assert.equal(world.leases()[0]!.body.seq, 3);
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "Call (415) 555-0199");
  assert.equal(await text("#b"), "+1 415 555 0199");
});

visit("blocked cookies and storage change nothing", async ({ page, world, open, text }) => {
  await page.addInitScript(() => {
    const blocked = {
      get() {
        throw new DOMException("blocked", "SecurityError");
      },
      set() {
        throw new DOMException("blocked", "SecurityError");
      },
    };
    Object.defineProperty(Document.prototype, "cookie", blocked);
    Object.defineProperty(window, "localStorage", blocked);
    Object.defineProperty(window, "sessionStorage", blocked);
  });
  await open(BODY);
  assert.equal(await text("#a"), "Call (415) 555-0199");
  await page.evaluate(() => ringtrace.consent({ analytics: true, ads: true }));
  await until(() => world.leases().length === 2, "another view");
  assert.equal(world.leases()[1]!.body.session, world.leases()[0]!.answered, "memory keeps the token");
});

visit("a strict content security policy with Trusted Types is respected", async ({ world, open, text }) => {
  world.headers["Content-Security-Policy"] =
    `default-src 'none'; script-src ${world.service}; connect-src ${world.service}; img-src data:; ` +
    "require-trusted-types-for 'script'; trusted-types 'none'";
  await open(BODY + `<span id=c data-ringtrace="main"></span>`);
  assert.equal(await text("#a"), "Call (415) 555-0199");
  assert.equal(await text("#c"), "(415) 555-0199");
});

visit("a page that forbids the connection stays as it is", async ({ world, page, text }) => {
  const forbidden: string[] = [];
  await page.exposeFunction("forbidden", (directive: string) => forbidden.push(directive));
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", event => (window as any).forbidden(event.effectiveDirective)),
  );
  world.headers["Content-Security-Policy"] = `script-src ${world.service} 'unsafe-inline'; connect-src 'none'`;
  // The browser itself reports the violation in the console.
  page.removeAllListeners("console");
  await page.goto(world.publish(BODY + world.tag));
  await until(() => forbidden.includes("connect-src"), "a refusal");
  assert.equal(await text("#a"), "Call (800) 555-0100");
  assert.equal(world.arrivals.length, 0);
});

visit("no global but one, and a second tag does nothing", async ({ page, world, open }) => {
  const before = await (async () => {
    await page.goto(world.publish("<p>", "/plain"));
    return page.evaluate(() => Object.getOwnPropertyNames(window));
  })();
  await open(BODY + world.tag);
  const after = await page.evaluate(() => Object.getOwnPropertyNames(window));
  const ours = after.filter(name => !before.includes(name) && !/^[ab]$/.test(name));
  assert.deepEqual(ours, ["ringtrace"]);
  assert.equal(world.leases().length, 1);
});

visit("a tag without a key does nothing", async ({ page, world, text }) => {
  await page.goto(world.publish(BODY + `<script src="${world.service}/rt.js"></script>`));
  assert.equal(await text("#a"), "Call (800) 555-0100");
  assert.equal(await page.evaluate(() => "ringtrace" in window), false);
  assert.equal(world.arrivals.length, 0);
});

visit("a reply without a session is no fault: the page stays, and asks again with its next beat", async ({ world, page, visitor, text }) => {
  const original = { ...world.targets[0]!, tier: "original", reason: "store_unavailable", tracking: undefined };
  let answers = 0;
  world.fault = response => {
    answers++;
    reply(response, { v: 1, beat_s: 30, hold_s: 180, targets: [original] });
  };
  await page.clock.install();
  await page.goto(world.publish(BODY + world.tag));
  await until(() => answers === 1, "an answer");
  await page.waitForLoadState("networkidle");
  await page.clock.runFor(20_000);
  assert.equal(answers, 1, "it was understood: no retry");
  assert.equal(await text("#a"), "Call (800) 555-0100");
  assert.deepEqual(await visitor.cookies(), []);
  world.fault = undefined;
  await page.clock.runFor(11_000);
  await until(() => world.leases().length === 1, "another view");
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "Call (415) 555-0199");
});
