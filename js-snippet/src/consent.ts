/** What the page's consent tools say: Google Consent Mode, IAB TCF and Global Privacy Control. */

import { safe } from "./safe.ts";
import type { Consent } from "./wire.ts";

interface TcData {
  gdprApplies?: boolean;
  eventStatus?: string;
  purpose: { consents: Record<string, boolean> };
}

type Layer = ArrayLike<unknown>[];

type Tools = Window & {
  dataLayer?: Layer;
  __tcfapi?: (command: string, version: number, callback: (data: TcData, success: boolean) => void) => void;
};

/** Calls `tell` with all that is said now, and with every change. A visitor who sends GPC allows no ads. */
export function listenToConsentTools(tell: (change: Partial<Consent>) => void): void {
  const tools = window as Tools;
  const say = (analytics: boolean | undefined, ads: boolean | undefined) => {
    const change: Partial<Consent> = {};
    if (analytics !== undefined) change.analytics = analytics;
    if (ads !== undefined) change.ads = ads;
    if (hasPrivacyControl) change.ads = false;
    if (Object.keys(change)[0]) tell(change);
  };
  const hasPrivacyControl = (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
  say(undefined, undefined);

  const layer = (tools.dataLayer = tools.dataLayer || []);
  const hear = safe((entry: ArrayLike<unknown>) => {
    if (entry[0] !== "consent") return;
    const said = entry[2] as Record<string, string | undefined>;
    const isGranted = (name: string) => said[name] && said[name] === "granted";
    const ads = isGranted("ad_user_data");
    say(isGranted("analytics_storage") as boolean | undefined, (ads === false ? ads : isGranted("ad_storage")) as boolean | undefined);
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
