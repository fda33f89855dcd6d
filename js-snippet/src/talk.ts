/** The conversation of one loaded page with the service: numbers its messages and takes in the replies. */

import { tagCookies } from "./cookie.ts";
import { keep, me } from "./identity.ts";
import { shown } from "./numbers.ts";
import type { Settings } from "./settings.ts";
import type { Known, Message, Reply, SignalName, SignMessage, ViewMessage, Want } from "./wire.ts";

const TIMEOUT_MS = 4000;

/** Hears what a page view asked for, nothing for a beat. */
type Hear = (reply: Reply, asked?: Want) => void;

let tag: Settings;
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
let isViewed: boolean;
// This page will never get an answer.
let isRefused = false;
let lastAnswer: Promise<void> | undefined;
let lastView: Promise<void> | undefined;

/** Begins; `link` is the token that the page's address had. */
export function openTalk(settings: Settings, linkToken: string | undefined, onReply: Hear): void {
  tag = settings;
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
  referrer = from;
  want = "auto";
}

const heading = (): Message => ({ v: 1, key: tag.key, page, seq: ++seq, ...known });

const signMessage = (kind: SignMessage["kind"]): SignMessage => ({ ...heading(), kind, session: me.session!, shown: shown() });

/**
 * Sends `message` and takes in the reply. Text is a "simple" request: no preflight. `keepalive` lets it outlive the page.
 * Never rejects: whatever goes wrong, it is as if no answer had come.
 */
async function say(path: string, message: ViewMessage | SignMessage, asked?: Want, view = newest): Promise<void> {
  try {
    const response = await fetch(tag.endpoint + path, {
      method: "POST",
      body: JSON.stringify(message),
      credentials: tag.cookies === "server" ? "include" : "omit",
      keepalive: true,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    });
    isRefused ||= /^4(?!08|29)/.test(`${response.status}`);
    const reply: Reply = await response.json();
    if (reply.v !== 1) return;
    keep(reply, asked);
    if (message.page !== page) return;
    hear(reply, asked);
    if (!asked) return;
    link = undefined;
    isViewed ||= view === newest;
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
  isViewed = false;
  for (const pause_ms of [0, 1000 + Math.random() * 1000]) {
    // A service that was away for a moment should not meet everybody at once.
    if (pause_ms) await new Promise(resolve => setTimeout(resolve, pause_ms));
    await lastAnswer;
    if (mine !== newest) return lastView;
    if (isViewed || isRefused) break;
    await (lastAnswer = say(
      "/v1/lease",
      {
        ...heading(),
        ...me,
        want,
        url: href.slice(0, 4096),
        referrer: referrer.slice(0, 2048),
        link,
        cookies: me.consent?.ads ? tagCookies() : undefined,
        shown: shown(),
      },
      want,
    ));
    if (isViewed) break;
  }
  if (mine === newest) lastView = undefined;
}

/** An address without its filters and anchors; applications that have no server keep where they are behind the hash. */
const pageOf = (url: string) => url.replace(/\?[^#]*|#(?!!?\/).*/g, "");

/** A single-page application went to another page: it is viewed like any other. True when it did. */
export function turn(): boolean {
  const hasTurned = pageOf(href) !== pageOf(location.href);
  if (hasTurned) {
    newView(href);
    void view();
  }
  return hasTurned;
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
  if (isRefused || lastView) return;
  if (isViewed && me.session) lastAnswer = say("/v1/beat", signMessage("beat"));
  else void view();
}

/** Says by beacon, for the page is about to go, that it leaves or what the visitor did. */
export function beacon(name?: SignalName, target = "", ago_ms = 0): void {
  if (!me.session || isRefused) return;
  const message = { ...signMessage(name ? "beat" : "leave"), ...(name && { [name]: { target, ago_ms } }) };
  if (!navigator.sendBeacon(tag.endpoint + "/v1/beat", JSON.stringify(message))) void say("/v1/beat", message);
}

/** What the page knows of its visitor goes along with all that follows. */
export function tell(more: Known): void {
  known = { ...known, ...more };
  sign();
}
