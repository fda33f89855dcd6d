/** What the page's consent tools say: Google Consent Mode, IAB TCF and Global Privacy Control. */

import { safe } from "./safe.ts";
import type { Consent } from "./wire.ts";

interface TcData {
  gdprApplies?: boolean;
  eventStatus?: string;
  purpose: { consents: Record<string, boolean> };
}

/** What is undefined stays as it was. */
export type Change = { [Purpose in keyof Consent]?: boolean | undefined };

type Layer = ArrayLike<unknown>[];

type Tools = Window & {
  dataLayer?: Layer;
  __tcfapi?: (command: string, version: number, callback: (data: TcData, success: boolean) => void) => void;
};

/** Calls `tell` with all that is said now, and with every change. A visitor who sends GPC allows no ads. */
export function listenToConsentTools(tell: (change: Change) => void): void {
  const tools = window as Tools;
  const hasPrivacyControl = (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
  const say = (analytics?: boolean, ads = hasPrivacyControl ? false : undefined) => {
    if (analytics !== undefined || ads !== undefined) tell({ analytics, ads: ads && !hasPrivacyControl });
  };
  say();

  const layer = (tools.dataLayer = tools.dataLayer || []);
  const hear = safe((entry: ArrayLike<unknown>) => {
    if (entry[0] !== "consent") return;
    const said = entry[2] as Record<string, string | undefined>;
    const isGranted = (name: string) => (said[name] ? said[name] === "granted" : undefined);
    // Both storage and use must be allowed, as far as they are named.
    say(isGranted("analytics_storage"), isGranted("ad_user_data") === false ? false : isGranted("ad_storage"));
  });
  layer.forEach(hear);
  const { push } = layer;
  layer.push = (...entries) => {
    entries.forEach(hear);
    return push.apply(layer, entries);
  };

  if (!tools.__tcfapi) return;
  tools.__tcfapi(
    "addEventListener",
    2,
    safe(({ gdprApplies, eventStatus, purpose }, success) => {
      const consents = success && gdprApplies !== false && eventStatus !== "cmpuishown" && purpose.consents;
      // While its dialogue is open nobody has said anything. 1: storage; 7 and 8: measuring ads and content.
      if (consents) say(!!(consents[1] && consents[8]), !!(consents[1] && consents[7]));
    }),
  );
}
