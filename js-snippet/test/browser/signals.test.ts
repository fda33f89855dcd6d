import assert from "node:assert/strict";
import { US } from "../targets.ts";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";

const BODY = `<p id=a>Call 800-555-0100</p><p id=b>another text</p><a id=call href="tel:+18005550100">Call us</a>`;

visit("copying the number is told, copying anything else is not", async ({ page, world, open }) => {
  await open(BODY);
  const copy = (selector: string) =>
    page.evaluate(selector => {
      getSelection()!.selectAllChildren(document.querySelector(selector)!);
      document.execCommand("copy");
    }, selector);
  await copy("#b");
  await copy("#a");
  await until(() => world.beats().length > 0, "a beacon");
  await page.waitForTimeout(100);
  assert.equal(world.beats().length, 1);
  assert.equal(world.beats()[0]!.body.copied.target, "main");
  assert.equal(world.beats()[0]!.body.kind, "beat");
});

visit("pressing the number long is told, a tap and a mouse are not", async ({ page, world, open }) => {
  await open(BODY);
  const press = async (selector: string, ms: number, pointerType = "touch") => {
    await page.dispatchEvent(selector, "pointerdown", { pointerType, bubbles: true });
    await page.waitForTimeout(ms);
    await page.dispatchEvent(selector, "pointerup", { pointerType, bubbles: true });
  };
  await press("#call", 100);
  await press("#call", 700, "mouse");
  await press("#b", 700);
  assert.equal(world.beats().length, 0);
  await press("#call", 700);
  await press("#a", 700);
  await until(() => world.beats().length === 2, "two beacons");
  for (const { body } of world.beats()) assert.deepEqual(body.long_press, { target: "main", ago_ms: 500 });
});

visit("calls from inside open shadow roots are told", async ({ page, world, open }) => {
  await open(BODY + `<div id=host></div>`);
  await page.evaluate(() => {
    addEventListener("click", event => event.preventDefault());
    const root = document.querySelector("#host")!.attachShadow({ mode: "open" });
    root.innerHTML = `<a href="tel:+14155550199"><b id=in>Call</b></a>`;
    (root.querySelector("#in") as HTMLElement).click();
  });
  await until(() => world.beats().some(({ body }) => body.tel_click), "a beacon");
});

visit("no text, value or key of the visitor is ever sent", async ({ page, world, open }) => {
  await open(BODY + `<form><input id=i name=secret><textarea id=t></textarea></form>`);
  await page.fill("#i", "my secret 800-555-0100");
  await page.type("#t", "another secret");
  await page.keyboard.press("Tab");
  await page.evaluate(() => ringtrace.consent({ analytics: true, ads: true }));
  await page.goto("about:blank");
  await until(() => world.beats().some(({ body }) => body.kind === "leave"), "a leave");
  assert.ok(!JSON.stringify(world.arrivals).includes("secret"));
  assert.equal(world.targets[0], US);
});
