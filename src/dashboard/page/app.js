// What all views share: who is signed in, what the address asks for, and how to ask the service.

import { get } from "./api.js";
import { asked } from "./question.js";
import { createContext, useCallback, useContext, useEffect, useState } from "./view.js";

/** `{ session, address, refresh, again, signOut }` of the page. */
export const Shared = createContext(null);

const SCOPES = ["reader", "analyst", "manager", "admin"];

/** Everything that a view may want to know of who looks and what they look at. */
export function useApp() {
  const shared = useContext(Shared);
  const { session, address } = shared;
  const state = asked(address.params);
  const sites = session.sites;
  const site = sites.find((one) => one.id === state.site) ?? (sites.length === 1 ? sites[0] : null);
  const can = (scope) => SCOPES.indexOf(session.scope) >= SCOPES.indexOf(scope);
  const zone = (site ?? sites[0])?.time_zone ?? "UTC";
  const zoneOf = (id) => sites.find((one) => one.id === id)?.time_zone ?? zone;
  return { ...shared, state, sites, site, zone, zoneOf, can };
}

/**
 * The JSON at `address`, again when it changes or somebody asks for fresh figures: `{ data, error, loading, again }`.
 * What was there stays while the next answer is on its way. Without an address nothing is asked.
 */
export function useLoad(address) {
  return useAnswers(address ? address : null, (stop) => get(address, stop));
}

/** The same for several addresses at once: `data` has an answer for each, in their order. */
export function useLoads(addresses) {
  const key = addresses.join("\n");
  return useAnswers(key || null, (stop) => Promise.all(addresses.map((address) => get(address, stop))));
}

function useAnswers(address, ask) {
  const { refresh } = useContext(Shared);
  const [state, set] = useState({ loading: Boolean(address) });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!address) {
      set({ loading: false });
      return undefined;
    }
    const stop = new AbortController();
    set((before) => ({ ...before, loading: true, error: undefined }));
    ask(stop.signal).then(
      (data) => set({ data, loading: false }),
      (error) => error.name !== "AbortError" && set({ error, loading: false }),
    );
    return () => stop.abort();
  }, [address, refresh, tries]);
  const again = useCallback(() => setTries((n) => n + 1), []);
  return { ...state, again };
}
