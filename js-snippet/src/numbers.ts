/** Which tracking number each target has on this page, and how to find what they replace. */

import { find, openIndex, shapeOf, type Entry, type Index } from "./match.ts";
import type { Form, Target, Tracking } from "./wire.ts";

export interface Numbers {
  /** How pages write the targets. */
  index(): Index;
  /** Target → the number shown for it. */
  readonly chosen: ReadonlyMap<string, Tracking>;
  /** Takes a reply's targets, but for digit strings to `exclude`; true when there is something new to find or show. */
  accept(targets: Target[], exclude?: (string | undefined)[]): boolean;
  /** Another page begins: the next reply may choose anew. Until then everything stays as it is shown. */
  release(): void;
  /** The number of a target that this page keeps on showing, if any. */
  kept(target: string): string | undefined;
  /** The target whose tracking number is in `text`. */
  targetIn(text: string): string | undefined;
}

export function openNumbers(): Numbers {
  const entries = new Map<string, Entry>();
  const chosen = new Map<string, Tracking>();
  const settled = new Set<string>();
  let index = openIndex(entries);

  return {
    index: () => index,
    chosen,

    /** A number is never replaced by another under the visitor's eyes: the first one of a page stays. */
    accept(targets, exclude = []) {
      let isNews = false;
      for (const { id: target, forms, tracking } of targets) {
        if (settled.has(target)) continue;
        const shapes = tracking ? [tracking.international, tracking.national].map(shapeOf) : [];
        const add = (written: string | undefined, form: Form, isShown: boolean) => {
          if (!written || exclude.includes(written) || (entries.get(written) || { target }).target !== target) return;
          isNews = isNews || !!tracking || !entries.has(written);
          entries.set(written, { target, form, shapes, isShown });
        };
        // The digits behind letters are another form's: in that form, `+` and all, they must stay to be found.
        for (const { digits, form, letters } of forms) add(letters || digits, form, false);
        if (!tracking) continue;
        settled.add(target);
        chosen.set(target, tracking);
        // The number of the page before is what another one replaces.
        for (const form in tracking.digits) add(tracking.digits[form as Form], form as Form, true);
        if (tracking.vanity) add(tracking.vanity.replace(/\W/g, ""), "national", true);
      }
      if (isNews) index = openIndex(entries);
      return isNews;
    },

    release: () => settled.clear(),

    kept: target => (settled.has(target) ? chosen.get(target)?.number : undefined),

    targetIn(text) {
      return find(text, index).find(({ entry }) => entry.isShown)?.entry.target;
    },
  };
}
