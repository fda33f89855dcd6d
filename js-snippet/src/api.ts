/** `window.ringtrace`: the one global. Calls that pages made before it was there are waiting in its queue. */

import { safe } from "./safe.ts";
import type { Consent, Known } from "./wire.ts";

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

export interface Methods {
  /** The number of a target, by default of the first; nothing when there is no such target, or no answer. */
  getNumber(target?: string): Promise<NumberOfTarget | undefined>;
  /** Swaps in `root` and below now. */
  swap(root: Node): void;
  on(name: EventName, listener: (detail: NumberOfTarget) => void): void;
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

/** Puts `methods` in the place of the queue, and does what was asked of that. */
export function install(methods: Methods): void {
  const { q = [] } = (window.ringtrace || {}) as Queue;
  const call = (method: keyof Methods, ...args: unknown[]) => (methods[method] as (...args: unknown[]) => unknown)(...args);
  window.ringtrace = Object.assign(call, methods);
  for (const asked of q) safe(call)(...(asked as [keyof Methods]));
}

/** The ids among `ids` that the contract allows. */
export const idsOf = (ids: Record<string, unknown>): Known => ({
  ids: Object.fromEntries(
    Object.keys(ids)
      .filter(name => /^[a-z\d_]{1,32}$/.test(name) && ids[name] != null)
      .slice(0, 8)
      .map(name => [name, `${ids[name]}`.slice(0, 128)]),
  ),
});

export const tagsOf = (tags: unknown[]): Known => ({ tags: tags.slice(0, 16).map(tag => `${tag}`.slice(0, 64)) });
