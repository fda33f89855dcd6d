/** What the script tag says. */

import { safe } from "./safe.ts";

export interface Tag {
  /** The site's public key. */
  key: string;
  /** Origin of the service, without a slash at the end. */
  endpoint: string;
  /** `granted`, `denied`, or `auto`: as the page's consent tools say; absent: the site's default. */
  consent?: string;
  /** `server`: the service keeps the session in a cookie of its own, on a host of the site. */
  cookies?: string;
  /** `tab`: the session lives in this tab alone. */
  storage?: string;
  /** Present: explains itself in the console. */
  debug?: string;
}

/**
 * The running script's own tag: its `data-` attributes, or the same words in the query of its address for tag
 * managers that cannot set attributes. One that inlines the script leaves only an attribute to find. Without a tag, nothing.
 */
export const tag = safe((): Tag => {
  const { src, dataset } = (document.currentScript || document.querySelector("script[data-key],script[data-site]")) as HTMLScriptElement;
  const { searchParams, origin } = (src ? new URL(src) : {}) as Partial<URL>;
  const said = { endpoint: origin, ...Object.fromEntries(searchParams || []), ...dataset } as Tag & { site?: string };
  said.key ||= said.site!;
  said.endpoint = said.endpoint.replace(/\/+$/, "");
  return said;
})()!;
