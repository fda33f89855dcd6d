// The demo as its first visitor sees it: the landing page swaps its numbers and nothing else, the dashboard shows the reports.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { complaintsOf, launchChromium, newVisitor } from "../browser/chromium.ts";
import * as world from "./world.mjs";

const ORIGINAL = "8005550100";
const TRY = "/demo?utm_source=google&utm_medium=cpc&utm_campaign=emergency&gclid=try-me";

let demo, browser;

before(async () => {
  // One day is enough to see every report filled.
  demo = await world.startDemo("--days", "1");
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await demo?.remove();
});

const digits = (text) => text.replace(/\D/g, "").slice(-10);

test("the landing page shows the visitor's number wherever its own stood, as it stood there", async () => {
  const page = await (await newVisitor(browser)).newPage();
  const complaints = complaintsOf(page);
  const leased = page.waitForResponse((response) => response.url().endsWith("/v1/lease"));
  const document = await page.goto(demo.base + TRY);
  const policy = document.headers()["content-security-policy"];
  assert.match(policy, /script-src/);
  assert.doesNotMatch(policy, /unsafe/);
  const { targets } = await (await leased).json();
  assert.equal(targets[0].tier, "own");
  const number = targets[0].tracking.number;
  const shown = digits(number);
  assert.notEqual(shown, ORIGINAL);
  await page.waitForFunction((d) => document.querySelector(".top-call a").textContent.replace(/\D/g, "") === d, shown);

  const written = await page.locator('[data-demo="text"], [data-demo="tel"] >> visible=true').allTextContents();
  assert.ok(written.length >= 5, String(written));
  for (const text of written) assert.equal(digits(text), shown, text);
  const forms = [/^\(\d{3}\) \d{3}-\d{4}$/, /^1-\d{3}-\d{3}-\d{4}$/, /^\+1 \d{3} \d{3} \d{4}$/, /^\d{3}\.\d{3}\.\d{4}$/, /^\d{3}-\d{3}-\d{4}$/];
  for (const form of forms) assert.ok(written.some((text) => form.test(text.trim())), `${form} in ${written}`);
  for (const link of await page.locator('a[href^="tel:"]').all()) assert.equal(digits(await link.getAttribute("href")), shown);
  assert.equal(digits(await page.getAttribute("a.call", "aria-label")), shown);

  assert.deepEqual(await page.locator('[data-demo="fixed"]').allTextContents(), ["9180055501002", "$1,800.55"]);
  await page.waitForFunction(() => document.querySelectorAll("#box-checks .good").length === 4);
  assert.equal(await page.locator("#box-checks .bad").count(), 0);
  assert.deepEqual(complaints, []);
});

test("the dashboard shows what was played", async () => {
  const page = await (await newVisitor(browser)).newPage();
  const complaints = complaintsOf(page);
  await page.goto(`${demo.base}/`);
  await page.waitForSelector('[data-panel="sources"] tbody tr');
  await page.waitForSelector('[data-panel="landing_pages"] tbody tr');
  await page.waitForSelector('[data-panel="hours"] [role=gridcell]');
  assert.match(await page.textContent('[data-panel="sources"] tbody'), /google/);
  assert.match(await page.textContent('[data-panel="landing_pages"] tbody'), /\/emergency/);
  assert.equal(await page.locator('[data-panel="hours"] [role=gridcell]').count(), 168);
  assert.match(await page.textContent(".tiles"), /\d/);
  assert.deepEqual(complaints, []);
});
