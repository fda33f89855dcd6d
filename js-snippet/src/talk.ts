/** The conversation of one loaded page with the service: numbers its messages and takes in the replies. */

import { tagCookies } from "./cookie.ts";
import type { Identity } from "./identity.ts";
import type { Settings } from "./settings.ts";
import { beacon, LONGEST, post, type Answer, type Reply, type Shown, type SignMessage, type ViewMessage } from "./wire.ts";

export interface Talk {
  /** Another page begins: it has its own id and its messages count from 1. */
  newPage(): void;
  /** A page view that asks for numbers. */
  view(): void;
  /** A sign of life; a page whose view was never answered asks again instead. */
  sign(): void;
  /** Said by beacon, for the page is about to go. */
  leave(): void;
  telClick(target: string, ago_ms: number): void;
}

export function openTalk(
  settings: Settings,
  identity: Identity,
  shown: () => Shown,
  onReply: (reply: Reply) => void,
): Talk {
  let page = drawPageId();
  let seq = 0;
  let views = 0;
  let viewing = false;
  let viewed = false;
  let refused = false;
  let lastPost: Promise<unknown> = Promise.resolve();

  const heading = () => ({ v: 1 as const, key: settings.key, page, seq: ++seq });

  const viewMessage = (): ViewMessage => {
    const session = identity.session();
    const visitor = identity.visitor();
    const consent = identity.consent();
    const onPage = shown();
    const cookies = consent && consent.ads && tagCookies();
    return {
      ...heading(),
      want: "now",
      url: location.href.slice(0, LONGEST.url),
      referrer: document.referrer.slice(0, LONGEST.referrer),
      ...(session && { session }),
      ...(visitor && { visitor }),
      ...(consent && { consent }),
      ...(cookies && { cookies }),
      ...(Object.keys(onPage).length && { shown: onPage }),
    };
  };

  const signMessage = (session: string, kind: SignMessage["kind"]): SignMessage => ({
    ...heading(),
    kind,
    session,
    shown: shown(),
  });

  /** Whether `answer` to a message of page `sender` was a reply. */
  const take = (answer: Answer, sender: string, isView: boolean): boolean => {
    if (sender !== page) return false;
    refused = refused || answer === "refused";
    if (typeof answer === "string") return false;
    identity.keep(answer, isView);
    onReply(answer);
    return true;
  };

  /**
   * At most one retry; a newer view (another page, another consent) ends an older one's tries. It waits for the answer
   * to the one before: that names the session, and a consent must not arrive before the one that it replaces.
   */
  const view = async () => {
    const mine = ++views;
    viewing = true;
    viewed = false;
    for (let tries = 0; tries < 2 && mine === views && !viewed && !refused; tries++) {
      // A service that was away for a moment should not meet everybody at once.
      if (tries) await pause(1000 + Math.random() * 1000);
      await lastPost;
      if (mine !== views) return;
      const sender = page;
      const answer = post(settings.endpoint, "/v1/lease", viewMessage());
      lastPost = answer;
      if (take(await answer, sender, true) && mine === views) viewed = true;
    }
    if (mine === views) viewing = false;
  };

  const talk: Talk = {
    newPage() {
      page = drawPageId();
      seq = 0;
    },

    view() {
      view().catch(() => {});
    },

    sign() {
      const session = identity.session();
      const sender = page;
      if (refused || viewing) return;
      if (!viewed || !session) return talk.view();
      post(settings.endpoint, "/v1/beat", signMessage(session, "beat"))
        .then(answer => take(answer, sender, false))
        .catch(() => {});
    },

    leave() {
      const session = identity.session();
      if (session && !refused) beacon(settings.endpoint, "/v1/beat", signMessage(session, "leave"));
    },

    telClick(target, ago_ms) {
      const session = identity.session();
      if (session) beacon(settings.endpoint, "/v1/beat", { ...signMessage(session, "beat"), tel_click: { target, ago_ms } });
    },
  };
  return talk;
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** 22 characters of a 64-letter alphabet: 132 random bits. */
function drawPageId(): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from(crypto.getRandomValues(new Uint8Array(22)), byte => letters[byte & 63]).join("");
}
