/** When a page gives a sign of life. The schedule is the contract's: "When the snippet sends what". */

import { newPage, reply } from "./identity.ts";
import { look } from "./intent.ts";
import { release } from "./numbers.ts";
import { listen, now, safe } from "./safe.ts";
import { leave, newView, said, sign, turn, view } from "./talk.ts";

// For how long a page that nobody touches, or sees, goes on; a hidden one gives five signs.
const IDLE_S = 30 * 60;
const HIDDEN_S = 5.5 * 60;
const HIDDEN_BEAT_S = 60;
// Half a look at the clock: what is due between two of them is due at the nearer one.
const SOON_S = 0.5;

let touched: number;

const since_s = (moment: number) => (now() - moment) / 1000;

/** Starts the schedule. */
export function live(): void {
  const touch = () => {
    touched = now();
  };
  // Looks at the clock once a second: it may stand still while the page is frozen.
  const tick = () => {
    const { hidden } = document;
    if (!hidden) look();
    turn();
    if (since_s(said) + SOON_S > (hidden ? HIDDEN_BEAT_S : reply.beat_s) && since_s(touched) < (hidden ? HIDDEN_S : IDLE_S)) sign();
  };
  setInterval(safe(tick), 1000);
  touch();

  listen(document, "pointerdown pointermove keydown scroll", touch);
  listen(document, "visibilitychange", () => {
    touch();
    if (document.hidden) sign();
  });
  listen(window, "pagehide", leave);
  listen(window, "pageshow", event => {
    if (!(event as PageTransitionEvent).persisted) return;
    // From the back/forward cache.
    touch();
    newPage();
    release();
    newView();
    void view();
  });
  // Pages that come from the back/forward cache resume too, before their `pageshow`: they have left, and say nothing.
  listen(document, "resume", view);
}
