/** Who this page belongs to: the two tokens, in memory and, as far as the visitor's mode allows, on the device. */

import { LONGEST_LIFE_S, readCookie, writeCookie } from "./cookie.ts";
import { safe } from "./safe.ts";
import { tag } from "./settings.ts";
import type { Consent, Reply, Target } from "./wire.ts";

const SESSION = "rt_session";
const VISITOR = "rt_visitor";

type Kept = Reply & { at: number };

/** What of the visitor's consent changes: what is absent stays as it was. */
export type Change = { [Purpose in keyof Consent]?: boolean | undefined };

/**
 * As the messages tell it. A page takes its session from the device once and keeps it while it lives. Memory comes first, so
 * that everything works without storage, and so that a campaign click in another tab does not change this page's session.
 */
export const me: { session?: string | undefined; visitor?: string | undefined; consent?: Consent } = {};

/** The newest reply, when it came, and the session that it belongs to even when it does not say. */
export let reply = { beat_s: 30, targets: [] as Target[] } as Kept;

// The tab keeps the newest reply with the session's token; the head snippet reads it, too.
const readTab = safe((): Kept => JSON.parse(sessionStorage.rt_reply));
const writeTab = safe(() =>
  reply.mode === "none" ? delete sessionStorage.rt_reply : reply.at && (sessionStorage.rt_reply = JSON.stringify(reply)),
);

/** Knows the visitor by what the device kept. */
export function recall(): void {
  me.session ||= readCookie(SESSION) || readTab()?.session;
  me.visitor ||= readCookie(VISITOR);
}

function store(ownsCookie: unknown): void {
  const isFull = reply.mode === "full";
  const isCookie = isFull && (tag.storage || reply.storage) !== "tab";
  if (ownsCookie || !isCookie) writeCookie(SESSION, isCookie ? me.session : undefined);
  writeCookie(VISITOR, isFull ? me.visitor : undefined, LONGEST_LIFE_S);
  writeTab();
}

/** What the visitor allows from now on; what was never said is denied. */
export function allow({ analytics = me.consent?.analytics, ads = me.consent?.ads }: Change): void {
  me.consent = { analytics: !!analytics, ads: !!ads };
  // Until the service says, what the page said counts.
  reply.mode = analytics ? "full" : "none";
  if (analytics) recall();
  else me.visitor = undefined;
  store(!readCookie(SESSION));
}

/** Takes a reply in: the newest token replaces the one before. */
export function keep(news: Reply, isView: unknown): void {
  // A beat must not put an older session back over the one that another tab has started since.
  const ownsCookie = isView || readCookie(SESSION) === me.session;
  reply = { session: me.session, session_id: reply.session_id, ...news, at: Date.now() };
  me.session = reply.session;
  if (isView || news.visitor) me.visitor = news.visitor;
  store(ownsCookie);
}

/** Another page begins: where nothing may be kept, it is a session of its own. */
export function newPage(): void {
  if (reply.mode === "none") me.session = undefined;
}

/** Goes on with the last reply of this tab while its numbers are surely held; true when the visitor came from another page of it just now. */
export const remember = safe((): boolean => {
  const news = readTab()!;
  const age_s = (Date.now() - news.at) / 1000;
  const isHeld = age_s >= 0 && age_s < news.hold_s && document.referrer.startsWith(origin + "/");
  if (isHeld) reply = news;
  return isHeld;
});
