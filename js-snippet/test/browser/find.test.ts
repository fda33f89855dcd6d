import assert from "node:assert/strict";
import { DE, US } from "../targets.ts";
import { visit } from "./visit.ts";

visit("a number that goes over the borders of elements is swapped in place", async ({ page, open, text, world }) => {
  world.targets = [US, DE];
  await open(`
    <p id=a>Call <b>800</b> <i>555-0100</i> now</p>
    <p id=b><span>(800)</span>\n      <span>555</span>\n      <span>0100</span></p>
    <p id=c>${[..."8005550100"].map(digit => `<span>${digit}</span>`).join("")}</p>
    <a id=d href="tel:+18005550100">+1 <strong>800</strong>-555<em>-0100</em></a>
    <p id=e><b>030</b> 12345678</p>
    <p id=i><b>800<i> 555-0100</i></b></p>
    <p id=f>Open<i>24/7</i><a href="#">800-555-0100</a></p>
    <p id=g>one<br>800-555-0100<br>24 hours</p>`);
  assert.equal(await text("#a"), "Call 415 555-0199 now");
  assert.equal(await page.innerHTML("#a"), "Call <b>415</b> <i>555-0199</i> now");
  assert.equal((await text("#b")).replace(/\s+/g, " "), "(415) 555 0199");
  assert.equal(await text("#c"), "4155550199");
  assert.equal(await page.innerHTML("#i"), "<b>415<i> 555-0199</i></b>");
  assert.equal(await page.innerHTML("#d"), "+1 <strong>415</strong>-555<em>-0199</em>");
  assert.equal(await text("#e"), "030 901820");
  assert.equal(await text("#f"), "Open24/7415-555-0199");
  assert.equal(await page.innerHTML("#g"), "one<br>415-555-0199<br>24 hours");
});

visit("numbers do not go over the borders of blocks", async ({ page, open }) => {
  const body = `<table><tr><td>800</td><td>555</td><td>0100</td></tr></table><p>800</p><p>555-0100</p>
    <p>INV-<b>8005550100</b>-7</p><p><b>+2</b> 800 555 0100</p><p><b>99</b>-8005550100</p>`;
  await open(`<main>${body}</main><p id=swapped>800-555-0100</p><p>5</p><p id=after>800-555-0100</p>`);
  await page.waitForFunction(() => document.querySelector("#swapped")!.textContent === "415-555-0199");
  assert.equal(await page.textContent("#after"), "415-555-0199");
  assert.ok(!(await page.textContent("main"))!.includes("0199"));
});

visit("when the page writes one part of a split number anew, the parts stay one number", async ({ page, open, text }) => {
  await open(`<p id=a><b>800</b> <i>555-0100</i></p>`);
  assert.equal(await text("#a"), "415 555-0199");
  await page.evaluate(() => (document.querySelector("#a b")!.firstChild!.nodeValue = "800"));
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "415 555-0199");
});

visit("letters are swapped for letters, or for digits where there are none", async ({ page, open, text, world }) => {
  const lettered = {
    ...US,
    forms: [
      { digits: "18003569377", form: "international" as const },
      { digits: "8003569377", form: "national" as const },
      // The service says what replaces it: the national number, also behind the country code.
      { digits: "18003569377", form: "national" as const, letters: "1800FLOWERS" },
      { digits: "8003569377", form: "national" as const, letters: "800FLOWERS" },
    ],
  };
  world.targets = [lettered];
  const body = `<p id=a>Call 1-800-FLOWERS today</p><p id=b>(800) Flowers</p><p id=c>800 356 9377</p>
    <p id=d data-ringtrace-format="vanity">800 356 9377</p><p id=e>1-800-FLOWERSHOP</p><a id=f href="tel:1-800-FLOWERS">x</a>
    <p id=g>+1 800 <b>FLOWERS</b></p>`;
  await open(body);
  assert.equal(await text("#a"), "Call (415) 555-0199 today");
  assert.equal(await text("#b"), "(415) 555-0199");
  assert.equal(await text("#c"), "415 555 0199");
  assert.equal(await text("#d"), "415 555 0199");
  assert.equal(await text("#e"), "1-800-FLOWERSHOP");
  assert.equal(await page.getAttribute("#f", "href"), "tel:+14155550199");
  assert.equal(await text("#g"), "(415) 555-0199");

  world.targets = [{ ...lettered, tracking: { ...US.tracking!, vanity: "844-PHONEXA" } }];
  await page.goto("about:blank");
  await open(body + `<p id=h data-ringtrace=main data-ringtrace-format=vanity></p>`);
  await page.waitForFunction(() => document.querySelector("#a")!.textContent === "Call 844-PHONEXA today");
  assert.equal(await text("#c"), "415 555 0199");
  assert.equal(await text("#d"), "844-PHONEXA");
  assert.equal(await text("#h"), "844-PHONEXA");
  assert.equal(await page.getAttribute("#f", "href"), "tel:+14155550199");
});

