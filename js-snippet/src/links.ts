/** Links to the site's own other hosts take the session along, in a parameter that the snippet there takes out again. */

import { now, safe } from "./safe.ts";
import { sign } from "./talk.ts";
import type { Reply } from "./wire.ts";

const OLD_MS = 90_000;
const DEAD_MS = 120_000;

let newest: Reply | undefined;
let at: number;

const TOKEN = /([?&])rt_link=([^&#]*)(&?)/;

const withoutToken = (url: string): string => url.replace(TOKEN, (_, before, _token, after) => after && before);

/** The link token in this page's address, which loses it before others read it. */
export function takeLinkToken(): string | undefined {
  const { href } = location;
  const [, , token] = TOKEN.exec(href) || [];
  // A sandboxed frame must not change its address.
  if (token) safe(() => history.replaceState(history.state, "", withoutToken(href)))();
  return token;
}

/** Takes the link token of a reply that has one. */
export function keepLink(reply: Reply): void {
  if (!reply.link) return;
  newest = reply;
  at = now();
}

/** Prepares a link that is about to be followed. */
export function decorate(link: HTMLAnchorElement): void {
  const { hostname } = link;
  if (!newest?.settings?.domains?.includes(hostname) || hostname === location.hostname) return;
  const search = withoutToken(link.search);
  const age_ms = now() - at;
  link.search = age_ms < DEAD_MS ? search + (search ? "&" : "?") + "rt_link=" + newest.link : search;
  if (age_ms > OLD_MS) sign();
}
