/** Ringtrace's snippet. Shows every visitor a phone number of their own; on any failure the page stays as it is. */

import { idsOf, install, tagsOf, type EventName, type NumberOfTarget } from "./api.ts";
import { listenToConsentTools, type Change } from "./consent.ts";
import { explain, startExplaining } from "./explain.ts";
import { openIdentity, remembered } from "./identity.ts";
import { openIntent } from "./intent.ts";
import { live } from "./life.ts";
import { openLinks, takeLinkToken } from "./links.ts";
import { openNumbers } from "./numbers.ts";
import { observe } from "./observe.ts";
import { ending, listen, safe } from "./safe.ts";
import { readSettings, type Settings } from "./settings.ts";
import { listenForSignals } from "./signals.ts";
import { openSwapper } from "./swap.ts";
import { openTalk } from "./talk.ts";
import type { Reply, Shown, Target } from "./wire.ts";

function start(settings: Settings): void {
  const { signal } = ending;
  const identity = openIdentity(settings.storage);
  const numbers = openNumbers();
  const listeners: [EventName, (detail: NumberOfTarget) => void][] = [];
  const announced: Shown = {};
  let last: Partial<Reply> = {};
  let session_id: string | undefined;
  let recalled: Shown | undefined;
  let waiters: (() => void)[] = [];
  let address: string;
  let href: string;

  /** Where the page is; applications that have no server keep that behind the hash. */
  const locate = () => {
    ({ href } = location);
    return location.pathname + (/^#!?\/.*/.exec(location.hash) || "");
  };
  address = locate();

  const numberOf = (id?: string): NumberOfTarget | undefined => {
    const target = last.targets?.find(target => !id || target.id === id);
    return target && { target: target.id, tier: target.tier, number: target.number, ...numbers.chosen.get(target.id), session_id };
  };

  /** Tells listeners and tag managers. */
  const emit = (name: EventName, id: string) => {
    const detail = numberOf(id)!;
    for (const [of, listener] of listeners) if (of === name) safe(listener)(detail);
    const { dataLayer } = window;
    if (Array.isArray(dataLayer)) dataLayer.push({ event: "ringtrace_" + name.replace("-", "_"), ringtrace: detail });
  };

  const take = (reply: Reply, asked?: string) => {
    const { targets, settings = {}, beat_s } = reply;
    const isWaiting = asked === "auto" && targets.some(({ reason }) => reason === "not_wanted");
    if (isWaiting) intent.wait(settings.lease_when);
    else if (asked) intent.stop();
    session_id = reply.session_id || session_id;
    links.keep(reply);
    const isNews = [numbers.accept(targets, settings.exclude), swapper.addNames(settings.attributes || [])].includes(true);
    // What was found before is to be watched again, too.
    if (isNews || isWaiting || settings.field !== last.settings?.field) lookAnew();
    last = reply;
    for (const { id, tier, reason } of targets) {
      const number = numbers.kept(id);
      explain(id, tier, reason, number);
      if (!number || announced[id] === number) continue;
      announced[id] = number;
      emit("number", id);
    }
    life.pace(beat_s);
    return isWaiting;
  };

  /** Scripts that take the page's own text over (hydration) run before the document is ready: theirs comes first. */
  const lookAnew = () => {
    const isEarly = document.readyState === "loading" && document.querySelector("script[defer],script[type=module]");
    if (isEarly) listen(document, "DOMContentLoaded", lookAnew);
    else observer.watch(document);
  };

  /** A single-page application went to another page: it is viewed like any other. */
  const turn = () => {
    const from = href;
    const next = locate();
    if (next === address) return false;
    address = next;
    talk.newPage(from);
    talk.view();
    return true;
  };

  const talk = openTalk(settings, identity, takeLinkToken(), () => recalled || swapper.shown(), (reply, asked) => {
    recalled = undefined;
    if (signal.aborted || (reply && take(reply, asked))) return;
    for (const waiter of waiters) waiter();
    waiters = [];
  });
  const links = openLinks(talk.sign);
  const intent = openIntent(talk.want);
  const swapper = openSwapper(numbers, intent.place, node => observer.queue(node));
  const observer = observe(
    swapper,
    root => {
      const field = last.settings?.field;
      if (!field || !session_id) return;
      for (const input of root.querySelectorAll<HTMLInputElement>(`input[type=hidden][name=${JSON.stringify(field)}]`)) input.value = session_id;
    },
    turn,
    root => {
      listenForSignals(root, numbers.targetIn, links.decorate, (name, target, ago_ms) => {
        if (!target) return;
        talk.signal(name, target, ago_ms);
        if (name === "tel_click") emit("call-click", target);
      });
      listen(root, "load", ({ target }) => observer.queue(target as Node));
    },
  );
  const life = live({ ...talk, sign: () => turn() || talk.sign() }, () => {
    identity.newPage();
    numbers.release();
    talk.newPage(document.referrer);
  });

  let view = () => {};
  const consent = ({ analytics, ads }: Change) => {
    const { consent } = identity.me;
    identity.allow({ analytics: analytics ?? !!consent?.analytics, ads: ads ?? !!consent?.ads });
    explain("consent", identity.me.consent);
    view();
  };
  if (settings.consent === "auto") listenToConsentTools(consent);
  else if (settings.consent) consent({ analytics: settings.consent === "granted", ads: settings.consent === "granted" });

  const memory = remembered();
  if (memory) {
    take(memory);
    recalled = Object.fromEntries(Array.from(numbers.chosen, ([id, { number }]) => [id, number]));
  }
  ({ view } = talk);

  install({
    getNumber: target =>
      new Promise(resolve => {
        const answer = () => resolve(numberOf(target));
        if (target ? numbers.chosen.has(target) : numbers.chosen.size) return answer();
        waiters.push(answer);
        talk.want();
      }),
    swap: safe(root => {
      observer.queue(root);
      observer.flush(Infinity, false);
    }),
    on: safe((name, listener) => {
      listeners.push([name, listener]);
      // Who comes late hears of the numbers all the same.
      if (name === "number") for (const id in announced) safe(listener)(numberOf(id)!);
    }),
    consent: safe(consent),
    identify: safe(ids => talk.tell(idsOf(ids))),
    tag: safe((...tags) => talk.tell(tagsOf(tags))),
    destroy: safe(() => {
      life.end();
      ending.abort();
      intent.stop();
      numbers.release();
      if (last.targets) numbers.accept(last.targets.map(asItWas));
      observer.watch(document);
      observer.flush(Infinity, true);
      observer.stop();
      delete window.ringtrace;
    }),
  });
  view();
  listen(window, "popstate hashchange", turn);
  listen(window, "beforeprint", () => observer.flush(Infinity, true));
}

/** `target` with its own number in the place of its tracking number. */
function asItWas(target: Target): Target {
  const { number, forms } = target;
  const digits = Object.fromEntries(forms.map(({ digits, form }) => [form, digits]));
  return { ...target, tracking: { number, international: number, national: number, digits } };
}

safe(() => {
  const settings = readSettings();
  if (!settings || (window.ringtrace && "swap" in window.ringtrace)) return;
  if (settings.debug !== undefined || /[?&]ringtrace_test=1/.test(location.search)) startExplaining();
  // A page that is being prerendered has no visitor yet.
  const doc = document as Document & { prerendering?: boolean };
  if (doc.prerendering) doc.addEventListener("prerenderingchange", safe(() => start(settings)), { once: true });
  else start(settings);
})();
