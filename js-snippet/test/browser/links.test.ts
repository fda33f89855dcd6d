import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";

const BODY = `<p id=a>800-555-0100</p>`;

visit("a link to another own host takes the session along, and its address loses it there", async ({ page, world, open }) => {
  world.settings = { domains: ["booking.test", "www.shop.test"] };
  world.link = "tok.en-1_x";
  const there = world.publish(BODY + world.tag, "/book", "booking.test");
  await open(BODY + `<a id=go href="${there}?room=1&b#top">Book</a><a id=other href="${there.replace("booking", "other")}">other</a><a id=own href="/two">own</a>`);
  await page.evaluate(() => addEventListener("click", event => (event.target as Element).id !== "go" && event.preventDefault()));
  await page.click("#other");
  await page.click("#own");
  assert.ok(!/rt_link/.test((await page.innerHTML("body")).replace(/<script.*/s, "")));
  await page.click("#go");
  await until(() => world.leases().length === 2, "a view there");
  const { body } = world.leases()[1]!;
  assert.equal(body.link, "tok.en-1_x");
  assert.equal(body.session, undefined);
  assert.match(body.url, /\/book\?room=1&b#top$/);
  assert.equal(await page.evaluate(() => location.href), body.url);
  await page.evaluate(() => ringtrace.consent({ ads: false }));
  await until(() => world.leases().length === 3, "another view");
  assert.equal(world.leases()[2]!.body.link, undefined, "it is told once");
});

visit("an old link token is renewed when its link is touched", async ({ page, world, open }) => {
  await page.clock.install();
  world.settings = { domains: ["booking.test"] };
  world.link = "first";
  await open(BODY + `<a id=go href="http://booking.test/x">Book</a>`);
  const href = () => page.getAttribute("#go", "href");
  await page.focus("#go");
  assert.equal(await href(), "http://booking.test/x?rt_link=first");
  // Every answer brings a new token; for a while there is none.
  let missed = 0;
  const away = (response: ServerResponse) => {
    missed++;
    response.destroy();
  };
  world.fault = away;
  await page.clock.runFor(95_000);
  await until(() => missed >= 3, "three beats");
  await page.waitForLoadState("networkidle");
  world.fault = undefined;
  world.link = "second";
  await page.dispatchEvent("#go", "pointerdown");
  await until(() => world.beats().length > 0, "a beat for a new token");
  await until(async () => {
    await page.dispatchEvent("#go", "focusin");
    return (await href()) === "http://booking.test/x?rt_link=second";
  }, "a link with the new token");
});

for (const [name, before, after] of [
  ["first", "?rt_link=t&x=1#a", "?x=1#a"],
  ["last", "?x=1&rt_link=t", "?x=1"],
  ["only", "?rt_link=t#/route", "#/route"],
  ["in the middle", "?x=1&rt_link=t&y=2", "?x=1&y=2"],
] as const) {
  visit(`a link token that comes ${name} is taken out of the address`, async ({ page, world }) => {
    const address = world.publish(BODY + world.tag);
    await page.goto(address + before);
    await until(() => world.leases().length === 1, "a view");
    assert.equal(await page.evaluate(() => location.href), address + after);
    assert.equal(world.leases()[0]!.body.link, "t");
  });
}
