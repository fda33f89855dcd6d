/** Who this page belongs to: the two tokens, in memory and, as far as the visitor's mode allows, on the device. */

import { LONGEST_LIFE_S, readCookie, readTab, writeCookie, writeTab } from "./cookie.ts";
import { safe } from "./safe.ts";
import type { Consent, Mode, Reply } from "./wire.ts";

const SESSION = "rt_session";
const VISITOR = "rt_visitor";
/** The last reply; the head snippet reads it, too. */
const REPLY = "rt_reply";

/**
 * As the messages tell it. A page takes its session from the device once and keeps it while it lives. Memory comes first, so
 * that everything works without storage, and so that a campaign click in another tab does not change this page's session.
 */
export const me: { session?: string | undefined; visitor?: string | undefined; consent?: Consent } = {};

// Until the service says, only what the page said counts.
let mode: Mode | undefined;
let isOfTab: boolean;

/** The plain id of the session. */
export let session_id: string | undefined;

let reply: string | undefined;

/** Knows the visitor by what the device kept; `storage` is the tag's word. */
export function recall(storage?: string): void {
  isOfTab ||= storage === "tab";
  reply ||= readTab(REPLY);
  me.session ||= readCookie(SESSION) || readTab(SESSION);
  me.visitor ||= readCookie(VISITOR);
}

function store(ownsCookie: boolean): void {
  const isFull = mode === "full";
  const isCookie = isFull && !isOfTab;
  const isKept = mode !== "none";
  if (ownsCookie || !isCookie) writeCookie(SESSION, isCookie ? me.session : "");
  writeTab(SESSION, !isCookie && isKept && me.session);
  writeCookie(VISITOR, isFull ? me.visitor : "", LONGEST_LIFE_S);
  writeTab(REPLY, isKept && reply);
}

/** What the visitor allows from now on. */
export function allow(consent: Consent): void {
  me.consent = consent;
  mode = consent.analytics ? "full" : "none";
  if (consent.analytics) recall();
  else me.visitor = undefined;
  store(!readCookie(SESSION));
}

/** The newest token replaces the one before. */
export function keep(news: Reply, isView: unknown): void {
  // A beat must not put an older session back over the one that another tab has started since.
  const ownsCookie = !!isView || readCookie(SESSION) === me.session;
  mode = news.mode || (me.consent?.analytics === false ? "none" : "full");
  isOfTab ||= news.settings?.storage === "tab";
  me.session = news.session || me.session;
  session_id = news.session_id || session_id;
  if (isView || news.visitor) me.visitor = news.visitor;
  reply = JSON.stringify({ ...news, at: Date.now() });
  store(ownsCookie);
}

/** Another page begins: where nothing may be kept, it is a session of its own. */
export function newPage(): void {
  if (mode === "none") me.session = undefined;
}

/** The last reply of this tab while its numbers are surely held: the visitor came from another page of it just now. */
export const remembered = safe((): Reply | undefined => {
  const news = JSON.parse(readTab(REPLY)!);
  const age_s = (Date.now() - news.at) / 1000;
  return age_s >= 0 && age_s < news.hold_s && document.referrer.startsWith(location.origin + "/") ? news : undefined;
});
