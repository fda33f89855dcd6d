/** Which tracking number each target has on this page, and the digit strings by which to find what they replace. */

import { openIndex, shapeOf, type Entry, type Index } from "./match.ts";
import type { Form, Target, Tracking } from "./wire.ts";

export interface Numbers {
  /** The digit strings by which pages write the targets. */
  index(): Index;
  /** Target → the number shown for it. */
  readonly chosen: ReadonlyMap<string, Tracking>;
  /** Takes a reply's numbers; true when there is something new to show. */
  accept(targets: Target[]): boolean;
  /** Another page begins: the next reply may choose anew. Until then everything stays as it is shown. */
  release(): void;
  /** The number of a target that this page keeps on showing, if any. */
  kept(target: string): string | undefined;
  /** The target whose tracking number a `tel:` link dials. */
  dialled(digits: string): string | undefined;
}

export function openNumbers(): Numbers {
  const entries = new Map<string, Entry>();
  let index = openIndex(entries);
  const chosen = new Map<string, Tracking>();
  const settled = new Set<string>();

  const findable = (digits: string, form: Form, { id }: Target, shapes: string[]) => {
    if (!entries.has(digits)) entries.set(digits, { target: id, form, shapes });
  };

  return {
    index: () => index,
    chosen,

    /** A number is never replaced by another under the visitor's eyes: the first one of a page stays. */
    accept(targets) {
      let news = false;
      for (const target of targets) {
        const { id, forms, tracking } = target;
        if (!tracking || settled.has(id)) continue;
        settled.add(id);
        const shapes = [tracking.international, tracking.national].map(shapeOf);
        for (const { digits, form } of forms) findable(digits, form, target, shapes);
        // The number of the page before is what another one replaces.
        for (const form of Object.keys(tracking.digits) as Form[]) findable(tracking.digits[form]!, form, target, shapes);
        chosen.set(id, tracking);
        news = true;
      }
      if (news) index = openIndex(entries);
      return news;
    },

    release: () => settled.clear(),

    kept: target => (settled.has(target) ? chosen.get(target)!.number : undefined),

    dialled(digits) {
      for (const [target, { number, digits: written }] of chosen) {
        if (number === "+" + digits || Object.values(written).includes(digits)) return target;
      }
      return;
    },
  };
}
