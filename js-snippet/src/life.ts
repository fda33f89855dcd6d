/** When a page gives a sign of life. The schedule is the contract's: "When the snippet sends what". */

import { isHidden, listen, now, safe } from "./safe.ts";
import type { Talk } from "./talk.ts";

const MINUTE_MS = 60_000;
const IDLE_MS = 30 * MINUTE_MS;
const HIDDEN_BEATS = 5;
const SHORTEST_BEAT_S = 5;
const INPUTS = "pointerdown pointermove keydown wheel touchstart scroll";

export interface Life {
  /** The service's wish for the time between beats. */
  pace(beat_s: number): void;
  /** No more signs. */
  end(): void;
}

/** Starts the schedule. `onReturn` is called when the page comes back from the back/forward cache. */
export function live(talk: Talk, onReturn: () => void): Life {
  let beatMs = 30_000;
  let lastSign = now();
  let lastInput = lastSign;
  let hiddenBeats = 0;
  let left = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isIdle = () => now() - lastInput >= IDLE_MS;

  const schedule = () => {
    clearTimeout(timer);
    if (left || (isHidden() ? hiddenBeats >= HIDDEN_BEATS : isIdle())) return;
    const due = lastSign + (isHidden() ? MINUTE_MS : beatMs);
    timer = setTimeout(tick, Math.max(0, due - now()));
  };
  const sayAndSchedule = (say: () => void) => {
    lastSign = now();
    say();
    schedule();
  };
  const tick = safe(() => {
    if (isHidden()) hiddenBeats++;
    if (isHidden() || !isIdle()) sayAndSchedule(talk.sign);
  });
  listen(document, "visibilitychange", () => {
    if (left) return;
    hiddenBeats = 0;
    lastInput = now();
    if (isHidden()) sayAndSchedule(talk.sign);
    else schedule();
  });

  listen(document, INPUTS, () => {
    const wasIdle = isIdle();
    lastInput = now();
    if (wasIdle) schedule();
  });

  const end = () => {
    if (left) return;
    left = true;
    clearTimeout(timer);
    talk.leave();
  };
  listen(window, "pagehide", end);

  listen(window, "pageshow", event => {
    if (!(event as PageTransitionEvent).persisted) return;
    left = false;
    lastInput = now();
    onReturn();
    sayAndSchedule(talk.view);
  });

  // Pages that come from the back/forward cache resume too, before their `pageshow`.
  listen(document, "resume", () => {
    if (!left) sayAndSchedule(talk.view);
  });

  schedule();
  return {
    end,

    pace(beat_s) {
      beatMs = Math.max(SHORTEST_BEAT_S, beat_s) * 1000;
      schedule();
    },
  };
}
