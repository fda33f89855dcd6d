/** The conversation of one loaded page with the service: numbers its messages and takes in the replies. */

import { tagCookies } from "./cookie.ts";
import { allow, keep, me } from "./identity.ts";
import { shown } from "./numbers.ts";
import { now } from "./safe.ts";
import { tag } from "./settings.ts";
import type { Known, Message, Signal, SignalName, SignMessage, ViewMessage, Want } from "./wire.ts";

const TIMEOUT_MS = 4000;
const LONGEST_KNOWN = 4096;
const BEAT = "/v1/beat";

/** Hears that a reply was taken in, and what a page view asked for; nothing for a beat. */
type Hear = (asked?: Want) => void;

let link: string | undefined;
let hear: Hear;
let page: string;
let seq: number;
let href: string;
let referrer: string;
let want: Want;
let known: Known = {};
// The newest view, and whether it was answered.
let newest = 0;
let isViewed: boolean | void;
// The page has left, or will never get an answer.
let isOver: boolean;
let lastAnswer: Promise<boolean | void> | undefined;
let lastView: Promise<void> | undefined;

/** When the page last said something. */
export let said: number;

/** Begins; `link` is the token that the page's address had. */
export function openTalk(linkToken: string | undefined, onReply: Hear): void {
  link = linkToken;
  hear = onReply;
  newView();
}

/** Another page begins: it has its own id, its messages count from 1, and it wants no number yet. */
export function newView(from = document.referrer): void {
  ({ href } = location);
  // 96 random bits.
  page = crypto.getRandomValues(new Uint32Array(3)).join("-");
  seq = 0;
  isOver = false;
  referrer = from;
  want = "auto";
}

function heading(): Message {
  said = now();
  return { v: 1, key: tag.key, page, seq: ++seq, session: me.session, shown: shown(), ...known };
}

/**
 * Sends `message` and takes in the reply. Text is a "simple" request: no preflight. `keepalive` lets it outlive the page.
 * Never rejects: whatever goes wrong, it is as if no answer had come.
 */
async function say(path: string, message: ViewMessage | SignMessage, asked?: Want): Promise<boolean | void> {
  try {
    const response = await fetch(tag.endpoint + path, {
      method: "POST",
      body: JSON.stringify(message),
      credentials: tag.cookies === "server" ? "include" : "omit",
      keepalive: true,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    isOver ||= /^4(?!08|29)/.test(response.status as unknown as string);
    const reply = await response.json();
    if (reply.v === 1) {
      keep(reply, asked);
      if (!isOver && message.page === page) hear(asked);
      return true;
    }
  } catch {
    // The page keeps what it has.
  }
}

/** A page view. It is over when it, or the newer one that took its place, was answered or given up. */
export const view = (): Promise<void> => (lastView = viewNow(++newest));

/**
 * At most one retry; a newer view (another page, another consent) ends an older one's tries. It waits for the answer to
 * the one before: that names the session, and a consent must not arrive before the one that it replaces.
 */
async function viewNow(mine: number): Promise<void> {
  for (const pause_ms of [1000 + Math.random() * 1000, 0]) {
    await lastAnswer;
    if (mine !== newest) return lastView;
    // That answered what was said before: what was withdrawn meanwhile stays withdrawn, even if nobody hears of it.
    if (me.consent?.analytics === false) allow({});
    if (isOver) break;
    lastAnswer = say(
      "/v1/lease",
      {
        ...heading(),
        ...me,
        want,
        url: href.slice(0, 4096),
        referrer: referrer.slice(0, 2048),
        link,
        cookies: me.consent?.ads ? tagCookies() : undefined,
      },
      want,
    );
    isViewed = await lastAnswer;
    if (isViewed) {
      link = undefined;
      break;
    }
    // A service that was away for a moment should not meet everybody at once.
    await new Promise(resolve => setTimeout(resolve, pause_ms));
  }
  if (mine === newest) lastView = undefined;
}

/** An address without its filters and anchors; applications that have no server keep where they are behind the hash. */
const pageOf = (url: string) => url.replace(/\?[^#]*|#(?!!?\/).*/g, "");

/** Looks whether a single-page application went to another page, which is viewed like any other. */
export function turn(): void {
  if (isOver || pageOf(href) === pageOf(location.href)) return;
  newView(href);
  void view();
}

/** Wants a number from now on; done when that was answered, or not. */
export function wantNow(): Promise<void> | undefined {
  if (want === "auto") {
    want = "now";
    void view();
  }
  return lastView;
}

/** A sign of life; a page whose view was never answered asks again instead. */
export function sign(): void {
  if (isOver || lastView) return;
  if (isViewed && me.session) lastAnswer = say(BEAT, { ...heading(), kind: "beat" });
  else void view();
}

/** Says by beacon, for the page is about to go, that it leaves or what the visitor did. */
export function beacon(kind: SignMessage["kind"], signal?: Partial<Record<SignalName, Signal>>): void {
  if (!me.session || isOver) return;
  const message = { ...heading(), kind, ...signal };
  if (!navigator.sendBeacon(tag.endpoint + BEAT, JSON.stringify(message))) void say(BEAT, message);
}

/** Leaves the page; it says nothing more. */
export function leave(): void {
  beacon("leave");
  isOver = true;
}

/** What the page knows of its visitor goes along with all that follows, as it is now; no more than fits. */
export function tell(more: Known): void {
  const text = JSON.stringify({ ...known, ...more });
  if (text.length < LONGEST_KNOWN) known = JSON.parse(text);
  sign();
}
