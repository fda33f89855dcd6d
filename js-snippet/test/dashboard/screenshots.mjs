// Pictures of every page over the demo's data, light and dark, desktop and phone, into docs/img. Somebody has to look at them:
// `npm run screenshots`; DEMO=http://127.0.0.1:8080 takes one that runs.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as world from "./world.mjs";

const folder = resolve(dirname(fileURLToPath(import.meta.url)), "../../../docs/img");
const LOOKS = [
  { name: "desktop-light", viewport: { width: 1280, height: 860 }, colorScheme: "light" },
  { name: "desktop-dark", viewport: { width: 1280, height: 860 }, colorScheme: "dark" },
  { name: "phone-light", viewport: { width: 390, height: 844 }, colorScheme: "light" },
  { name: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark" },
];
/** WebP of this quality: text stays readable, and all pictures together stay below 3 MB. */
const QUALITY = 62;

const demo = await world.startDemo();
const browser = await world.launchChromium();
const { calls } = await world.api(demo.base, "/v1/calls?limit=200&status=answered");
const told = calls.find((call) => call.attribution?.candidates?.length > 1) ?? calls[0];
const PAGES = {
  overview: "/", explore: "/explore?dims=source,medium&metrics=calls,call_rate,completion_rate,revenue&benchmark=all", calls: "/calls", call: `/calls/${told.id}`, pools: "/pools",
  postbacks: "/postbacks", forecast: "/forecast", setup: "/setup",
};
await mkdir(folder, { recursive: true });
let bytes = 0;
for (const { name: look, ...options } of LOOKS) {
  const context = await browser.newContext({ locale: "en-US", ...options });
  for (const [name, path] of Object.entries(PAGES)) {
    const { page } = await world.open(context, demo.base + path);
    const client = await context.newCDPSession(page);
    const { data } = await client.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
    const image = Buffer.from(data, "base64");
    bytes += image.length;
    await writeFile(join(folder, `${name}-${look}.webp`), image);
    await page.close();
  }
  await context.close();
}
console.log(`${LOOKS.length * Object.keys(PAGES).length} pictures, ${Math.round(bytes / 1024)} kB`);
await browser.close();
await demo.remove();
