import assert from "node:assert/strict";
import { GB, ORIGINAL, US } from "../targets.ts";
import { until } from "./chromium.ts";
import { visit } from "./visit.ts";

visit("text and tel: links are swapped in the page's own format", async ({ page, open, text, world }) => {
  await open(`
    <p id=a>Call <b>(800) 555-0100</b> or 1.800.555.0100.</p>
    <a id=b href="tel:+18005550100">+1 800 555 0100</a>
    <a id=c href="tel:8005550100"><svg width=8 height=8></svg> Call now</a>
    <a id=d href="tel:+1%20(800)%20555-0100;ext=7">ext. 7</a>
    <button id=e>800&nbsp;555&nbsp;0100</button>`);
  assert.equal(await text("#a"), "Call (415) 555-0199 or 1.415.555.0199.");
  assert.equal(await text("#b"), "+1 415 555 0199");
  assert.equal(await text("#e"), "415\u00a0555\u00a00199");
  assert.equal(await page.getAttribute("#b", "href"), "tel:+14155550199");
  assert.equal(await page.getAttribute("#c", "href"), "tel:4155550199");
  assert.equal(await page.getAttribute("#d", "href"), "tel:+1 (415) 555-0199;ext=7");
  assert.equal(world.arrivals.length, 1, "one request for everything");
});

visit("labels that are spoken or hovered are swapped", async ({ page, open }) => {
  await open(`<a id=a href="tel:+18005550100" aria-label="Call +1 800 555 0100" title="800-555-0100">Call</a>`);
  assert.equal(await page.getAttribute("#a", "aria-label"), "Call +1 415 555 0199");
  assert.equal(await page.getAttribute("#a", "title"), "415-555-0199");
});

visit("everything else is left alone", async ({ page, open }) => {
  const body = `
    <p>Order 8005550100123, invoice INV-8005550100, $8005550100, 12-800-555-0100</p>
    <script type="application/ld+json">{"telephone":"+1-800-555-0100"}</script>
    <style>i::after { content: "800-555-0100" }</style>
    <noscript>800-555-0100</noscript>
    <template>800-555-0100</template>
    <form><input value="800-555-0100"><input type=hidden value="+18005550100"><textarea>800-555-0100</textarea>
      <select><option>800-555-0100</option></select></form>
    <div contenteditable>800-555-0100 <a href="tel:+18005550100">x</a></div>
    <div data-ringtrace="ignore">800-555-0100 <a href="tel:+18005550100" title="800-555-0100">800-555-0100</a></div>
    <a href="https://shop.test/?phone=8005550100" data-phone="800-555-0100">site</a>
    <img alt="" src="data:," data-tel="+18005550100">`;
  await open(`<main>${body}</main><p id=swapped>800-555-0100</p>`);
  await page.waitForFunction(() => document.querySelector("#swapped")!.textContent === "415-555-0199");
  const same = await page.evaluate(html => {
    const fresh = document.createElement("main");
    fresh.innerHTML = html;
    return fresh.innerHTML === document.querySelector("main")!.innerHTML;
  }, body);
  assert.ok(same);
  assert.equal(await page.inputValue("textarea"), "800-555-0100");
});

visit("marked elements are set directly", async ({ page, open, text }) => {
  await open(`
    <span id=a data-ringtrace="main"></span>
    <a id=b data-ringtrace="main" href="tel:+18667788253">+1 866 RRTRACE</a>
    <a id=c data-ringtrace="main" href="tel:+18005550100">800.555.0100</a>
    <span id=d data-ringtrace="main"><i>icon</i></span>
    <span id=e data-ringtrace="nobody">800-555-0111</span>`);
  assert.equal(await text("#a"), "(415) 555-0199");
  assert.equal(await text("#b"), "+1 415-555-0199");
  assert.equal(await page.getAttribute("#b", "href"), "tel:+14155550199");
  assert.equal(await text("#c"), "415.555.0199");
  assert.equal(await text("#d"), "icon");
  assert.equal(await text("#e"), "800-555-0111");
});

