/** Links to the site's own other hosts take the session along, in a parameter that the snippet there takes out again. */

import { now, safe } from "./safe.ts";
import type { Reply } from "./wire.ts";

const OLD_MS = 90_000;
const DEAD_MS = 120_000;
const LONGEST = 600;

/** The link token in this page's address, which loses it before others read it. */
export function takeLinkToken(): string | undefined {
  const token = new URLSearchParams(location.search).get("rt_link");
  if (token === null) return;
  // A sandboxed frame must not change its address.
  safe(() => history.replaceState(history.state, "", withoutToken(location.href)))();
  return token.slice(0, LONGEST);
}

const withoutToken = (url: string): string =>
  url.replace(/([?&])rt_link=[^&#]*(&|(?=#|$))/, (_, before, after) => (after ? before : ""));

/** Prepares links that are about to be followed; `refresh` asks for a new token. */
export function openLinks(refresh: () => void): { keep(reply: Reply): void; decorate(link: HTMLAnchorElement): void } {
  let newest: Reply | undefined;
  let at = 0;
  return {
    keep(reply) {
      if (!reply.link) return;
      newest = reply;
      at = now();
    },

    decorate(link) {
      const { hostname } = link;
      if (!newest?.settings?.domains?.includes(hostname) || hostname === location.hostname) return;
      const [address, ...hash] = withoutToken(link.href).split("#");
      const token = now() - at < DEAD_MS ? (address!.includes("?") ? "&" : "?") + "rt_link=" + newest.link : "";
      link.href = [address + token, ...hash].join("#");
      if (now() - at > OLD_MS) refresh();
    },
  };
}
