import assert from "node:assert/strict";
import { build } from "esbuild";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { createSSRApp, h } from "vue";
import { renderToString as renderVue } from "vue/server-renderer";
import { settled, visit } from "./visit.ts";

/** `code` with its packages, as a production bundle of a page. */
async function bundle(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
  });
  return outputFiles![0]!.text;
}

const REACT = `
  import { createElement as e, useState } from "react";
  import { hydrateRoot } from "react-dom/client";
  function App() {
    const [count, setCount] = useState(0);
    return e("main", null, e("a", { id: "call", href: "tel:+18005550100" }, "Call ", "(800) 555-0100"),
      e("button", { id: "more", onClick: () => setCount(count + 1) }, count + " clicks"),
      e("p", { key: count, id: "fresh" }, "800-555-0100 (" + count + ")"));
  }
  window.hydrate = () => { hydrateRoot(document.getElementById("root"), e(App)); window.hydrated = true; };
`;
const serverReact = () =>
  renderToString(
    createElement("main", null,
      createElement("a", { id: "call", href: "tel:+18005550100" }, "Call ", "(800) 555-0100"),
      createElement("button", { id: "more" }, "0 clicks"),
      createElement("p", { id: "fresh" }, "800-555-0100 (0)"),
    ),
  );

const isSwapped = () =>
  document.querySelector("#call")!.textContent === "Call (415) 555-0199" &&
  document.querySelector("#call")!.getAttribute("href") === "tel:+14155550199" &&
  /^415-555-0199/.test(document.querySelector("#fresh")!.textContent!);

visit("React takes its page over before the swap, without a complaint, and goes on working", async ({ page, world }) => {
  world.publishScript("/app.js", (await bundle(REACT)) + "hydrate();");
  // The snippet is there first, and its number long before the page's script.
  await page.goto(world.publish(`${world.tag}<div id=root>${serverReact()}</div><script type=module src="/app.js"></script>`));
  await settled(world, page);
  await page.waitForFunction(isSwapped);
  await page.click("#more");
  await page.waitForFunction(() => document.querySelector("#fresh")!.textContent === "415-555-0199 (1)");
  assert.equal(await page.textContent("#more"), "1 clicks");
  assert.ok(await page.evaluate(isSwapped));
});

visit("React that comes after the swap writes the old number back, and is swapped again", async ({ page, world }) => {
  world.publishScript("/app.js", await bundle(REACT));
  // React itself reports that it found another text than its own.
  page.removeAllListeners("pageerror");
  page.removeAllListeners("console");
  await page.goto(world.publish(`<div id=root>${serverReact()}</div><script src="/app.js"></script>${world.tag}`));
  await settled(world, page);
  await page.waitForFunction(isSwapped);
  await page.evaluate("hydrate()");
  await page.waitForTimeout(200);
  await page.waitForFunction(isSwapped);
  await page.click("#more");
  await page.waitForFunction(() => document.querySelector("#fresh")!.textContent === "415-555-0199 (1)");
});

const VUE = `
  import { createSSRApp, h } from "vue";
  window.hydrate = () => createSSRApp({
    data: () => ({ count: 0 }),
    render() {
      return h("main", [h("a", { id: "call", href: "tel:+18005550100" }, "Call (800) 555-0100"),
        h("button", { id: "more", onClick: () => this.count++ }, this.count + " clicks"),
        h("p", { id: "fresh" }, "800-555-0100 (" + this.count + ")")]);
    },
  }).mount("#root");
`;

visit("Vue takes its page over after the swap, and is swapped again whenever it renders", async ({ page, world }) => {
  const html = await renderVue(
    createSSRApp({
      render: () =>
        h("main", [
          h("a", { id: "call", href: "tel:+18005550100" }, "Call (800) 555-0100"),
          h("button", { id: "more" }, "0 clicks"),
          h("p", { id: "fresh" }, "800-555-0100 (0)"),
        ]),
    }),
  );
  world.publishScript("/app.js", await bundle(VUE));
  // Vue says in the console that the text was another one.
  page.removeAllListeners("console");
  await page.goto(world.publish(`<div id=root>${html}</div><script src="/app.js"></script>${world.tag}`));
  await settled(world, page);
  await page.waitForFunction(isSwapped);
  await page.evaluate("hydrate()");
  await page.waitForFunction(isSwapped);
  await page.click("#more");
  await page.waitForFunction(() => document.querySelector("#fresh")!.textContent === "415-555-0199 (1)");
  assert.equal(await page.textContent("#more"), "1 clicks");
});
