/** When a visitor may want to call: a number is in or near view, or the page was looked at for a while. */

import { isHidden, safe } from "./safe.ts";
import type { SiteSettings } from "./wire.ts";

export interface Intent {
  /** `element` has a number. */
  place(element: Element): void;
  /** Waits for intent from now on. */
  wait(when: SiteSettings["lease_when"]): void;
  stop(): void;
}

export function openIntent(onIntent: () => void): Intent {
  let places: IntersectionObserver | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    places?.disconnect();
    places = undefined;
    clearInterval(timer);
  };
  const wish = () => {
    stop();
    onIntent();
  };
  return {
    stop,

    place(element) {
      places?.observe(element);
    },

    wait({ visible = true, after_s } = {}) {
      stop();
      let seconds = 0;
      if (after_s) timer = setInterval(safe(() => (isHidden() || ++seconds < after_s ? 0 : wish())), 1000);
      // Near is half a window away.
      if (visible) {
        places = new IntersectionObserver(
          safe((seen: IntersectionObserverEntry[]) => seen.some(({ isIntersecting }) => isIntersecting) && wish()),
          { rootMargin: "50%" },
        );
      }
    },
  };
}
