/** What the script tag says. */

import type { Consent } from "./wire.ts";

export interface Settings {
  /** The site's public key. */
  key: string;
  /** Origin of the service, without a slash at the end. */
  endpoint: string;
  /** What `data-consent` grants or denies; absent: the site's default. */
  consent: Consent | undefined;
}

/** Reads the running script's own tag; a tag manager that inlines the script leaves only its attributes to find. */
export function readSettings(): Settings | undefined {
  const script = (document.currentScript || document.querySelector("script[data-key]")) as HTMLScriptElement | null;
  if (!script) return;
  const { key, endpoint, consent } = script.dataset;
  if (!key || !(endpoint || script.src)) return;
  return {
    key,
    endpoint: (endpoint || new URL(script.src).origin).replace(/\/+$/, ""),
    consent: consent === "granted" || consent === "denied" ? both(consent === "granted") : undefined,
  };
}

const both = (allowed: boolean): Consent => ({ analytics: allowed, ads: allowed });
