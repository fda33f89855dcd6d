// Where somebody is: the path says which page, the query what is shown on it. Both are the whole state, so an address can be shared.

import { useEffect, useState } from "./view.js";

const MOVED = "ringtrace:moved";

/** The address as it stands: `{ path, params }`. */
const here = () => ({ path: location.pathname, params: new URLSearchParams(location.search) });

/** The address, again whenever it changes. */
export function useAddress() {
  const [address, set] = useState(here);
  useEffect(() => {
    const moved = () => set(here());
    addEventListener("popstate", moved);
    addEventListener(MOVED, moved);
    return () => {
      removeEventListener("popstate", moved);
      removeEventListener(MOVED, moved);
    };
  }, []);
  return address;
}

/** Goes to `address` without loading the page anew. `replace` leaves no trace in the history. */
export function go(address, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  dispatchEvent(new Event(MOVED));
}

/** `params` with `changes`: an empty value takes its name away, a list is repeated. */
export function changed(params, changes) {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) {
      if (one !== null && one !== undefined && one !== "") next.append(name, String(one));
    }
  }
  return next;
}

/** Stays on the page and shows something else. */
export function show(changes) {
  const { path, params } = here();
  go(withQuery(path, changed(params, changes)));
}

/** `path?params`, or the path alone. */
export const withQuery = (path, params) => (String(params) ? `${path}?${params}` : path);

/** Takes clicks on links to the dashboard's own pages, so that they do not load anew. */
export function catchLinks(paths) {
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target.closest?.("a[href]");
    if (!plain || !link || link.target || link.hasAttribute("download") || event.defaultPrevented) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !paths.some((path) => path === url.pathname || (path !== "/" && url.pathname.startsWith(`${path}/`)))) return;
    if (url.hash && url.pathname === location.pathname) return;
    event.preventDefault();
    go(url.pathname + url.search);
    scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  });
}
