// The pages: their paths, who may see them, what draws them.

import { Call } from "./pages/call.js";
import { Calls } from "./pages/calls.js";
import { Explore } from "./pages/explore.js";
import { Forecast } from "./pages/forecast.js";
import { Overview } from "./pages/overview.js";
import { Pools } from "./pages/pools.js";
import { Postbacks } from "./pages/postbacks.js";
import { Setup } from "./pages/setup.js";

const SCOPES = ["reader", "analyst", "manager", "admin"];

/** In the order of the navigation. `asks`: whether it follows period and filters. */
export const PAGES = [
  { name: "overview", path: "/", scope: "reader", view: Overview, asks: true },
  { name: "explore", path: "/explore", scope: "reader", view: Explore, asks: true },
  { name: "calls", path: "/calls", scope: "analyst", view: Calls },
  { name: "pools", path: "/pools", scope: "reader", view: Pools },
  { name: "postbacks", path: "/postbacks", scope: "analyst", view: Postbacks },
  { name: "forecast", path: "/forecast", scope: "reader", view: Forecast },
  { name: "setup", path: "/setup", scope: "manager", view: Setup },
];

/** The pages that somebody with `scope` may see. */
export const pagesFor = (scope) => PAGES.filter((page) => SCOPES.indexOf(scope) >= SCOPES.indexOf(page.scope));

/** The page at `path` for somebody with `scope`; nothing when there is none for them. */
export function pageOf(path, scope) {
  const call = /^\/calls\/([0-9a-f-]{1,64})$/.exec(path);
  if (call) {
    const page = pagesFor(scope).find((one) => one.name === "calls");
    return page && { ...page, view: Call, call: call[1] };
  }
  return pagesFor(scope).find((page) => page.path === path);
}
