/** What the browser keeps: first-party cookies on the widest domain of the site, and the storage of a tab. */

/** Browsers cut a longer life to this. */
export const LONGEST_LIFE_S = 400 * 24 * 3600;

// Cookies in which advertising and analytics tags know a browser and its last click, of a length that the contract allows.
const OF_TAGS =
  /^(_ga(_[A-Z\d]+)?|_gcl_(a[gw]|gb|dc)|_fb[cp]|_uet(msclk|v)id|_ttp|ttclid|li_fat_id|_twclid|_sc(cl)?id|_rdt_(cid|uuid)|_epik|__oppref|_ym_uid|cje|IR_\d+|_aw_\w+)=.{1,1024}$/;
const LONGEST_OF_TAGS = 4096;

/** `work`, or nothing where the browser blocks it: a sandboxed frame throws on any use of storage. */
function allowed<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return;
  }
}

const cookies = (): string[] => document.cookie.split("; ");

export const readCookie = (name: string): string | undefined =>
  allowed(() => {
    const found = cookies().find(pair => pair.startsWith(name + "="));
    return found && decodeURIComponent(found.slice(name.length + 1));
  });

/** The cookies of tags as they stand, as many as the contract allows; nothing when there is none. */
export const tagCookies = (): Record<string, string> | undefined =>
  allowed(() => {
    let room = LONGEST_OF_TAGS;
    const pairs = cookies().filter(pair => OF_TAGS.test(pair) && (room -= pair.length) > 0);
    return pairs[0] ? Object.fromEntries(pairs.slice(0, 32).map(pair => pair.split(/=(.*)/))) : undefined;
  });

/** Writes a cookie that lives `life_s` seconds, or as long as the browser's session; without a value it is removed. */
export const writeCookie = (name: string, value = "", life_s?: number): void =>
  allowed(() => {
    if (!value && !readCookie(name)) return;
    const labels = location.hostname.split(".");
    // The browser itself knows the public suffixes: it refuses a cookie for `co.uk` and takes one for `example.co.uk`.
    for (let from = labels.length - 1; from-- >= 0 && (readCookie(name) || "") !== value; ) {
      document.cookie =
        `${name}=${encodeURIComponent(value)}; Path=/; SameSite=Lax; Max-Age=${value ? life_s : 0}`.replace(/; Max-Age=undefined/, "") +
        (from < 0 ? "" : `; Domain=${labels.slice(from).join(".")}`) +
        (location.protocol === "https:" ? "; Secure" : "");
    }
  });

/** Reads what this tab alone keeps under `name`; with a `value`, writes it, and removes it when that is empty. */
export const ofTab = (name: string, value?: string): string | null | undefined =>
  allowed(() => {
    if (value) sessionStorage.setItem(name, value);
    else if (value === "") sessionStorage.removeItem(name);
    return sessionStorage.getItem(name);
  });
