/** The snippet is a guest: whatever goes wrong inside it must not reach the page. */

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

/** Milliseconds by the monotonic clock: the device's wall clock may be wrong or jump. */
export const now = (): number => performance.now();
