/** Who this page belongs to: the two tokens, in memory and, where allowed, in cookies. */

import { LONGEST_LIFE_S, readCookie, writeCookie } from "./cookie.ts";
import type { Consent, Reply } from "./wire.ts";

const SESSION = "rt_session";
const VISITOR = "rt_visitor";

export interface Identity {
  session(): string | undefined;
  visitor(): string | undefined;
  consent(): Consent | undefined;
  setConsent(consent: Consent): void;
  keep(reply: Reply, isView: boolean): void;
}

/**
 * A page takes its session from the cookie once and keeps it while it lives. Memory comes first, so that everything
 * works without cookies, and so that a campaign click in another tab does not change this page's session.
 */
export function openIdentity(initial: Consent | undefined): Identity {
  let consent = initial;
  let session: string | undefined;
  let visitor: string | undefined;

  const mayStore = () => !consent || consent.analytics;
  const applyConsent = () => {
    if (mayStore()) {
      session = session || readCookie(SESSION);
      visitor = visitor || readCookie(VISITOR);
    } else {
      visitor = undefined;
      removeCookie(SESSION);
      removeCookie(VISITOR);
    }
  };
  applyConsent();

  return {
    session: () => session,
    visitor: () => visitor,
    consent: () => consent,

    setConsent(next) {
      consent = next;
      applyConsent();
    },

    /** The newest token replaces the one before. */
    keep(reply, isView) {
      // A beat must not put an older session back over the one that another tab has started since.
      const ownsCookie = isView || readCookie(SESSION) === session;
      session = reply.session || session;
      if (isView || reply.visitor) visitor = reply.visitor;
      if (!mayStore()) return;
      if (ownsCookie && session) writeCookie(SESSION, session);
      if (visitor) writeCookie(VISITOR, visitor, LONGEST_LIFE_S);
      else removeCookie(VISITOR);
    },
  };
}

function removeCookie(name: string): void {
  if (readCookie(name)) writeCookie(name, "", 0);
}
