/** The contract of `docs/protocol.md`: its words as types. */

/** How a digit string on the page is written; see `forms` in the contract. */
export type Form = "international" | "national" | "significant";

/** What may be kept on the device: cookies; this tab's storage; nothing. */
export type Mode = "full" | "session" | "none";

/** What the page's visitor allowed. */
export interface Consent {
  analytics: boolean;
  ads: boolean;
}

/** The number to show instead of a target. */
export interface Tracking {
  /** E.164. */
  number: string;
  /** Written forms, for when the page's own format does not fit. */
  international: string;
  national: string;
  /** Its own lettered form, for where the page wrote letters. */
  vanity?: string;
  /** What else than voice it can do: `sms`, `whatsapp`. */
  capabilities?: string[];
  /** Digit strings to put into the page's own format, by form. */
  digits: Partial<Record<Form, string>>;
}

/** A business number that pages show. */
export interface Target {
  id: string;
  number: string;
  /** `letters`: the same as a page may write it with letters, in upper case and without separators. */
  forms: { digits: string; form: Form; letters?: string }[];
  tier: string;
  /** Why its tier is `original`. */
  reason?: string;
  /** Absent: leave the page's own number. */
  tracking?: Tracking;
}

/** What the site's owner set; everything absent is off. */
export interface SiteSettings {
  /** `data-*` attributes in which numbers are swapped, too. */
  attributes?: string[];
  /** Own hosts: links to them carry the session. */
  domains?: string[];
  /** Hidden form fields of this name get the session's id. */
  field?: string;
  /** `tab`: the session lives in this tab alone. */
  storage?: string;
}

/** A number is asked for when one comes into view, or after so many visible seconds. */
export interface LeaseWhen {
  visible?: boolean;
  after_s?: number;
}

export interface Reply extends SiteSettings {
  v: 1;
  /** Absent when no session was opened. */
  session?: string | undefined;
  session_id?: string | undefined;
  visitor?: string;
  mode: Mode;
  /** Only while the page waits for intent. */
  lease_when?: LeaseWhen;
  /** A token for links to the site's other hosts, good for two minutes. */
  link?: string;
  /** Seconds between beats of a visible page. */
  beat_s: number;
  /** Seconds for which a number stays leased after the last sign of life. */
  hold_s: number;
  targets: Target[];
}

/** The tracking number (E.164) that is on the page for each target. */
export type Shown = Record<string, string>;

/** What the visitor did with the number of a target, so many milliseconds ago. */
export interface Signal {
  target: string;
  ago_ms: number;
}

/** What the page tells about its visitor: ids of its own systems, and tags. The service takes what it understands. */
export interface Known {
  ids?: Record<string, unknown>;
  tags?: unknown[];
}

export interface Message extends Known {
  v: 1;
  key: string;
  page: string;
  seq: number;
  session?: string | undefined;
  shown: Shown;
}

export interface ViewMessage extends Message {
  want: Want;
  url: string;
  referrer: string;
  visitor?: string | undefined;
  link?: string | undefined;
  consent?: Consent | undefined;
  /** Cookies of advertising tags, `name=value` each; only with consent to ads. */
  cookies?: string[] | undefined;
}

/** `auto`: as the site's `lease_when` says. */
export type Want = "auto" | "now";

export type SignalName = "tel_click" | "copied" | "long_press";

export interface SignMessage extends Message, Partial<Record<SignalName, Signal>> {
  kind: "beat" | "leave";
}
