import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { until } from "./chromium.ts";
import { settled, visit, type Visit } from "./visit.ts";
import type { World } from "./world.ts";

const BODY = `<p id=a>800-555-0100</p><a id=call href="tel:+18005550100">Call</a>`;

/** What a browser does when its window is covered or uncovered; headless Chromium has no window to cover. */
async function setVisibility(page: Page, state: "visible" | "hidden") {
  await page.evaluate(state => {
    Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

/** Lets `seconds` pass on the page's clock in steps, so that each reply arrives before time goes on. */
async function pass(page: Page, seconds: number) {
  for (let passed = 0; passed < seconds; passed += 10) {
    await page.clock.runFor(10_000);
    await page.evaluate(() => fetch("data:,").then(() => {}));
  }
}

async function openFrozen({ page, open }: Visit) {
  await page.clock.install();
  await open(BODY);
}

const kinds = (world: World) => world.beats().map(({ body }) => body.kind);

visit("a visible page beats every 30 seconds and says what is shown", async visited => {
  const { page, world } = visited;
  await openFrozen(visited);
  await pass(page, 100);
  await until(() => world.beats().length === 3, "three beats");
  const [lease] = world.leases();
  world.beats().forEach(({ body }, nth) => {
    assert.equal(body.kind, "beat");
    assert.equal(body.page, lease!.body.page);
    assert.equal(body.seq, nth + 2);
    assert.deepEqual(body.shown, { main: "+14155550199" });
    assert.equal(body.session, world.arrivals[nth]!.answered, "the newest token");
  });
  await page.evaluate(() => document.body.replaceChildren());
  await pass(page, 30);
  await until(() => world.beats().length === 4, "another beat");
  assert.deepEqual(world.beats()[3]!.body.shown, {});
});

visit("a hidden page beats once, then once a minute for five minutes, then no more", async visited => {
  const { page, world } = visited;
  await openFrozen(visited);
  await setVisibility(page, "hidden");
  await until(() => world.beats().length === 1, "one beat at once");
  for (let minute = 1; minute <= 5; minute++) {
    await pass(page, 50);
    assert.equal(world.beats().length, minute);
    await pass(page, 10);
    await until(() => world.beats().length === minute + 1, `beat of minute ${minute}`);
  }
  await pass(page, 600);
  assert.equal(world.beats().length, 6);
  assert.ok(!kinds(world).includes("leave"), "a hidden page has not left");

  await setVisibility(page, "visible");
  await pass(page, 10);
  await until(() => world.beats().length === 7, "a beat on return");
});

visit("without input a page falls silent after 30 minutes, until input comes", async visited => {
  const { page, world } = visited;
  await openFrozen(visited);
  await pass(page, 31 * 60);
  const silent = world.beats().length;
  assert.ok(silent >= 58 && silent <= 60, `${silent} beats`);
  await pass(page, 300);
  assert.equal(world.beats().length, silent);
  await page.keyboard.press("ArrowDown");
  await pass(page, 10);
  await until(() => world.beats().length === silent + 1, "a beat on input");
});

visit("leaving a page says so exactly once, by beacon", async ({ page, world, open }) => {
  await page.addInitScript(() => {
    const { sendBeacon } = Navigator.prototype;
    Navigator.prototype.sendBeacon = function (url, data) {
      sessionStorage.beacons = (sessionStorage.beacons || "") + JSON.parse(data as string).kind;
      return sendBeacon.call(this, url, data);
    };
  });
  await open(BODY);
  await page.goto(world.publish("<p>elsewhere", "/plain"));
  await until(() => kinds(world).includes("leave"), "a leave");
  assert.equal(await page.evaluate(() => sessionStorage.beacons), "leave");
  await page.goto("about:blank");
  await page.waitForLoadState("networkidle");
  assert.deepEqual(kinds(world).filter(kind => kind === "leave"), ["leave"]);
  assert.equal(world.beats().find(({ body }) => body.kind === "leave")!.body.page, world.leases()[0]!.body.page);
});

visit("a page from the back/forward cache is a new page", async ({ page, world, open, text }) => {
  await page.addInitScript(() => addEventListener("pageshow", event => ((window as any).persisted = event.persisted)));
  await open(BODY);
  const first = world.leases()[0]!;
  await page.goto(world.publish("<p>elsewhere", "/plain"));
  await until(() => kinds(world).includes("leave"), "a leave");
  const leave = world.beats().at(-1)!;
  await page.goBack({ waitUntil: "commit" });
  assert.equal(await page.evaluate(() => (window as any).persisted), true, "Chromium kept the page");
  await until(() => world.leases().length === 2, "a view of the new page");
  const second = world.leases()[1]!;
  assert.notEqual(second.body.page, first.body.page);
  assert.equal(second.body.seq, 1);
  assert.deepEqual(second.body.shown, {}, "a new page may swap again");
  assert.ok([first.answered, leave.answered].includes(second.body.session));
  assert.equal(await text("#a"), "415-555-0199");
  await page.goto(world.publish("<p>elsewhere", "/plain"));
  await until(() => kinds(world).filter(kind => kind === "leave").length === 2, "its own leave");
  assert.equal(world.beats().at(-1)!.body.page, second.body.page);
});

visit("after the back/forward cache the number of the new view is shown", async ({ page, world, open }) => {
  await open(BODY);
  await page.goto(world.publish("<p>elsewhere", "/plain"));
  world.targets = [
    {
      ...world.targets[0]!,
      tracking: { number: "+12125550177", international: "+1 212-555-0177", national: "(212) 555-0177", digits: { international: "12125550177", national: "2125550177" } },
    },
  ];
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "212-555-0177");
  assert.equal(await page.getAttribute("#call", "href"), "tel:+12125550177");
});

visit("a resumed page asks again under its own id", async ({ page, world, open }) => {
  await open(BODY);
  await page.evaluate(() => document.dispatchEvent(new Event("resume")));
  await until(() => world.leases().length === 2, "another view");
  assert.equal(world.leases()[1]!.body.page, world.leases()[0]!.body.page);
  assert.equal(world.leases()[1]!.body.seq, 2);
  assert.deepEqual(world.leases()[0]!.body.shown, {});
  assert.deepEqual(world.leases()[1]!.body.shown, { main: "+14155550199" });
});

visit("a tel: click is told by beacon before the dialler opens", async ({ page, world, open }) => {
  const order: string[] = [];
  page.on("request", request => request.resourceType() === "ping" && order.push("beacon"));
  await page.exposeFunction("dialled", () => order.push("dialled"));
  await open(BODY + `<a id=other href="tel:+18005550199">other</a>`);
  await page.evaluate(() =>
    addEventListener("click", event => {
      event.preventDefault();
      (window as any).dialled();
    }),
  );
  await page.click("#other");
  await page.click("#call");
  await until(() => order.includes("dialled") && world.beats().length === 1, "a beacon");
  const { body } = world.beats()[0]!;
  assert.equal(body.kind, "beat");
  assert.equal(body.tel_click.target, "main");
  assert.ok(body.tel_click.ago_ms >= 0 && body.tel_click.ago_ms < 1000, `${body.tel_click.ago_ms} ms`);
  assert.deepEqual(body.shown, { main: "+14155550199" });
  assert.equal(order.filter(what => what === "beacon").length, 1);
});

visit("what only seems to leave is no leave: a link that dials, a frozen page", async ({ page, world, open }) => {
  await open(BODY);
  await page.evaluate(() => {
    dispatchEvent(new Event("beforeunload"));
    document.dispatchEvent(new Event("freeze"));
    addEventListener("click", event => event.preventDefault());
  });
  await page.click("#call");
  await until(() => world.beats().length === 1, "a beacon");
  assert.deepEqual(kinds(world), ["beat"]);
});

visit("a page that is being prerendered waits for its visitor", async ({ page, world, text }) => {
  await page.addInitScript(() => Object.defineProperty(document, "prerendering", { value: true, configurable: true }));
  await page.goto(world.publish(BODY + world.tag));
  await page.waitForLoadState("networkidle");
  assert.equal(world.arrivals.length, 0);
  assert.equal(await text("#a"), "800-555-0100");
  await page.evaluate(() => {
    Object.defineProperty(document, "prerendering", { value: false });
    document.dispatchEvent(new Event("prerenderingchange"));
  });
  await settled(world, page);
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "415-555-0199");
});
