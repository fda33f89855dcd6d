/** When a visitor may want to call: a number is in or near view, or the page was looked at for a while. */

import { safe } from "./safe.ts";
import { wantNow } from "./talk.ts";
import type { SiteSettings } from "./wire.ts";

let places: IntersectionObserver | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

export function stopWaiting(): void {
  places?.disconnect();
  places = undefined;
  clearInterval(timer);
}

const wish = () => {
  stopWaiting();
  wantNow();
};

/** `element` has a number. */
export const place = (element: Element): void => places?.observe(element);

/** Waits for intent from now on. */
export function wait({ visible, after_s }: NonNullable<SiteSettings["lease_when"]>): void {
  stopWaiting();
  let seconds = 0;
  if (after_s) timer = setInterval(safe(() => document.hidden || ++seconds < after_s || wish()), 1000);
  // Near is half a window away.
  if (visible) places = new IntersectionObserver(safe(seen => seen.some(({ isIntersecting }) => isIntersecting) && wish()), { rootMargin: "50%" });
}