visit("labels, alternatives and placeholders are swapped, values never", async ({ page, open, world }) => {
  world.settings = { attributes: ["data-phone"] };
  await open(`<img id=a alt="Call 800-555-0100" src="data:,"><input id=b placeholder="800-555-0100" value="800-555-0100">
    <textarea id=c placeholder="(800) 555-0100">800-555-0100</textarea><button id=d aria-label="Call 800-555-0100" value="8005550100">x</button>
    <div id=e data-phone="+18005550100" data-tel="+18005550100"></div>`);
  assert.equal(await page.getAttribute("#a", "alt"), "Call 415-555-0199");
  assert.equal(await page.getAttribute("#b", "placeholder"), "415-555-0199");
  assert.equal(await page.inputValue("#b"), "800-555-0100");
  assert.equal(await page.getAttribute("#c", "placeholder"), "(415) 555-0199");
  assert.equal(await page.inputValue("#c"), "800-555-0100");
  assert.equal(await page.getAttribute("#d", "aria-label"), "Call 415-555-0199");
  assert.equal(await page.getAttribute("#d", "value"), "8005550100");
  assert.equal(await page.getAttribute("#e", "data-phone"), "+14155550199");
  assert.equal(await page.getAttribute("#e", "data-tel"), "+18005550100");
  await page.evaluate(() => document.querySelector("#e")!.setAttribute("data-phone", "800 555 0100"));
  await page.waitForFunction(() => document.querySelector("#e")!.getAttribute("data-phone") === "415 555 0199");
});

const MESSAGES = {
  a: "sms:+18005550100?body=Hi%20800-555-0100",
  b: "https://wa.me/18005550100?text=hi",
  c: "https://api.whatsapp.com/send?phone=18005550100&text=a%20b",
  d: "https://api.whatsapp.com/send/?text=x&phone=%2B18005550100",
};
const LINKS = Object.entries(MESSAGES).map(([id, href]) => `<a id=${id} href="${href}">x</a>`).join("");

visit("links for messages stay when the number cannot receive any", async ({ page, open }) => {
  await open(LINKS + `<a id=e href="callto:+18005550100">x</a>`);
  for (const [id, href] of Object.entries(MESSAGES)) assert.equal(await page.getAttribute("#" + id, "href"), href);
  assert.equal(await page.getAttribute("#e", "href"), "callto:+14155550199");
});

visit("links for messages are swapped when the number can", async ({ page, open, world }) => {
  world.targets = [{ ...US, tracking: { ...US.tracking!, capabilities: ["sms", "whatsapp"] } }];
  await open(LINKS);
  assert.equal(await page.getAttribute("#a", "href"), "sms:+14155550199?body=Hi%20800-555-0100");
  assert.equal(await page.getAttribute("#b", "href"), "https://wa.me/14155550199?text=hi");
  assert.equal(await page.getAttribute("#c", "href"), "https://api.whatsapp.com/send?phone=14155550199&text=a%20b");
  assert.equal(await page.getAttribute("#d", "href"), "https://api.whatsapp.com/send/?text=x&phone=14155550199");
});

visit("search engines see the real number", async ({ page, open, text }) => {
  await open(`<div itemscope itemtype="https://schema.org/LocalBusiness"><span id=a itemprop="telephone">800-555-0100</span>
    <a id=b itemprop="telephone" href="tel:+18005550100">800-555-0100</a><meta id=c itemprop="telephone" content="+18005550100"></div>
    <script type="application/ld+json" id=d>{"telephone":"+1-800-555-0100"}</script><p id=e>800-555-0100</p>`);
  assert.equal(await text("#e"), "415-555-0199");
  assert.equal(await text("#a"), "800-555-0100");
  assert.equal(await text("#b"), "800-555-0100");
  assert.equal(await page.getAttribute("#b", "href"), "tel:+18005550100");
  assert.equal(await page.getAttribute("#c", "content"), "+18005550100");
  assert.ok((await text("#d")).includes("+1-800-555-0100"));
});

visit("digit strings that the service does not name are never touched", async ({ open, text, world }) => {
  world.targets = [{ ...US, forms: US.forms.slice(0, 1) }];
  await open(`<p id=a>800-555-0100</p><p id=b>+1 800 555 0100</p>`);
  assert.equal(await text("#b"), "+1 415 555 0199");
  assert.equal(await text("#a"), "800-555-0100");
});
