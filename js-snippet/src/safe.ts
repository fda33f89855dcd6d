/** The snippet is a guest: whatever goes wrong inside it must not reach the page, and when it ends nothing is left. */

/** `work`, wrapped so that it never throws into the page or its console. */
export function safe<A extends unknown[]>(work: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      work(...args);
    } catch {
      // The page keeps what it has; there is nobody to tell.
    }
  };
}

/** Aborted when the snippet ends. */
export const ending = new AbortController();

/** Hears of events before the page does, and cannot stop them; `types` are separated by spaces. */
export function listen(target: EventTarget, types: string, listener: (event: Event) => void): void {
  for (const type of types.split(" ")) {
    target.addEventListener(type, safe(listener), { capture: true, passive: true, signal: ending.signal });
  }
}

/** Milliseconds by the monotonic clock: the device's wall clock may be wrong or jump. */
export const now = (): number => performance.now();

export const isHidden = (): boolean => document.visibilityState === "hidden";
