// Swapping a page of 10 000 text nodes: the snippet, findandreplacedomtext and a bare TreeWalker walk, in one run in one
// page. `npm run bench`. Each way gets fresh nodes every time; the best of 25 in milliseconds, for a busy machine only ever adds.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { tsImport } from "tsx/esm/api";

const { openWorld } = await tsImport("../test/browser/world.ts", import.meta.url);
const require = createRequire(import.meta.url);
const peer = await readFile(require.resolve("findandreplacedomtext"), "utf8");

const world = await openWorld();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"],
});
const page = await (await browser.newContext({ userAgent: "Mozilla/5.0 Chrome/142.0.0.0" })).newPage();
await page.goto(world.publish(`<main></main><p id=a>800-555-0100</p>${world.tag}`));
await page.waitForFunction(() => document.querySelector("#a").textContent === "415-555-0199");
await page.evaluate(`window.findAndReplaceDOMText = (() => { const module = { exports: {} }; const exports = module.exports; ${peer}; return module.exports })()`);

console.log("| text nodes | numbers among them | bare walk | snippet | findandreplacedomtext | snippet / walk | snippet / peer |\n|---|---|---|---|---|---|---|");
for (const [nodes, numbers] of [[10_000, 0], [10_000, 10], [10_000, 1000]]) {
  const [walk, snippet, peer] = await page.evaluate(measure, { nodes, numbers });
  const row = [nodes, numbers, walk.toFixed(2), snippet.toFixed(2), peer.toFixed(2), (snippet / walk).toFixed(1), (snippet / peer).toFixed(2)];
  console.log(`| ${row.join(" | ")} |`);
}
await browser.close();
world.close();

function measure({ nodes, numbers }) {
  // Not in the document: what is measured is the work, and not the browser's records of how the test fills it.
  const main = document.createElement("main");
  const fill = () => {
    main.textContent = "";
    for (let row = 0; row < nodes; row++) {
      const line = document.createElement("p");
      const hasNumber = row % Math.floor(nodes / (numbers || 1)) === 0 && numbers;
      line.textContent = hasNumber ? `Row ${row}: call (800) 555-0100 today` : `Row ${row}: item ${row * 7} costs 12.50 in 2024`;
      main.append(line);
    }
  };
  const ways = [
    () => {
      const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
      while (walker.nextNode());
    },
    () => ringtrace.swap(main),
    () => findAndReplaceDOMText(main, { find: /\(?800\)?[\s.-]?555[\s.-]?0100/g, replace: "(415) 555-0199" }),
  ];
  return ways.map(way => {
    const times = Array.from({ length: 25 }, () => {
      fill();
      const start = performance.now();
      way();
      return performance.now() - start;
    });
    return Math.min(...times);
  });
}
