/** What the browser keeps: first-party cookies on the widest domain of the site, and the storage of a tab. */

import { safe } from "./safe.ts";

/** Browsers cut a longer life to this. */
export const LONGEST_LIFE_S = 400 * 24 * 3600;

// How the names of cookies begin in which advertising and analytics tags know a browser and its last click.
const OF_TAGS = /^(_ga|_gcl_(a[gw]|gb|dc)|_fb[cp]|_uet(ms|v)|_ttp|ttclid|li_fat|_twclid|_sc(cl)?id|_rdt_|_epik|__oppref|_ym_uid|cje|IR_\d|_aw_)/;
const LONGEST_OF_TAGS = 4096;

const cookies = (): string[] => document.cookie.split("; ");

/** The cookie's value; nothing where there is none, or where the browser blocks it (a sandboxed frame throws). */
export const readCookie = safe((name: string) => cookies().find(pair => pair.startsWith(name + "="))?.slice(name.length + 1));

/** The cookies of tags as they stand, as far as they are short. */
export const tagCookies = safe((): Record<string, string> => {
  let room = LONGEST_OF_TAGS;
  const pairs = cookies().filter(pair => OF_TAGS.test(pair) && (room -= pair.length) > 0);
  return Object.fromEntries(pairs.map(pair => pair.split(/=(.*)/)));
});

const labels = location.hostname.split(".");
// Where the widest domain begins that may have cookies; no browser takes one for a single label of several.
let widest = Math.max(0, labels.length - 2);

/** Writes a cookie that lives `life_s` seconds, or as long as the browser's session; without a value it is removed. */
export const writeCookie = safe((name: string, value = "", life_s?: number) => {
  // The browser itself knows the public suffixes: it refuses a cookie for `co.uk` and takes one for `example.co.uk`.
  for (let from = widest; from >= 0 && (readCookie(name) || "") !== value; from--) {
    widest = from;
    // An age that is no number is no age.
    document.cookie =
      `${name}=${value}; Path=/; SameSite=Lax; Domain=${labels.slice(from).join(".")}; Max-Age=${value ? life_s : 0}` +
      (/s:/.test(location.protocol) ? "; Secure" : "");
  }
});

/** What this tab alone keeps under `name`. */
export const readTab = safe((name: string): string | undefined => sessionStorage[name]);

/** Keeps `value` in this tab; without one, nothing is kept there. */
export const writeTab = safe((name: string, value?: string | false) => (value ? (sessionStorage[name] = value) : sessionStorage.removeItem(name)));
