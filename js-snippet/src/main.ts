/** Ringtrace's snippet. Shows every visitor a phone number of their own; on any failure the page stays as it is. */

import { emit, install, numberOf, on, type Api } from "./api.ts";
import { listenToConsentTools } from "./consent.ts";
import { explain, startExplaining } from "./explain.ts";
import { allow, recall, remember, reply, type Change } from "./identity.ts";
import { wait } from "./intent.ts";
import { live } from "./life.ts";
import { takeLinkToken } from "./links.ts";
import { accept, presume, release } from "./numbers.ts";
import { flush, queue, stopWatching, watch } from "./observe.ts";
import { ending, listen, safe } from "./safe.ts";
import { tag } from "./settings.ts";
import { leave, openTalk, tell, view, wantNow } from "./talk.ts";
import type { Target, Want } from "./wire.ts";

/** Shows what the newest reply says. */
function take(asked?: Want): void {
  if (asked) wait(reply.lease_when);
  // After a page view what was found before is to be watched again, too.
  if (accept(reply.targets, id => emit("number", id)) || asked) lookAnew();
}

/** Scripts that take the page's own text over (hydration) run before the document is ready: theirs comes first. */
function lookAnew(): void {
  const isEarly = document.readyState === "loading" && document.querySelector("script[defer],[type=module]");
  if (isEarly) listen(document, "DOMContentLoaded", lookAnew);
  else watch(document);
}

function swap(root: Node): void {
  queue(root);
  flush(Infinity);
}

function consent(change: Change): void {
  allow(change);
  explain("consent", change.analytics, change.ads);
  void view();
}

function start(): void {
  recall();
  openTalk(takeLinkToken(), take);
  if (tag.consent === "auto") listenToConsentTools(consent);
  else if (tag.consent) consent({ analytics: tag.consent === "granted", ads: tag.consent === "granted" });

  if (remember()) {
    take();
    presume();
  }
  install({
    async getNumber(target) {
      if (!numberOf(target)?.national) await wantNow();
      return numberOf(target);
    },
    swap,
    on,
    consent,
    identify: ids => tell({ ids }),
    tag: (...tags) => tell({ tags }),
    destroy() {
      leave();
      ending.abort();
      wait();
      release();
      accept(reply.targets.map(asItWas));
      swap(document);
      stopWatching();
      delete window.ringtrace;
    },
  });
  // However often it was asked for by now, it is one view.
  void view();
  live();
  listen(window, "beforeprint", () => flush(Infinity));
}

/** `target` with its own number in the place of its tracking number, wherever that may be. */
function asItWas(target: Target): Target {
  const { number, forms } = target;
  const digits = Object.fromEntries(forms.map(({ digits, form }) => [form, digits]));
  return { ...target, tracking: { ...target.tracking, number, international: number, national: number, vanity: "", digits } };
}

safe(() => {
  if (!tag?.key || (window.ringtrace as Api | undefined)?.swap) return;
  if (tag.debug !== undefined || /ringtrace_test=1/.test(location.search)) startExplaining();
  // A page that is being prerendered has no visitor yet.
  if ((document as Document & { prerendering?: boolean }).prerendering) listen(document, "prerenderingchange", start);
  else start();
})();
