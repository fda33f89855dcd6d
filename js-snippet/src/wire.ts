/** The contract of `docs/protocol.md`: its words as types, and the two ways to send. */

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
  /** A number is asked for when one comes into view, or after so many visible seconds. */
  lease_when?: { visible?: boolean; after_s?: number };
  /** Digit strings that are never touched. */
  exclude?: string[];
  /** `data-*` attributes in which numbers are swapped, too. */
  attributes?: string[];
  /** Own hosts: links to them carry the session. */
  domains?: string[];
  /** Hidden form fields of this name get the session's id. */
  field?: string;
  /** `tab`: the session lives in this tab alone. */
  storage?: string;
}

export interface Reply {
  /** Absent when no session was opened. */
  session?: string;
  session_id?: string;
  visitor?: string;
  mode?: Mode;
  settings?: SiteSettings;
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

/** What the page tells about its visitor: ids of its own systems, and tags. */
export interface Known {
  ids?: Record<string, string>;
  tags?: string[];
}

interface Message extends Known {
  v: 1;
  key: string;
  page: string;
  seq: number;
}

export interface ViewMessage extends Message {
  want: "auto" | "now";
  url: string;
  referrer: string;
  session?: string | undefined;
  visitor?: string | undefined;
  link?: string | undefined;
  consent?: Consent | undefined;
  /** Cookies of advertising tags, by name; only with consent to ads. */
  cookies?: Record<string, string> | undefined;
  shown?: Shown | undefined;
}

export type SignalName = "tel_click" | "copied" | "long_press";

export interface SignMessage extends Message, Partial<Record<SignalName, Signal>> {
  kind: "beat" | "leave";
  session: string;
  shown: Shown;
}

/** `refused`: this page will never get an answer (4xx). `failed`: another try may help. */
export type Answer = Reply | "refused" | "failed";

const TIMEOUT_MS = 4000;

/**
 * Sends `message` and waits for the reply. A string body with this content type is a "simple" request: no
 * preflight. `keepalive` lets it outlive the page. Never rejects.
 */
export async function post(url: string, message: ViewMessage | SignMessage, credentials: RequestCredentials = "omit"): Promise<Answer> {
  try {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), TIMEOUT_MS);
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(message),
      headers: { "Content-Type": "text/plain;charset=UTF-8" },
      credentials,
      keepalive: true,
      signal: abort.signal,
    });
    const { status } = response;
    if (/^4(?!08|29)/.test(`${status}`)) return "refused";
    const reply: unknown = await response.json();
    return status === 200 && isReply(reply) ? reply : "failed";
  } catch {
    return "failed";
  }
}

const isToken = (value: unknown): boolean => value == null || /^.{1,512}$/.test(value as string);
const areDigits = (values: unknown[]): boolean => values.every(value => /^\d{3,20}$/.test(value as string));

/** Whether `body` is what the contract promises: a half-understood reply changes no page. Throws on what is not even close. */
export function isReply(body: unknown): body is Reply {
  const { v, session, visitor, beat_s, hold_s, targets } = body as Reply & { v: number };
  return (
    v === 1 &&
    isToken(session) &&
    isToken(visitor) &&
    beat_s > 0 &&
    hold_s >= 0 &&
    targets.every(
      ({ forms, tracking }) =>
        areDigits(forms.map(({ digits }) => digits)) &&
        (!tracking ||
          (tracking.international && tracking.national && areDigits([tracking.number.slice(1), ...Object.values(tracking.digits)]))),
    )
  );
}
