/** The snippet is a guest: whatever goes wrong inside it must not reach the page, and when it ends nothing is left. */

/** `work`, wrapped so that it never throws into the page or its console; then it gives nothing. */
export const safe =
  <A extends unknown[], R>(work: (...args: A) => R) =>
  (...args: A): R | undefined => {
    try {
      return work(...args);
    } catch {
      // The page keeps what it has; there is nobody to tell.
      return;
    }
  };

/** Aborted when the snippet ends. */
export const ending = new AbortController();

/** Hears of events before the page does, and cannot stop them; `types` are separated by spaces. */
export const listen = (target: EventTarget, types: string, listener: (event: Event) => void): void =>
  types.split(" ").forEach(type => target.addEventListener(type, safe(listener), { capture: true, signal: ending.signal }));

/** Milliseconds by the monotonic clock: the device's wall clock may be wrong or jump. */
export const now = (): number => performance.now();
