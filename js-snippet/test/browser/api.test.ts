import assert from "node:assert/strict";
import { ORIGINAL, US } from "../targets.ts";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";

const BODY = `<p id=a>800-555-0100</p>`;
const STUB = `<script>window.ringtrace = window.ringtrace || function () { (ringtrace.q = ringtrace.q || []).push(arguments) };</script>`;

visit("calls before the script is there are done when it comes", async ({ page, world, open }) => {
  await open(
    STUB +
      `<script>
        heard = [];
        ringtrace("on", "number", number => heard.push(number));
        ringtrace("on", "number", () => { throw new Error("the page's own") });
        ringtrace("identify", {crm: 4711, Bad: 1, empty: null, none: undefined});
        ringtrace("identify", window);
        ringtrace("identify", {crm: "x".repeat(5000)});
        ringtrace("tag", "b2b", "x".repeat(99));
        ringtrace("consent", {analytics: true});
        ringtrace("nothing");
      </script>` +
      BODY,
  );
  await page.waitForFunction(() => (window as any).heard.length === 1);
  const { target, tier, number, session_id } = (await page.evaluate(() => (window as any).heard))[0];
  assert.deepEqual({ target, tier, number, session_id }, { target: "main", tier: "own", number: "+14155550199", session_id: "the-session" });
  const { body } = world.leases().at(-1)!;
  // Of bad names and empty values the service takes none; what is endless, or has no end, is not told at all.
  assert.deepEqual(body.ids, { crm: 4711, Bad: 1, empty: null });
  assert.deepEqual(body.tags, ["b2b", "x".repeat(99)]);
  assert.deepEqual(body.consent, { analytics: true, ads: false });
});

visit("numbers are told to scripts, listeners and tag managers", async ({ page, world, open }) => {
  world.targets = [ORIGINAL, US];
  await open(`<script>dataLayer = []</script>` + BODY + `<a id=call href="tel:+18005550100">Call</a>`);
  const numbers = await page.evaluate(async () => [await ringtrace.getNumber("main"), await ringtrace.getNumber("fax"), await ringtrace.getNumber("nobody")].map(number => number?.number));
  assert.deepEqual(numbers, ["+14155550199", "+18005550111", undefined]);
  await page.evaluate(() => {
    ringtrace.on("number", number => (window as any).late = number.number);
    ringtrace.on("call-click", click => (window as any).clicked = click.target);
    addEventListener("click", event => event.preventDefault());
  });
  assert.equal(await page.evaluate(() => (window as any).late), "+14155550199");
  await page.click("#call");
  assert.equal(await page.evaluate(() => (window as any).clicked), "main");
  const events = await page.evaluate(() => (window as any).dataLayer.map((entry: any) => [entry.event, entry.ringtrace.target, entry.ringtrace.number]));
  assert.deepEqual(events, [["ringtrace_number", "main", "+14155550199"], ["ringtrace_call_click", "main", "+14155550199"]]);
});

visit("a number that cannot be had is not waited for", async ({ page, world }) => {
  world.fault = response => void response.writeHead(403, { "Access-Control-Allow-Origin": "*" }).end("{}");
  await page.goto(world.publish(BODY + world.tag));
  await page.waitForFunction(() => "getNumber" in (window.ringtrace ?? {}));
  assert.equal(await page.evaluate(() => ringtrace.getNumber()), undefined);
});

visit("what the page alone can reach is swapped on request", async ({ page, open }) => {
  await open(BODY);
  const text = await page.evaluate(() => {
    const fragment = document.createElement("div");
    fragment.innerHTML = `<b>800</b> 555-0100`;
    ringtrace.swap(fragment);
    const closed = document.createElement("div").attachShadow({ mode: "closed" });
    closed.innerHTML = `<a href="tel:8005550100">x</a>`;
    ringtrace.swap(closed);
    return fragment.textContent + closed.innerHTML;
  });
  assert.equal(text, `415 555-0199<a href="tel:4155550199">x</a>`);
});

visit("hidden fields on request have the session, other fields never", async ({ page, world, open }) => {
  world.settings = { field: "ringtrace_session" };
  await open(BODY + `<form><input type=hidden id=b name=ringtrace_session><input id=c name=ringtrace_session><input type=hidden id=d name=other></form>`);
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#b")!.value === "the-session");
  assert.equal(await page.inputValue("#c"), "");
  assert.equal(await page.inputValue("#d"), "");
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", `<div><form><input type=hidden id=e name=ringtrace_session></form></div>`));
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#e")!.value === "the-session");
});

visit("what ends gives the page its own numbers back, and says no more", async ({ page, world, open, text }) => {
  await page.clock.install();
  world.targets = [{ ...US, tracking: { ...US.tracking!, capabilities: ["sms"] } }];
  await open(BODY + `<a id=b href="tel:+18005550100">(800) 555-0100</a><a id=c href="sms:+18005550100?body=Hi">Text us</a>`);
  assert.equal(await page.getAttribute("#c", "href"), "sms:+14155550199?body=Hi");
  await page.evaluate(() => ringtrace.destroy());
  assert.equal(await text("#a"), "800-555-0100");
  assert.equal(await text("#b"), "(800) 555-0100");
  assert.equal(await page.getAttribute("#b", "href"), "tel:+18005550100");
  assert.equal(await page.getAttribute("#c", "href"), "sms:+18005550100?body=Hi");
  await until(() => world.beats().length === 1, "a leave");
  assert.equal(world.beats()[0]!.body.kind, "leave");
  await page.evaluate(() => (document.querySelector("#a")!.textContent = "800.555.0100"));
  await page.clock.runFor(120_000);
  await page.dispatchEvent("#b", "click");
  assert.equal(await text("#a"), "800.555.0100");
  assert.equal(world.arrivals.length, 2);
  assert.equal(await page.evaluate(() => "ringtrace" in window), false);
});

visit("?ringtrace_test=1 explains on the page and in the console what happens and why", async ({ page, world }) => {
  const said: string[] = [];
  page.on("console", message => said.push(message.text()));
  world.targets = [US, ORIGINAL];
  await page.goto(world.publish(BODY + `<p data-ringtrace=ignore>800-555-0100</p>` + world.tag) + "?ringtrace_test=1");
  await page.waitForFunction(() => /left alone/.test(document.querySelector("textarea")?.value ?? ""));
  const panel = (await page.inputValue("textarea"))!;
  for (const told of [/main own .*\+14155550199/, /fax original no_pool/, /swapped 415-555-0199 P\n/, /left alone main P\n/]) {
    assert.match(panel, told);
  }
  assert.ok(said.some(line => line.startsWith("ringtrace:")));
});

visit("a tag manager's script takes its settings from its address", async ({ page, world, text }) => {
  await page.goto(world.publish(BODY + `<script>{ const s = document.createElement("script"); s.src = "${world.service}/rt.js?key=pk_demo&consent=granted"; document.head.append(s) }</script>`));
  await until(() => world.leases().length === 1, "a page view");
  assert.deepEqual(world.leases()[0]!.body.consent, { analytics: true, ads: true });
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "415-555-0199");
  assert.equal(await text("#a"), "415-555-0199");
});
