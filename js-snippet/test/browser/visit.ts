/** One test: a world, a visitor, and at the end no breach of the contract and no complaint of the page. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { complaintsOf, launchChromium, newVisitor, until } from "./chromium.ts";
import { openWorld, type World } from "./world.ts";

let browser: Browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

export interface Visit {
  world: World;
  page: Page;
  visitor: BrowserContext;
  /** Opens a page with the snippet and waits until its first number is confirmed. */
  open(body: string, path?: string): Promise<void>;
  /** The text of the first element that `selector` finds. */
  text(selector: string): Promise<string>;
}

export function visit(name: string, body: (visit: Visit) => Promise<void>): void {
  test(name, async () => {
    const world = await openWorld();
    const visitor = await newVisitor(browser);
    try {
      const page = await visitor.newPage();
      const complaints = complaintsOf(page);
      const open = async (html: string, path?: string) => {
        await page.goto(world.publish(html + world.tag, path));
        await settled(world, page);
      };
      await body({ world, page, visitor, open, text: async selector => (await page.textContent(selector)) ?? "" });
      assert.deepEqual(world.breaches, []);
      assert.deepEqual(complaints, []);
    } finally {
      await visitor.close();
      world.close();
    }
  });
}

/** Waits until the page has had the service's reply to its view. */
export async function settled(world: World, page: Page): Promise<void> {
  await until(() => world.leases().length > 0, "a page view");
  await page.waitForLoadState("networkidle");
}

declare global {
  /** In pages, once the script is there. */
  var ringtrace: import("../../src/api.ts").Api;
}
