/** Puts tracking numbers into the page: text, `tel:` links, spoken and hovered labels, marked elements. Nothing else. */

import { rewrite, writeDialable } from "./format.ts";
import type { Numbers } from "./numbers.ts";
import type { Shown } from "./wire.ts";

/** `data-ringtrace="<target>"` sets an element directly; `"ignore"` leaves it and everything in it alone. */
export const MARK = "data-ringtrace";
export const ATTRIBUTES = ["href", "aria-label", "title", MARK];

const TEL = /^\s*(?:tel|callto):\/*/i;
const CARRIERS = `a[href],area[href],[aria-label],[title],[${MARK}]`;
// What is not shown as text, what a form would send, what a visitor writes.
const LEFT_ALONE = `head,script,style,noscript,template,iframe,textarea,select,datalist,[contenteditable]:not([contenteditable="false"]),[${MARK}="ignore"]`;
// A framework that keeps writing the old number back wins in the end: no fight.
const MOST_REWRITES = 20;

export interface Swapper {
  /** Swaps in `root` and below. */
  scan(root: Node): void;
  /** Swaps in the attributes of one element. */
  attributes(element: Element): void;
  /** The numbers that are on the page now, and stay there. */
  shown(): Shown;
}

export function openSwapper(numbers: Numbers): Swapper {
  const carriers = new Map<string, Set<Node>>();
  const rewrites = new WeakMap<Node, number>();

  const carries = (node: Node, targets: string[]) => {
    for (const target of targets) {
      const nodes = carriers.get(target) || new Set();
      carriers.set(target, nodes.add(node));
    }
  };
  /** Whether `node` may be written once more. */
  const mayWrite = (node: Node) => {
    const times = (rewrites.get(node) || 0) + 1;
    rewrites.set(node, times);
    return times <= MOST_REWRITES;
  };

  const text = (node: Text) => {
    const swapped = rewrite(node.data, numbers.index(), numbers.chosen);
    if (!swapped || isLeftAlone(node.parentElement)) return;
    carries(node, swapped.targets);
    if (swapped.text !== node.data && mayWrite(node)) node.data = swapped.text;
  };

  const attribute = (element: Element, name: string, value: string) => {
    if (element.getAttribute(name) !== value && mayWrite(element)) element.setAttribute(name, value);
  };

  const attributes = (element: Element) => {
    if (isLeftAlone(element)) return;
    const href = element.getAttribute("href");
    const scheme = href && TEL.exec(href);
    if (href && scheme) {
      const swapped = rewrite(decoded(href.slice(scheme[0].length)), numbers.index(), numbers.chosen, writeDialable);
      if (swapped) {
        carries(element, swapped.targets);
        attribute(element, "href", scheme[0] + swapped.text);
      }
    }
    for (const name of ["aria-label", "title"]) {
      const swapped = rewrite(element.getAttribute(name) || "", numbers.index(), numbers.chosen);
      if (swapped) attribute(element, name, swapped.text);
    }
    marked(element, Boolean(scheme));
  };

  /** What the page's author marked needs no finding: it gets the number whatever it says now. */
  const marked = (element: Element, isTel: boolean) => {
    const target = element.getAttribute(MARK);
    const tracking = target && numbers.chosen.get(target);
    if (!target || !tracking) return;
    carries(element, [target]);
    if (isTel && !rewrite(element.getAttribute("href")!, numbers.index(), numbers.chosen, writeDialable)) {
      attribute(element, "href", "tel:" + tracking.number);
    }
    const now = element.textContent || "";
    // Child elements (an icon, a label) are the author's: only plain text is replaced as a whole.
    if (element.childElementCount || rewrite(now, numbers.index(), numbers.chosen) || !mayWrite(element)) return;
    element.textContent = /^\s*\+/.test(now) ? tracking.international : tracking.national;
  };

  return {
    attributes,

    scan(root) {
      if (root.nodeType === Node.TEXT_NODE) {
        if (root.parentElement && root.parentElement.hasAttribute(MARK)) attributes(root.parentElement);
        return text(root as Text);
      }
      if (root.nodeType !== Node.ELEMENT_NODE) return;
      if ((root as Element).matches(CARRIERS)) attributes(root as Element);
      (root as Element).querySelectorAll(CARRIERS).forEach(attributes);
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) text(walker.currentNode as Text);
    },

    shown() {
      const shown: Shown = {};
      carriers.forEach((nodes, target) => {
        nodes.forEach(node => node.isConnected || nodes.delete(node));
        const number = nodes.size && numbers.kept(target);
        if (number) shown[target] = number;
      });
      return shown;
    },
  };
}

/** Looked at only for text that holds a number. (`isContentEditable` would compute styles after every write.) */
function isLeftAlone(element: Element | null): boolean {
  return !element || !!element.closest(LEFT_ALONE);
}

/** The digits that the `tel:` link `link` dials, without exit code, extension and pauses; empty for other links. */
export function dialledDigits(link: string): string {
  if (!TEL.test(link)) return "";
  const [number] = decoded(link.replace(TEL, "")).split(/[;,?x#]/);
  return number!.replace(/\D/g, "").replace(/^00/, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
