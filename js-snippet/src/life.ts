/** When a page gives a sign of life. The schedule is the contract's: "When the snippet sends what". */

import { now, safe } from "./safe.ts";
import { dialledDigits } from "./swap.ts";
import type { Talk } from "./talk.ts";

const MINUTE_MS = 60_000;
const IDLE_MS = 30 * MINUTE_MS;
const HIDDEN_BEATS = 5;
const SHORTEST_BEAT_S = 5;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "scroll"];

export interface Life {
  /** The service's wish for the time between beats. */
  pace(beat_s: number): void;
}

/**
 * Starts the schedule. `onReturn` is called when the page comes back from the back/forward cache; `dialled` tells the
 * target whose tracking number the digits of a `tel:` link are.
 */
export function live(talk: Talk, dialled: (digits: string) => string | undefined, onReturn: () => void): Life {
  let beatMs = 30_000;
  let lastSign = now();
  let lastInput = lastSign;
  let hiddenBeats = 0;
  let left = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isHidden = () => document.visibilityState === "hidden";
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
  const on = (target: EventTarget, type: string, listener: (event: Event) => void) =>
    target.addEventListener(type, safe(listener), { capture: true, passive: true });

  on(document, "visibilitychange", () => {
    if (left) return;
    hiddenBeats = 0;
    lastInput = now();
    if (isHidden()) sayAndSchedule(talk.sign);
    else schedule();
  });

  for (const input of INPUTS) {
    on(document, input, () => {
      const wasIdle = isIdle();
      lastInput = now();
      if (wasIdle) schedule();
    });
  }

  on(window, "pagehide", () => {
    if (left) return;
    left = true;
    clearTimeout(timer);
    talk.leave();
  });

  on(window, "pageshow", event => {
    if (!(event as PageTransitionEvent).persisted) return;
    left = false;
    lastInput = now();
    onReturn();
    talk.newPage();
    sayAndSchedule(talk.view);
  });

  // Pages that come from the back/forward cache resume too, before their `pageshow`.
  on(document, "resume", () => {
    if (!left) sayAndSchedule(talk.view);
  });

  on(document, "click", event => {
    const link = event.target instanceof Element && event.target.closest("a[href],area[href]");
    const digits = link && dialledDigits(link.getAttribute("href")!);
    const target = digits && dialled(digits);
    if (target) talk.telClick(target, Math.max(0, Math.round(now() - event.timeStamp)));
  });

  schedule();
  return {
    pace(beat_s) {
      beatMs = Math.max(SHORTEST_BEAT_S, beat_s) * 1000;
      schedule();
    },
  };
}
