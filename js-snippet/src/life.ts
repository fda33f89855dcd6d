/** When a page gives a sign of life. The schedule is the contract's: "When the snippet sends what". */

import { newPage } from "./identity.ts";
import { release } from "./numbers.ts";
import { listen, now, safe } from "./safe.ts";
import { beacon, newView, sign, turn, view } from "./talk.ts";

const MINUTE_MS = 60_000;
const IDLE_MS = 30 * MINUTE_MS;
const HIDDEN_BEATS = 5;
// Half a look at the clock: what is due between two of them is due at the nearer one.
const SOON_MS = 500;

let beatMs = 30_000;
let lastSign: number;
let lastInput: number;
let hiddenBeats = 0;
let left = false;

const sayNow = (say: () => void) => {
  lastSign = now();
  say();
};

/** The service's wish for the time between beats. */
export const pace = (beat_s: number): void => {
  beatMs = beat_s * 1000;
};

/** Leaves the page; no more signs. */
export function end(): void {
  if (!left) beacon();
  left = true;
}

const signOrTurn = () => turn() || sign();

/** Starts the schedule. */
export function live(): void {
  const input = () => {
    lastInput = now();
  };
  // Looks at the clock once a second: it may stand still while the page is frozen.
  const tick = () => {
    const waited = now() - lastSign + SOON_MS;
    if (left || (document.hidden ? waited < MINUTE_MS || ++hiddenBeats > HIDDEN_BEATS : waited < beatMs || now() - lastInput > IDLE_MS)) return;
    sayNow(signOrTurn);
  };
  setInterval(safe(tick), 1000);
  sayNow(input);

  listen(document, "pointerdown pointermove keydown wheel touchstart scroll", input);
  listen(document, "visibilitychange", () => {
    hiddenBeats = 0;
    input();
    if (document.hidden && !left) sayNow(signOrTurn);
  });
  listen(window, "pagehide", end);
  listen(window, "pageshow", event => {
    if (!(event as PageTransitionEvent).persisted) return;
    left = false;
    input();
    // From the back/forward cache.
    newPage();
    release();
    newView();
    sayNow(view);
  });
  // Pages that come from the back/forward cache resume too, before their `pageshow`.
  listen(document, "resume", () => {
    if (!left) sayNow(view);
  });
}
