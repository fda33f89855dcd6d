/** What the page's consent tools say: Google Consent Mode, IAB TCF and Global Privacy Control. */

import { safe } from "./safe.ts";
import type { Change } from "./identity.ts";

interface TcData {
  gdprApplies?: boolean;
  eventStatus?: string;
  purpose: { consents: Record<string, boolean> };
}

type Entry = ArrayLike<unknown>;

type Tools = Window & {
  dataLayer?: Entry[];
  __tcfapi?: (command: string, version: number, callback: (data: TcData, success: boolean) => void) => void;
};

/** Calls `tell` with all that is said now, and with every change. A visitor who sends GPC allows no ads. */
export function listenToConsentTools(tell: (change: Change) => void): void {
  const tools = window as Tools;
  const { globalPrivacyControl } = navigator as { globalPrivacyControl?: boolean };
  const say = (analytics?: boolean, ads?: boolean) => {
    if (globalPrivacyControl) ads = false;
    if ((analytics ?? ads) !== undefined) tell({ analytics, ads });
  };
  say();

  const layer = (tools.dataLayer ||= []);
  const hear = safe((entry: Entry) => {
    if (entry[0] !== "consent") return;
    const said = entry[2] as Record<string, string | undefined>;
    const isGranted = (...words: (string | undefined)[]) => (words.join("") ? !words.includes("denied") : undefined);
    // Both storage and use must be allowed, as far as they are named.
    say(isGranted(said.analytics_storage), isGranted(said.ad_storage, said.ad_user_data));
  });
  layer.forEach(hear);
  const { push } = layer;
  layer.push = (...entries) => {
    entries.forEach(hear);
    return push.apply(layer, entries);
  };

  tools.__tcfapi?.(
    "addEventListener",
    2,
    safe(({ gdprApplies, eventStatus, purpose: { consents } }, success) => {
      // While its dialogue is open nobody has said anything. 1: storage; 7 and 8: measuring ads and content.
      if (success && gdprApplies !== false && eventStatus !== "cmpuishown") say(!!(consents[1] && consents[8]), !!(consents[1] && consents[7]));
    }),
  );
}
