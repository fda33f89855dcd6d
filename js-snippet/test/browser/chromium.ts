/** A real Chromium as an ordinary visitor has it. */

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const ORDINARY_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium; every host under `.test` is this machine. `CHROMIUM` names another program than Debian's. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [...QUIET, "--host-resolver-rules=MAP *.test 127.0.0.1"],
    // Playwright turns the back/forward cache off, visitors have it.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
}

/** A visitor of their own: no cookies, nothing cached. */
export function newVisitor(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ userAgent: ORDINARY_AGENT, locale: "en-US" });
}

/**
 * What the page complained about: uncaught errors and console errors. The browser's own notes about failed requests are
 * no complaints: no script can prevent them.
 */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", error => complaints.push(String(error)));
  page.on("console", message => {
    if (message.type() !== "error") return;
    if (/^Failed to load resource|blocked by CORS policy/.test(message.text())) return;
    complaints.push(message.text());
  });
  return complaints;
}

/** Waits until `condition` holds; it is asked again and again, at most for five seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
