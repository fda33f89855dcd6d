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
