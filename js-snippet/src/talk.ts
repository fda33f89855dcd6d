/** The conversation of one loaded page with the service: numbers its messages and takes in the replies. */

import { tagCookies } from "./cookie.ts";
import type { IdentityKeeper } from "./identity.ts";
import type { Settings } from "./settings.ts";
import { post, type Known, type Reply, type Shown, type SignalName, type SignMessage, type ViewMessage } from "./wire.ts";

type Want = ViewMessage["want"];

export interface Talk {
  /** Another page begins: it has its own id, its messages count from 1, and it wants no number yet. */
  newPage(referrer: string): void;
  /** A page view. */
  view(): void;
  /** Wants a number from now on. */
  want(): void;
  /** A sign of life; a page whose view was never answered asks again instead. */
  sign(): void;
  /** Said by beacon, for the page is about to go. */
  leave(): void;
  /** The same for what the visitor did. */
  signal(name: SignalName, target: string, ago_ms: number): void;
  /** What the page knows of its visitor goes along with all that follows. */
  tell(known: Known): void;
}

/** `onReply` hears what a page view asked for, nothing for a beat, and no reply when a view got none. */
export function openTalk(
  { key, endpoint, cookies }: Settings,
  { me, keep }: IdentityKeeper,
  link: string | undefined,
  shown: () => Shown,
  onReply: (reply?: Reply, asked?: Want) => void,
): Talk {
  let page: string;
  let seq: number;
  let referrer: string;
  let want: Want;
  let known: Known = {};
  let newest: unknown;
  let isViewing = false;
  let isViewed = false;
  let isRefused = false;
  let lastAnswer: unknown;

  const heading = () => ({ v: 1 as const, key, page, seq: ++seq, ...known });
  const signMessage = (kind: SignMessage["kind"]): SignMessage => ({ ...heading(), kind, session: me.session!, shown: shown() });

  /** Sends a message and takes in its answer; `isCurrent` is asked whether that still matters to this page. */
  const say = async (path: string, message: ViewMessage | SignMessage, asked?: Want, view = newest) => {
    const answer = await (lastAnswer = post(endpoint + path, message, cookies === "server" ? "include" : "omit"));
    isRefused = isRefused || answer === "refused";
    if (typeof answer === "string") return;
    keep(answer, !!asked);
    if (message.page !== page) return;
    if (asked) link = undefined;
    if (asked && view === newest) {
      isViewed = true;
      isViewing = false;
    }
    onReply(answer, asked);
  };

  const beacon = (message: SignMessage) => {
    const url = endpoint + "/v1/beat";
    if (me.session && !isRefused && !navigator.sendBeacon(url, JSON.stringify(message))) void post(url, message);
  };

  /**
   * At most one retry; a newer view (another page, another consent) ends an older one's tries. It waits for the answer
   * to the one before: that names the session, and a consent must not arrive before the one that it replaces.
   */
  const view = async () => {
    const mine = (newest = {});
    isViewing = true;
    isViewed = false;
    for (const pause_ms of [0, 1000 + Math.random() * 1000]) {
      // A service that was away for a moment should not meet everybody at once.
      if (pause_ms) await new Promise(resolve => setTimeout(resolve, pause_ms));
      await lastAnswer;
      if (mine !== newest) return;
      if (isRefused) break;
      const onPage = shown();
      await say(
        "/v1/lease",
        {
          ...heading(),
          ...me,
          want,
          url: location.href.slice(0, 4096),
          referrer: referrer.slice(0, 2048),
          link,
          cookies: me.consent?.ads ? tagCookies() : undefined,
          shown: Object.keys(onPage)[0] ? onPage : undefined,
        },
        want,
      );
      if (mine !== newest || isViewed) return;
    }
    isViewing = false;
    onReply();
  };

  const talk: Talk = {
    newPage(from) {
      // 110 random bits.
      page = Array.from(crypto.getRandomValues(new Uint8Array(22)), byte => (byte & 31).toString(32)).join("");
      seq = 0;
      referrer = from;
      want = "auto";
    },

    view() {
      void view();
    },

    want() {
      if (want === "now") return;
      want = "now";
      talk.view();
    },

    sign() {
      if (isRefused || isViewing) return;
      if (isViewed && me.session) void say("/v1/beat", signMessage("beat"));
      else talk.view();
    },

    leave: () => beacon(signMessage("leave")),

    signal: (name, target, ago_ms) => beacon({ ...signMessage("beat"), [name]: { target, ago_ms: Math.max(0, Math.round(ago_ms)) } }),

    tell(more) {
      known = { ...known, ...more };
      talk.sign();
    },
  };
  talk.newPage(document.referrer);
  return talk;
}
