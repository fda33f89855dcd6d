/** The contract of `docs/protocol.md`: its words as types, and the two ways to send. */

/** How a digit string on the page is written; see `forms` in the contract. */
export type Form = "international" | "national" | "significant";

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
  /** Digit strings to put into the page's own format, by form. */
  digits: Partial<Record<Form, string>>;
}

/** A business number that pages show. */
export interface Target {
  id: string;
  number: string;
  forms: { digits: string; form: Form }[];
  tier: string;
  /** Absent: leave the page's own number. */
  tracking?: Tracking;
}

export interface Reply {
  /** Absent when no session was opened. */
  session?: string;
  visitor?: string;
  /** Seconds between beats of a visible page. */
  beat_s: number;
  /** Seconds for which a number stays leased after the last sign of life. */
  hold_s: number;
  targets: Target[];
}

/** The tracking number (E.164) that is on the page for each target. */
export type Shown = Record<string, string>;

interface Message {
  v: 1;
  key: string;
  page: string;
  seq: number;
}

export interface ViewMessage extends Message {
  want: "now" | "later" | "none";
  url: string;
  referrer: string;
  session?: string;
  visitor?: string;
  consent?: Consent;
  /** Cookies of advertising tags, by name; only with consent to ads. */
  cookies?: Record<string, string>;
  shown?: Shown;
}

export interface SignMessage extends Message {
  kind: "beat" | "leave";
  session: string;
  shown: Shown;
  tel_click?: { target: string; ago_ms: number };
}

export type Path = "/v1/lease" | "/v1/beat";

/** `refused`: this page will never get an answer (4xx). `failed`: another try may help. */
export type Answer = Reply | "refused" | "failed";

/** Longest characters of `url`, `referrer` and a token that the contract allows. */
export const LONGEST = { url: 4096, referrer: 2048, token: 512 };

const TIMEOUT_MS = 4000;

/**
 * Sends `message` and waits for the reply. A string body with this content type and no credentials
 * is a "simple" request: no preflight. `keepalive` lets it outlive the page. Never rejects.
 */
export async function post(endpoint: string, path: Path, message: Message): Promise<Answer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(endpoint + path, {
      method: "POST",
      body: JSON.stringify(message),
      headers: { "Content-Type": "text/plain;charset=UTF-8" },
      credentials: "omit",
      keepalive: true,
      signal: abort.signal,
    });
    if (response.ok) return readReply(await response.json()) || "failed";
    const { status } = response;
    return status >= 400 && status < 500 && status !== 408 && status !== 429 ? "refused" : "failed";
  } catch {
    return "failed";
  } finally {
    clearTimeout(timer);
    // An answer that nobody reads would hold its connection.
    abort.abort();
  }
}

/** Sends `message` so that it leaves even when the page goes away this very moment. */
export function beacon(endpoint: string, path: Path, message: SignMessage): void {
  if (!navigator.sendBeacon || !navigator.sendBeacon(endpoint + path, JSON.stringify(message))) {
    void post(endpoint, path, message);
  }
}

/** The reply in `body`, or nothing when it is not one: a half-understood reply changes no page. */
export function readReply(body: unknown): Reply | undefined {
  const reply = body as Reply & { v: number };
  const readable =
    reply &&
    reply.v === 1 &&
    (reply.session == null || isToken(reply.session)) &&
    (reply.visitor == null || isToken(reply.visitor)) &&
    reply.beat_s > 0 &&
    reply.hold_s >= 0 &&
    Array.isArray(reply.targets) &&
    reply.targets.every(isTarget);
  return readable ? reply : undefined;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isToken = (value: unknown): boolean => isText(value) && value !== "" && value.length <= LONGEST.token;
const isDigits = (value: unknown): boolean => isText(value) && /^\d{3,20}$/.test(value);
const isE164 = (value: unknown): boolean => isText(value) && /^\+\d{5,15}$/.test(value);

function isTarget(target: Target): boolean {
  const { tracking } = target;
  return (
    isText(target.id) &&
    Array.isArray(target.forms) &&
    target.forms.every(form => isDigits(form.digits)) &&
    (tracking == null ||
      (isE164(tracking.number) &&
        isText(tracking.international) &&
        isText(tracking.national) &&
        Object.values(tracking.digits).every(isDigits)))
  );
}
