/** Ringtrace's snippet. Shows every visitor a phone number of their own; on any failure the page stays as it is. */

import { emit, idsOf, install, numberOf, on, tagsOf, type Api } from "./api.ts";
import { listenToConsentTools, type Change } from "./consent.ts";
import { explain, startExplaining } from "./explain.ts";
import { fillFields } from "./fields.ts";
import { allow, me, recall, remembered, session_id } from "./identity.ts";
import { stopWaiting, wait } from "./intent.ts";
import { end, live, pace } from "./life.ts";
import { keepLink, takeLinkToken } from "./links.ts";
import { accept, chosen, presume, release, targets } from "./numbers.ts";
import { flush, queue, stopWatching, watch } from "./observe.ts";
import { ending, listen, safe } from "./safe.ts";
import { readSettings, type Settings } from "./settings.ts";
import { addNames } from "./swap.ts";
import { openTalk, tell, turn, view, wantNow } from "./talk.ts";
import type { Reply, Target, Want } from "./wire.ts";

/** Takes in a reply. */
function take(reply: Reply, asked?: Want): void {
  const { targets, settings = {}, beat_s } = reply;
  const isWaiting = asked === "auto" && targets.some(({ reason }) => reason === "not_wanted");
  if (isWaiting) wait(settings.lease_when!);
  else if (asked) stopWaiting();
  keepLink(reply);
  pace(beat_s);
  const isNews = [accept(targets, id => emit("number", id)), addNames(settings.attributes), fillFields(settings.field, session_id), isWaiting];
  // What was found before is to be watched again, too.
  if (isNews.includes(true)) lookAnew();
}

/** Scripts that take the page's own text over (hydration) run before the document is ready: theirs comes first. */
function lookAnew(): void {
  const isEarly = document.readyState === "loading" && document.querySelector("script[defer],script[type=module]");
  if (isEarly) listen(document, "DOMContentLoaded", lookAnew);
  else watch(document);
}

function consent({ analytics, ads }: Change): void {
  const { consent } = me;
  allow({ analytics: analytics ?? !!consent?.analytics, ads: ads ?? !!consent?.ads });
  explain("consent", analytics, ads);
  void view();
}

function start(settings: Settings): void {
  recall(settings.storage);
  openTalk(settings, takeLinkToken(), (reply, asked) => {
    presume(false);
    if (!ending.signal.aborted) take(reply, asked);
  });
  if (settings.consent === "auto") listenToConsentTools(consent);
  else if (settings.consent) consent({ analytics: settings.consent === "granted", ads: settings.consent === "granted" });

  const memory = remembered();
  if (memory) take(memory);
  presume(true);
  install({
    async getNumber(target) {
      if (!(target ? chosen.has(target) : chosen.size)) await wantNow();
      return numberOf(target);
    },
    swap(root) {
      queue(root);
      flush(Infinity);
    },
    on,
    consent,
    identify: ids => tell(idsOf(ids)),
    tag: (...tags) => tell(tagsOf(tags)),
    destroy() {
      end();
      ending.abort();
      stopWaiting();
      release();
      accept(targets.map(asItWas));
      watch(document);
      flush(Infinity);
      stopWatching();
      delete window.ringtrace;
    },
  });
  // However often it was asked for by now, it is one view.
  void view();
  live();
  listen(window, "popstate hashchange", turn);
  listen(window, "beforeprint", () => flush(Infinity));
}

/** `target` with its own number in the place of its tracking number. */
function asItWas(target: Target): Target {
  const { number, forms } = target;
  const digits = Object.fromEntries(forms.map(({ digits, form }) => [form, digits]));
  return { ...target, tracking: { number, international: number, national: number, digits } };
}

safe(() => {
  const settings = readSettings();
  if (!settings.key || (window.ringtrace as Api | undefined)?.swap) return;
  if (settings.debug !== undefined || location.search.includes("ringtrace_test=1")) startExplaining();
  // A page that is being prerendered has no visitor yet.
  const doc = document as Document & { prerendering?: boolean };
  if (doc.prerendering) doc.addEventListener("prerenderingchange", safe(() => start(settings)), { once: true });
  else start(settings);
})();
