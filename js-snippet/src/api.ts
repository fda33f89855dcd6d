/** `window.ringtrace`: the one global. Calls that pages made before it was there are waiting in its queue. */

import { reply } from "./identity.ts";
import { chosen } from "./numbers.ts";
import { safe } from "./safe.ts";
import type { Consent } from "./wire.ts";

/** What stands for the API until it is loaded: it keeps the calls in `q`. */
export interface Queue {
  (...call: unknown[]): void;
  q?: unknown[][];
}

/** The number of a target, as pages are told of it. */
export interface NumberOfTarget {
  target: string;
  tier: string;
  /** E.164: the tracking number, or the page's own when there is none. */
  number: string;
  international?: string;
  national?: string;
  vanity?: string;
  session_id?: string | undefined;
}

export type EventName = "number" | "call-click";

type Listener = (detail: NumberOfTarget) => void;

export interface Methods {
  /** The number of a target, by default of the first; nothing when there is no such target, or no answer. */
  getNumber(target?: string): Promise<NumberOfTarget | undefined>;
  /** Swaps in `root` and below now. */
  swap(root: Node): void;
  on(name: EventName, listener: Listener): void;
  /** Tells what the visitor allows now; what is left out stays as it was (denied, when never said). */
  consent(change: Partial<Consent>): void;
  /** Tells ids by which the site's own systems know the visitor. */
  identify(ids: Record<string, unknown>): void;
  /** Tells something about the visit. */
  tag(...tags: unknown[]): void;
  /** Ends everything and gives the page its own numbers back. */
  destroy(): void;
}

/** As an object, or called with a method's name and its arguments. */
export type Api = Methods & ((method: keyof Methods, ...args: unknown[]) => unknown);

declare global {
  interface Window {
    ringtrace?: Api | Queue;
    dataLayer?: unknown;
  }
}

const listeners: Partial<Record<EventName, Listener[]>> = {};

/** What is known of a target, by default of the first. */
export function numberOf(id?: string): NumberOfTarget | undefined {
  for (const { id: target, tier, number } of reply.targets) {
    if (!id || target === id) return { target, tier, number, ...chosen.get(target), session_id: reply.session_id };
  }
  return;
}

/** Tells listeners and tag managers. */
export function emit(name: EventName, id: string): void {
  const detail = numberOf(id)!;
  listeners[name]?.forEach(listener => safe(listener)(detail));
  // What else a page calls so has no such method.
  (window.dataLayer as unknown[] | undefined)?.push?.({ event: "ringtrace_" + name.replace("-", "_"), ringtrace: detail });
}

/** Who comes late hears of the numbers all the same. */
export function on(name: EventName, listener: Listener): void {
  (listeners[name] ||= []).push(listener);
  if (name === "number") for (const id of chosen.keys()) safe(listener)(numberOf(id)!);
}

/** Puts `methods` in the place of the queue, and does what was asked of that. */
export function install(methods: Methods): void {
  const { q = [] } = (window.ringtrace || {}) as Queue;
  type Calls = Record<string, (...args: unknown[]) => unknown>;
  const api = ((method: string, ...args: unknown[]) => api[method]?.(...args)) as Api & Calls;
  for (const name in methods) api[name] = safe((methods as unknown as Calls)[name]!);
  window.ringtrace = api;
  for (const asked of q) api(...(asked as [keyof Methods]));
}
