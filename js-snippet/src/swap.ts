/** Puts tracking numbers into the page: text, links that dial, labels, marked elements. Nothing else. */

import { lineOf, suspectsIn, type Piece } from "./dom.ts";
import { explain } from "./explain.ts";
import { lettered, rewrite, write, writeDialable, type Writer } from "./format.ts";
import { find } from "./match.ts";
import type { Numbers } from "./numbers.ts";
import { now } from "./safe.ts";
import type { Shown } from "./wire.ts";

/** `data-ringtrace="<target>"` sets an element directly; `"ignore"` leaves it and everything in it alone. */
const MARK = "data-ringtrace";

// What a visitor writes, and what a search engine reads as the business' own number.
const NOT_OURS = `head,[contenteditable]:not([contenteditable=false]),[${MARK}=ignore],[itemprop$=telephone],[itemprop$=faxNumber],[property$=telephone]`;
// What is not shown as text, or would be sent by a form.
const NO_TEXT = NOT_OURS + ",script,style,noscript,template,iframe,textarea,select,datalist";

// Scheme (its name, when it is one of calls; or of texts), number, rest. The others are WhatsApp's.
const LINK = /^(\s*(?:(tel|callto):|(sms):|\w*:?\/\/(?:wa\.me|api\.whatsapp\.com\/send\/?\?.*?phone=))\/*)([^?&#;,]*)(.*)/is;

// A page that writes the old number back this often in a row is waited for, each time twice as long.
const CALM_REWRITES = 5;
const FIGHT_MS = 1000;

/** When a node was written, and how often in a row the page took that back soon. */
interface Writing {
  at: number;
  times: number;
  retry?: ReturnType<typeof setTimeout>;
}

interface Change {
  node: Node;
  before?: string;
  after: string;
}

export interface Swapper {
  /** The attributes in which numbers are swapped. */
  names(): string[];
  /** Also swaps in these attributes from now on; true when that is news. */
  addNames(names: string[]): boolean;
  /** Swaps in the attributes of `root` and below, and gives the text nodes where a number may be, with what is around them. */
  scan(root: ParentNode & Node): Map<Text, Set<Text>>;
  /** Swaps the numbers that touch `node`. */
  line(node: Text, around: Iterable<Text>): void;
  /** The numbers that are on the page now, and stay there. */
  shown(): Shown;
}

/** `onPlace` hears of every element that has a number to swap; `retry` of what is to be scanned again later. */
export function openSwapper(numbers: Numbers, onPlace: (element: Element) => void, retry: (element: Element) => void): Swapper {
  const carriers = new Map<Element, Set<string>>();
  const writings = new WeakMap<Node, Writing>();
  // Text nodes that hold one number together.
  const together = new WeakMap<Node, Change[]>();
  const labels = ["aria-label", "title", "alt", "placeholder"];

  /** Whether the number of `target` in `element` may be touched; the element carries it then. */
  const isOurs = (element: Element, target: string, leftAlone: string) => {
    const because = element.closest(leftAlone);
    if (because) return explain("left alone", target, because);
    carriers.set(element, (carriers.get(element) || new Set()).add(target));
    onPlace(element);
    return true;
  };

  const pause = (times: number) => (times < CALM_REWRITES ? 0 : 2 ** times * 15);

  /** Writes all of `changes` or, while the page fights for one of them, none. */
  const put = (changes: Change[]) => {
    const at = now();
    for (const { node } of changes) {
      const writing = writings.get(node);
      const left = writing ? writing.at + pause(writing.times) - at : 0;
      if (left <= 0) continue;
      clearTimeout(writing!.retry);
      writing!.retry = setTimeout(retry, left, elementOf(node));
      return;
    }
    for (const { node, after } of changes) {
      const { at: last = -Infinity, times = 0 } = writings.get(node) || {};
      writings.set(node, { at, times: at - last < pause(times) + FIGHT_MS ? times + 1 : 0 });
      explain("swapped", after, elementOf(node));
      if (node.nodeType === 1) node.textContent = after;
      else node.nodeValue = after;
    }
  };

  /** Swaps the numbers of `text` that touch `node`, whose `pieces` make it up, between `head` and `tail`. */
  const swap = (text: string, pieces: Piece[], node: Node, writer: Writer, leftAlone: string, head = "", tail = "", skill?: string) => {
    const rewritten = rewrite(text, numbers.index(), numbers.chosen, writer, ({ start, end, entry }, tracking) => {
      const touched = pieces.filter(piece => piece.start < end && piece.start + piece.node.nodeValue!.length > start);
      return (
        touched.some(piece => piece.node === node) &&
        (!skill || tracking?.capabilities?.includes(skill)) &&
        touched.every(piece => isOurs(elementOf(piece.node), entry.target, leftAlone))
      );
    });
    if (!rewritten) return;
    const changes: Change[] = [];
    pieces.forEach(({ node, start }, nth) => {
      const before = node.nodeValue!;
      const after = head + rewritten.slice(start, pieces[nth + 1] ? start + before.length : undefined).join("") + tail;
      if (after !== before) changes.push({ node, before, after });
    });
    if (changes[1]) for (const { node } of changes) together.set(node, changes);
    put(changes);
    return true;
  };

  const attributes = (element: Element) => {
    const value = (attribute: Attr, writer: Writer, text = attribute.value, ...around: (string | undefined)[]) =>
      swap(text, [{ node: attribute, start: 0 }], attribute, writer, NOT_OURS, ...around);
    for (const name of labels) {
      const label = element.getAttributeNode(name);
      if (label) value(label, write);
    }
    const href = element.getAttributeNode("href")!;
    const [link, head, call, sms, number, tail] = (href && LINK.exec(href.value)) || [];
    const isSwapped =
      link &&
      value(
        href,
        // WhatsApp understands nothing but all digits.
        call || sms ? writeDialable : tracking => tracking.number.slice(1),
        decoded(number!),
        head,
        tail,
        call ? "" : sms || "whatsapp",
      );

    // What the page's author marked needs no finding: it gets the number whatever it says now.
    const target = element.getAttribute(MARK);
    const tracking = target && isOurs(element, target, NOT_OURS) && numbers.chosen.get(target);
    if (!tracking) return;
    if (call && !isSwapped) put([{ node: href, after: "tel:" + tracking.number }]);
    const text = element.textContent!;
    // Child elements (an icon, a label) are the author's: only plain text is replaced as a whole.
    if (element.childElementCount || find(text, numbers.index())[0]) return;
    const plain = element.hasAttribute(MARK + "-format") ? lettered(tracking) : tracking.national;
    put([{ node: element, after: /^\s*\+/.test(text) ? tracking.international : plain }]);
  };

  return {
    names: () => ["href", MARK, ...labels],

    addNames(names) {
      const news = names.filter(name => !labels.includes(name));
      labels.push(...news);
      return !!news[0];
    },

    line(node, around) {
      // When the page wrote one part of a number anew, the other parts must not stay as ours.
      const changes = together.get(node);
      if (changes?.some(({ node, after }) => node.nodeValue !== after)) {
        for (const { node, before, after } of changes) {
          together.delete(node);
          if (node.nodeValue === after) node.nodeValue = before!;
        }
      }
      const { text, pieces } = lineOf(around);
      const wantsLetters = elementOf(node).closest(`[${MARK}-format]`);
      swap(text, pieces, node, wantsLetters ? (tracking, ...rest) => tracking.vanity || write(tracking, ...rest) : write, NO_TEXT);
    },

    scan(root) {
      const carrying = `a,area,[${MARK}],[${labels.join("],[")}]`;
      if (root.nodeType === 1 && (root as Element).matches(carrying)) attributes(root as Element);
      root.querySelectorAll(carrying).forEach(attributes);
      return suspectsIn(root, numbers.index());
    },

    shown() {
      const shown: Shown = {};
      carriers.forEach((targets, element) => {
        if (!element.isConnected) carriers.delete(element);
        else for (const target of targets) if (numbers.kept(target)) shown[target] = numbers.kept(target)!;
      });
      return shown;
    },
  };
}

const elementOf = (node: Node): Element => (node as Attr).ownerElement || node.parentElement || (node as Element);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What the `tel:` link `link` dials; empty for other links. */
export function dialled(link: string): string {
  const [, , call, , number] = LINK.exec(link) || [];
  return call ? decoded(number!) : "";
}
