// Calls as they happen, over server-sent events.

import { useEffect, useRef, useState } from "../../view.js";

const KINDS = ["ringing", "answered", "ended"];
const MOST = 100;

/** An event as a call of the list: what it does not tell is not known yet. */
export const callOf = (event) => ({
  id: event.call, site: event.site, version: event.version, status: event.status, started_at: event.started_at, talk_s: event.talk_s,
  tracking_number: event.tracking_number, caller: { number: event.caller, first_time: event.first_time, name: "", city: "", region: "", country: "" },
  attribution: event.source ? { source: event.source, medium: event.medium, campaign: event.campaign } : undefined, isNew: true,
});

/** `live` before `listed`, each call once in its newest version, newest first. */
export function merged(live, listed) {
  const found = new Map(listed.map((call) => [call.id, call]));
  for (const call of live) {
    const known = found.get(call.id);
    if (!known) found.set(call.id, call);
    else if (known.version < call.version) found.set(call.id, { ...known, ...call, caller: { ...known.caller, ...call.caller, name: known.caller.name }, attribution: known.attribution ?? call.attribution });
  }
  return [...found.values()].sort((a, b) => b.started_at.localeCompare(a.started_at));
}

/** Listens while the page is shown: `{ calls, newest, isOpen }`. With `onFiltered`, that is called instead of telling of calls. */
export function useLive({ site, onFiltered }) {
  const [state, set] = useState({ calls: [], newest: null });
  const [isOpen, setOpen] = useState(false);
  const instead = useRef(onFiltered);
  instead.current = onFiltered;
  useEffect(() => {
    const source = new EventSource(`/v1/live${site ? `?site=${encodeURIComponent(site)}` : ""}`);
    source.onopen = () => setOpen(true);
    source.onerror = () => setOpen(false);
    const told = (message) => {
      const call = callOf(JSON.parse(message.data));
      if (instead.current) instead.current();
      set((before) => ({ newest: call, calls: [call, ...before.calls.filter((one) => one.id !== call.id)].slice(0, MOST) }));
    };
    for (const kind of KINDS) source.addEventListener(kind, told);
    return () => source.close();
  }, [site]);
  return { ...state, isOpen };
}
