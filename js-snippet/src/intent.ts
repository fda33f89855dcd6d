/** When a visitor may want to call: a number is in or near view, or the page was looked at for a while. */

import { safe } from "./safe.ts";
import { wantNow } from "./talk.ts";
import type { LeaseWhen } from "./wire.ts";

let places: IntersectionObserver | false | undefined;
let secondsLeft: number | undefined;

/** Waits for intent from now on; without a rule, no more. */
export function wait({ visible, after_s }: LeaseWhen = {}): void {
  secondsLeft = after_s;
  if (places) places.disconnect();
  // Near is half a window away.
  places = visible && new IntersectionObserver(safe(seen => seen.some(place => place.isIntersecting) && wish()), { rootMargin: "50%" });
}

const wish = () => {
  wait();
  wantNow();
};

/** `element` has a number. */
export const place = (element: Element): unknown => places && places.observe(element);

/** The page was looked at for another second. */
export const look = (): unknown => --secondsLeft! === 0 && wish();
