/** First-party cookies on the widest domain of the site. Where cookies are blocked, nothing happens. */

/** Browsers cut a longer life to this. */
export const LONGEST_LIFE_S = 400 * 24 * 3600;

let domain: string | undefined;

export function readCookie(name: string): string | undefined {
  try {
    const found = document.cookie.split("; ").find(pair => pair.startsWith(name + "="));
    return (found && decodeURIComponent(found.slice(name.length + 1))) || undefined;
  } catch {
    return;
  }
}

/** Names of cookies in which advertising and analytics tags know a browser and its last click. */
const OF_TAGS =
  /^(_ga(_[A-Z\d]+)?|_gcl_(a[gw]|gb|dc)|_fb[cp]|_uet(msclk|v)id|_ttp|ttclid|li_fat_id|_twclid|_sc(cl)?id|_rdt_(cid|uuid)|_epik|__oppref|_ym_uid|cje|IR_\d+|_aw_\w+)$/;

/** The cookies of tags as they stand, as many as the contract allows; nothing when there is none. */
export function tagCookies(): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  let count = 0;
  let length = 0;
  try {
    for (const pair of document.cookie.split("; ")) {
      const at = pair.indexOf("=");
      const name = pair.slice(0, at);
      const value = pair.slice(at + 1);
      if (!OF_TAGS.test(name) || !value || value.length > 1024) continue;
      length += pair.length;
      if (length > 4096 || ++count > 32) break;
      found[name] = value;
    }
  } catch {
    // A sandboxed frame throws on any use of cookies.
  }
  return count ? found : undefined;
}

/** Writes a cookie that lives `life_s` seconds; without it, as long as the browser's session; 0 removes it. */
export function writeCookie(name: string, value: string, life_s?: number): void {
  try {
    if (domain === undefined) domain = widestDomain();
    put(name, value, domain, life_s);
  } catch {
    // A sandboxed frame throws on any use of cookies.
  }
}

/** The browser itself knows the public suffixes: it refuses a cookie for `co.uk` and takes one for `example.co.uk`. */
function widestDomain(): string {
  const labels = location.hostname.split(".");
  for (let from = labels.length - 2; from >= 0; from--) {
    const candidate = labels.slice(from).join(".");
    put("rt_probe", "1", candidate);
    const taken = readCookie("rt_probe");
    put("rt_probe", "", candidate, 0);
    if (taken) return candidate;
  }
  return "";
}

function put(name: string, value: string, host: string, life_s?: number): void {
  document.cookie =
    `${name}=${encodeURIComponent(value)}; Path=/; SameSite=Lax` +
    (host && `; Domain=${host}`) +
    (life_s === undefined ? "" : `; Max-Age=${life_s}`) +
    (location.protocol === "https:" ? "; Secure" : "");
}
