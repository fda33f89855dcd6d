/** Who this page belongs to: the two tokens, in memory and, as far as the visitor's mode allows, on the device. */

import { LONGEST_LIFE_S, ofTab, readCookie, writeCookie } from "./cookie.ts";
import { isReply, type Consent, type Mode, type Reply } from "./wire.ts";

const SESSION = "rt_session";
const VISITOR = "rt_visitor";
/** The last reply; the head snippet reads it, too. */
const REPLY = "rt_reply";

/** As the messages tell it. */
export interface Identity {
  session?: string | undefined;
  visitor?: string | undefined;
  consent?: Consent;
}

export interface IdentityKeeper {
  readonly me: Identity;
  /** What the visitor allows from now on. */
  allow(consent: Consent): void;
  keep(reply: Reply, isView: boolean): void;
  /** Another page begins: where nothing may be kept, it is a session of its own. */
  newPage(): void;
}

/**
 * A page takes its session from the device once and keeps it while it lives. Memory comes first, so that everything
 * works without storage, and so that a campaign click in another tab does not change this page's session.
 */
export function openIdentity(storage?: string): IdentityKeeper {
  const me: Identity = {};
  // Until the service says, only what the page said counts.
  let mode: Mode | undefined;

  const recall = () => {
    me.session = me.session || readCookie(SESSION) || ofTab(SESSION) || undefined;
    me.visitor = me.visitor || readCookie(VISITOR);
  };
  const store = (ownsCookie: boolean) => {
    const isFull = mode === "full";
    const isOfTab = storage === "tab" || !isFull;
    if (isOfTab) writeCookie(SESSION);
    else if (ownsCookie) writeCookie(SESSION, me.session);
    ofTab(SESSION, (isOfTab && mode !== "none" && me.session) || "");
    writeCookie(VISITOR, isFull ? me.visitor : "", LONGEST_LIFE_S);
    if (mode === "none") ofTab(REPLY, "");
  };
  recall();

  return {
    me,

    allow(consent) {
      me.consent = consent;
      mode = consent.analytics ? "full" : "none";
      if (consent.analytics) recall();
      else me.visitor = undefined;
      store(!readCookie(SESSION));
    },

    /** The newest token replaces the one before. */
    keep(reply, isView) {
      // A beat must not put an older session back over the one that another tab has started since.
      const ownsCookie = isView || readCookie(SESSION) === me.session;
      mode = reply.mode || (me.consent?.analytics === false ? "none" : "full");
      storage = storage || reply.settings?.storage;
      me.session = reply.session || me.session;
      if (isView || reply.visitor) me.visitor = reply.visitor;
      store(ownsCookie);
      if (mode !== "none") ofTab(REPLY, JSON.stringify({ ...reply, session: undefined, visitor: undefined, link: undefined, at: Date.now() }));
    },

    newPage() {
      if (mode === "none") me.session = undefined;
    },
  };
}

/** The last reply of this tab while its numbers are surely held: the visitor came from another page of it just now. */
export function remembered(): Reply | undefined {
  try {
    const reply = JSON.parse(ofTab(REPLY)!);
    const age_s = (Date.now() - reply.at) / 1000;
    return age_s >= 0 && age_s < reply.hold_s && document.referrer.startsWith(location.origin + "/") && isReply(reply) ? reply : undefined;
  } catch {
    return;
  }
}
