/** Ringtrace's snippet. Shows every visitor a phone number of their own; on any failure the page stays as it is. */

import { openIdentity } from "./identity.ts";
import { live, type Life } from "./life.ts";
import { openNumbers } from "./numbers.ts";
import { observe } from "./observe.ts";
import { safe } from "./safe.ts";
import { readSettings, type Settings } from "./settings.ts";
import { openSwapper } from "./swap.ts";
import { openTalk } from "./talk.ts";
import type { Consent } from "./wire.ts";

interface Api {
  /** Tells what the visitor allows now; what is left out stays as it was (denied, when never said). */
  consent(change: Partial<Consent>): void;
}

declare global {
  interface Window {
    ringtrace?: Api;
  }
}

function start(settings: Settings): void {
  const identity = openIdentity(settings.consent);
  const numbers = openNumbers();
  const swapper = openSwapper(numbers);
  let observing = false;
  let life: Life | undefined;

  const talk = openTalk(settings, identity, swapper.shown, reply => {
    if (numbers.accept(reply.targets)) {
      swapper.scan(document.documentElement);
      if (!observing) observe(swapper);
      observing = true;
    }
    if (life) life.pace(reply.beat_s);
  });

  window.ringtrace = {
    consent: safe(change => {
      identity.setConsent(Object.assign({ analytics: false, ads: false }, identity.consent(), change));
      talk.view();
    }),
  };

  talk.view();
  life = live(talk, numbers.dialled, numbers.release);
}

safe(() => {
  const settings = readSettings();
  if (!settings || window.ringtrace) return;
  // A page that is being prerendered has no visitor yet.
  const doc = document as Document & { prerendering?: boolean };
  if (doc.prerendering) doc.addEventListener("prerenderingchange", safe(() => start(settings)), { once: true });
  else start(settings);
})();
