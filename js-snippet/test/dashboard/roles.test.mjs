// Signing in: the key stays off the page, each role sees its own pages and its own sites, and the cookie alone changes nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

const PAGES = {
  reader: ["Overview", "Explore", "Pools", "Forecast"],
  analyst: ["Overview", "Explore", "Calls", "Pools", "Postbacks", "Forecast"],
  manager: ["Overview", "Explore", "Calls", "Pools", "Postbacks", "Forecast", "Setup"],
};

let service, browser;

before(async () => {
  service = await world.startRoles();
  browser = await world.launchChromium();
});

after(async () => {
  await browser?.close();
  await service?.remove();
});

test("a wrong key is refused, and says so", async () => {
  const page = await (await browser.newContext({ locale: "en-US" })).newPage();
  await world.signIn(page, service.base, "rt_wrong");
  await page.waitForSelector('#key-error:text("not known")');
  assert.deepEqual(await page.context().cookies(), []);
  await page.context().close();
});

for (const [role, pages] of Object.entries(PAGES)) {
  test(`a ${role} sees the pages and the sites of a ${role}`, async () => {
    const context = await browser.newContext({ locale: "en-US" });
    const page = await context.newPage();
    const complaints = world.complaintsOf(page);
    await world.signIn(page, service.base, world.keyOf(role));
    await page.waitForSelector(".nav-link");
    assert.deepEqual(await page.locator(".nav ul .nav-link").allTextContents(), pages);
    await world.settled(page);
    for (const path of ["/setup", "/postbacks", "/calls"]) {
      await page.goto(service.base + path);
      await world.settled(page);
      const title = await page.textContent("h1");
      const isTheirs = pages.includes(title);
      assert.equal(isTheirs, pages.some((name) => `/${name.toLowerCase()}` === path), `${path}: ${title}`);
    }
    const status = (path) => page.evaluate((address) => fetch(address).then((response) => response.status), path);
    assert.equal(await status("/v1/session"), 200);
    assert.equal(await status("/v1/calls"), role === "reader" ? 403 : 200);
    assert.equal(await status("/v1/sites/journey/setup"), role === "manager" ? 200 : 403);
    assert.equal(await status("/v1/sites/other/pools"), 404);
    assert.doesNotMatch(await page.content(), /Somebody else/);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("the page never has the key, and signing out ends it", async () => {
  const context = await browser.newContext({ locale: "en-US" });
  const page = await context.newPage();
  await world.signIn(page, service.base, world.keyOf("manager"));
  await page.waitForSelector(".nav-link");
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
  assert.ok(!cookie.value.includes(world.keyOf("manager")));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]));
  assert.ok(!kept.includes(world.keyOf("manager")));
  await page.click('button:has-text("Sign out")');
  await page.waitForSelector("#key");
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

test("a copy of the cookie is worth nothing after signing out", async () => {
  const signIn = await fetch(`${service.base}/v1/session`, {
    method: "POST", headers: { "content-type": "application/json", "x-requested-with": "test" }, body: JSON.stringify({ key: world.keyOf("reader") }),
  });
  const cookie = signIn.headers.get("set-cookie").split(";")[0];
  const who = () => fetch(`${service.base}/v1/session`, { headers: { cookie } }).then(({ status }) => status);
  assert.equal(await who(), 200);
  await fetch(`${service.base}/v1/session`, { method: "DELETE", headers: { cookie, "x-requested-with": "test" } });
  assert.equal(await who(), 401);
});

test("with several sites every page shows all of them, and one that is picked", async () => {
  const context = await browser.newContext({ locale: "en-US" });
  const page = await context.newPage();
  const complaints = world.complaintsOf(page);
  await world.signIn(page, service.base, world.keyOf("owner"));
  await page.waitForSelector(".nav-link");
  for (const name of ["pools", "forecast", "setup"]) {
    await page.goto(`${service.base}/${name}`);
    await world.settled(page);
    assert.deepEqual((await page.locator('[data-panel="sites"] tbody .name').allTextContents()).sort(), ["Somebody else", "journey"]);
    await page.click('[data-panel="sites"] .name:text-is("journey")');
    await page.waitForURL(/site=journey/);
    await world.settled(page);
    assert.equal(await page.locator('[data-panel="sites"]').count(), 0);
    assert.equal(await page.locator("[role=alert]:not(:empty)").count(), 0, name);
  }
  for (const path of ["/", "/calls", "/postbacks", "/explore"]) {
    await page.goto(service.base + path);
    await world.settled(page);
    assert.equal(await page.locator("[role=alert]:not(:empty)").count(), 0, path);
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the cookie alone changes nothing", async () => {
  const answer = await fetch(`${service.base}/v1/session`, {
    method: "POST", headers: { "content-type": "application/json", "x-requested-with": "test" }, body: JSON.stringify({ key: world.keyOf("admin") }),
  });
  const cookie = answer.headers.get("set-cookie").split(";")[0];
  const classify = (headers) => fetch(`${service.base}/v1/sites/journey/classify`, {
    method: "POST", headers: { cookie, "content-type": "application/json", ...headers }, body: JSON.stringify({ url: "https://a.example/" }),
  });
  assert.equal((await classify({})).status, 401);
  assert.equal((await classify({ "x-requested-with": "test" })).status, 200);
  const forged = await fetch(`${service.base}/v1/session`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ key: world.keyOf("admin") }) });
  assert.equal(forged.status, 400);
});
