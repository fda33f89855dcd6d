/** What the browser keeps: first-party cookies on the widest domain of the site. */

import { safe } from "./safe.ts";

/** Browsers cut a longer life to this. */
export const LONGEST_LIFE_S = 400 * 24 * 3600;

// How the names of cookies begin in which advertising and analytics tags know a browser and its last click.
const OF_TAGS = /^(_(ga|gcl_(a[gw]|gb|dc)|fb[cp]|uet(ms|v)|ttp|twclid|sc(cl)?id|rdt_|epik|_oppref|ym_uid|aw_)|ttclid|li_fat|cje|IR_\d)/;
const LONGEST_OF_TAGS = 4096;

const cookies = (): string[] => document.cookie.split("; ");

/** The cookie's value; nothing where there is none, or where the browser blocks it (a sandboxed frame throws). */
export const readCookie = safe((name: string) => cookies().find(pair => pair.startsWith(name + "="))?.slice(name.length + 1));

/** The cookies of tags (`name=value`) as they stand, as far as they are short. */
export const tagCookies = safe((): string[] => {
  let room = LONGEST_OF_TAGS;
  return cookies().filter(pair => OF_TAGS.test(pair) && (room -= pair.length) > 0);
});

// How many labels the widest domain has that may have cookies; no browser takes one for a single label of several.
let widest = 2;
const MOST_LABELS = 8;

/** Writes a cookie that lives `life_s` seconds, or as long as the browser's session; without a value it is removed. */
export const writeCookie = safe((name: string, value: string | undefined, life_s?: number) => {
  // The browser itself knows the public suffixes: it refuses a cookie for `co.uk` and takes one for `example.co.uk`.
  for (let count = widest; count <= MOST_LABELS && readCookie(name) !== value; count++) {
    widest = count;
    // An age that is no number is no age.
    document.cookie =
      `${name}=${value}; Path=/; SameSite=Lax; Domain=${location.hostname.split(".").slice(-count).join(".")}; Max-Age=${value ? life_s : 0}` +
      (/s:/.test(location.protocol) ? "; Secure" : "");
  }
});
