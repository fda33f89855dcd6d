/** Links to the site's own other hosts take the session along, in a parameter that the snippet there takes out again. */

import { reply } from "./identity.ts";
import { safe } from "./safe.ts";
import { sign } from "./talk.ts";

const OLD_MS = 90_000;

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

/** Prepares a link that is about to be followed. */
export function decorate(link: HTMLAnchorElement): void {
  const { hostname } = link;
  const { domains, link: token, at } = reply;
  if (!domains?.includes(hostname) || hostname === location.hostname) return;
  const search = withoutToken(link.search);
  // The service ignores a token that is dead.
  link.search = token ? search + (search ? "&" : "?") + "rt_link=" + token : search;
  if (Date.now() - at > OLD_MS) sign();
}