visit("several targets get their own numbers, one without a number keeps the page's", async ({ open, text, world }) => {
  world.targets = [US, GB, ORIGINAL];
  await open(`<p id=a>800-555-0100</p><p id=b>+44 (0)20 7946 0000 or 020 7946 0000</p><p id=c>800-555-0111</p>`);
  assert.equal(await text("#a"), "415-555-0199");
  assert.equal(await text("#b"), "+44 (0)20 7946 0999 or 020 7946 0999");
  assert.equal(await text("#c"), "800-555-0111");
});

visit("late content is swapped before it is painted", async ({ page, open, text }) => {
  await open(`<div id=app>800-555-0100</div>`);
  const painted = await page.evaluate(async () => {
    const app = document.querySelector("#app")!;
    const link = document.createElement("a");
    link.href = "tel:+18005550100";
    link.textContent = "(800) 555-0100";
    const frame = new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    app.textContent = "Call 800 555 0100";
    app.appendChild(link);
    await frame;
    return app.textContent;
  });
  assert.equal(painted, "Call 415 555 0199(415) 555-0199");
  assert.equal(await page.getAttribute("#app a", "href"), "tel:+14155550199");
  await page.evaluate(() => document.querySelector("#app a")!.setAttribute("href", "tel:8005550100"));
  await page.waitForFunction(() => document.querySelector("#app a")!.getAttribute("href") === "tel:4155550199");
  await page.evaluate(() => (document.querySelector("#app a")!.firstChild!.nodeValue = "800.555.0100"));
  await page.waitForFunction(() => document.querySelector("#app a")!.textContent === "415.555.0199");
  assert.equal(await text("title"), "Shop");
});

visit("a page that writes the old number back for ever is not fought for ever", async ({ page, open }) => {
  await open(`<p id=a>800-555-0100</p>`);
  const writes = await page.evaluate(async () => {
    const text = document.querySelector("#a")!.firstChild as Text;
    let writes = 0;
    new MutationObserver(() => {
      if (text.data !== "800-555-0100" && writes++ < 500) text.data = "800-555-0100";
    }).observe(text, { characterData: true });
    text.data = "800-555-0100 ";
    for (let frame = 0; frame < 60; frame++) await new Promise(requestAnimationFrame);
    return writes;
  });
  assert.ok(writes <= 25, `${writes} writes`);
});

visit("thousands of late nodes are swapped, a slice per frame", async ({ page, open }) => {
  await open(`<div id=app></div><p>800-555-0100</p>`);
  await page.evaluate(() => {
    const app = document.querySelector("#app")!;
    for (let row = 0; row < 3000; row++) app.appendChild(document.createElement("p")).textContent = `row ${row}: 800-555-0100`;
  });
  await page.waitForFunction(() => !document.querySelector("#app")!.textContent!.includes("800-555-0100"));
});

visit("numbers of the same length shift nothing", async ({ page, open, text }) => {
  await open(`<style>p { width: 30em; font: 16px monospace }</style>${"<p>Call 800-555-0100 today, 24 hours.</p>".repeat(40)}<p id=z>end</p>`);
  assert.equal(await text("p"), "Call 415-555-0199 today, 24 hours.");
  const shift = await page.evaluate(
    () =>
      new Promise<number>(resolve => {
        let sum = 0;
        new PerformanceObserver(list => list.getEntries().forEach(entry => (sum += (entry as any).value))).observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      }),
  );
  assert.equal(shift, 0);
});

visit("a shown number stays, whatever later replies say", async ({ page, open, text, world }) => {
  await open(`<p id=a>800-555-0100</p>`);
  world.targets = [{ ...US, tracking: { number: "+12125550177", international: "+1 212-555-0177", national: "(212) 555-0177", digits: { international: "12125550177", national: "2125550177" } } }];
  await page.evaluate(() => ringtrace.consent({ ads: true }));
  await until(() => world.leases().length === 2, "another view");
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => (document.body.appendChild(document.createElement("p")).textContent = "800-555-0100"));
  await page.waitForFunction(() => document.body.lastElementChild!.textContent === "415-555-0199");
  assert.equal(await text("#a"), "415-555-0199");
});
