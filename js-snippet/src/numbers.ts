/** Which tracking number each target has on this page, where it is shown, and how to find what it replaces. */

import { explain } from "./explain.ts";
import { entries, find, look } from "./match.ts";
import type { Form, Shown, Target, Tracking } from "./wire.ts";

/** Target → the number shown for it. */
export const chosen = new Map<string, Tracking>();

/** Target → the elements that carry its number. */
const carriers = new Map<string, Set<Element>>();

const settled = new Set<string>();

// Carries what the page is about to show, until the service has answered.
const PRESUMED = { isConnected: true } as Element;

/**
 * Takes a reply's targets, and tells of each that has another number than before; true when there is something new to find
 * or show. A number is never replaced by another under the visitor's eyes: the first one of a page stays.
 */
export function accept(news: Target[], tell?: (target: string) => void): boolean {
  const known = entries.size;
  let isNews = false;
  for (const { id: target, forms, tracking, tier, reason } of news) {
    carriersOf(target).delete(PRESUMED);
    explain(target, tier, reason, tracking?.number);
    if (settled.has(target)) continue;
    const add = (written: string, form: Form, isShown: boolean) => {
      if ((entries.get(written)?.target ?? target) === target) entries.set(written, { target, form, tracking, isShown });
    };
    // The digits behind letters are another form's: in that form, `+` and all, they must stay to be found.
    for (const { digits, form, letters } of forms) add(letters || digits, form, false);
    if (!tracking) continue;
    const { number, digits, vanity } = tracking;
    const before = chosen.get(target)?.number;
    isNews = true;
    settled.add(target);
    chosen.set(target, tracking);
    // The number of the page before is what another one replaces.
    for (const form in digits) add(digits[form as Form]!, form as Form, true);
    if (vanity) add(vanity.replace(/\W/g, ""), "national", true);
    if (before !== number) tell?.(target);
  }
  isNews ||= entries.size > known;
  if (isNews) look();
  return isNews;
}

/** Another page begins: the next reply may choose anew. Until then everything stays as it is shown. */
export const release = (): void => settled.clear();

/** The target whose tracking number is in `text`. */
export const targetIn = (text: string): string | undefined => find(text).find(([, , entry]) => entry.isShown)?.[2].target;

const carriersOf = (target: string): Set<Element> => carriers.get(target) || carriers.set(target, new Set()).get(target)!;

/** `element` carries the number of `target`. */
export const carry = (element: Element, target: string): unknown => carriersOf(target).add(element);

/** Until the next reply, the page counts as showing what it is about to show. */
export function presume(): void {
  for (const target of chosen.keys()) carry(PRESUMED, target);
}

/** The numbers that are on the page now, and stay there. */
export function shown(): Shown {
  const shown: Shown = {};
  carriers.forEach((elements, target) => {
    for (const element of elements) {
      if (!element.isConnected) elements.delete(element);
      else if (settled.has(target)) shown[target] = chosen.get(target)!.number;
    }
  });
  return shown;
}
