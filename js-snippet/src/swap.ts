/** Puts tracking numbers into the page: text, links that dial, labels, marked elements. Nothing else. */

import { blockOf, eachSuspect, lineOf, type Piece } from "./dom.ts";
import { explain } from "./explain.ts";
import { rewrite, write, writeDialable, type Writer } from "./format.ts";
import { reply } from "./identity.ts";
import { place } from "./intent.ts";
import { find } from "./match.ts";
import { carry, chosen } from "./numbers.ts";
import { now, safe } from "./safe.ts";

/** `data-ringtrace="<target>"` sets an element directly; `"ignore"` leaves it and everything in it alone. */
const MARK = "data-ringtrace";

// What a visitor writes, and what a search engine reads as the business' own number.
const NOT_OURS = `head,[contenteditable]:not([contenteditable=false]),[${MARK}=ignore],[itemprop$=telephone],[itemprop$=faxNumber],[property$=telephone]`;
// What is not shown as text, or would be sent by a form.
const NO_TEXT = NOT_OURS + ",script,style,noscript,textarea,select,datalist";

// Scheme (its name, when it is one of calls; or of texts), number, rest. The others are WhatsApp's.
const LINK = /^(\s*(?:(tel|callto):|(sms):|\w*:?\/\/(?:wa\.me|api\.whatsapp\.com.*?phone=))\/*)([^?&#;,]*)(.*)/is;

// A page that writes the old number back is waited for, each time twice as long: 2 ms, 4 ms, … 1 s, 2 s …
const PATIENCE = 2;
const FIGHT_MS = 1000;

type Change = [node: Node, after: string, before?: string];

/** How a node was written: with what else, until when it is left to the page, and for how long that is. */
type Writing = [together: Change[], until: number, pause_ms: number];

type Plan = (node: Node, job?: (node: Node) => void) => void;

const writings = new WeakMap<Node, Writing>();
let plan: Plan;

/** Begins; what is found is planned as a job of its own, what is to be scanned again without one. */
export const openSwap = (jobs: Plan): void => {
  plan = jobs;
};

/** The attributes that matter, with those of the site. */
export const names = (): string[] => [MARK, "href", "aria-label", "title", "alt", "placeholder", ...(reply.attributes || [])];

/** Whether the number of `target` in `node` (an element, an attribute, or text) may be touched; its element carries it then. */
function isOurs(node: Node, target: string): boolean {
  const element = elementOf(node);
  const because = element.closest(node.nodeType > 2 ? NO_TEXT : NOT_OURS);
  if (because) return explain("left alone", target, because);
  carry(element, target);
  place(element);
  return true;
}

/** Writes all of `changes` or, while the page fights for one of them, none. */
function put(changes: Change[]): void {
  const at = now();
  for (const [node] of changes) {
    const [, until = 0] = writings.get(node) || [];
    if (until > at) return void setTimeout(plan, until - at, elementOf(node));
  }
  for (const [node, after] of changes) {
    const [, until = 0, pause_ms = 1 / PATIENCE] = writings.get(node) || [];
    const pause = at - until < FIGHT_MS ? pause_ms * PATIENCE : 1;
    writings.set(node, [changes, at + pause, pause]);
    explain("swapped", after, elementOf(node));
    if (node.nodeType === 1) node.textContent = after;
    else node.nodeValue = after;
  }
}

/** Swaps the numbers of `text` that touch `node`, whose `pieces` make it up, between `head` and `tail`; true when there were some. */
function swap(text: string, pieces: Piece[], node: Node, writer: Writer, head = "", tail = "", skill?: string): boolean {
  const rewritten = rewrite(text, writer, ([start, end, entry], tracking) => {
    const touched = pieces.filter(([, from, to]) => from < end && to > start).map(([node]) => node as Node);
    return touched.includes(node) && (!skill || tracking?.capabilities?.includes(skill)) && touched.every(node => isOurs(node, entry.target));
  });
  if (rewritten) {
    const changes = pieces.map(([node, start, end]): Change => [node, head + rewritten.slice(start, end).join("") + tail, node.nodeValue!]);
    put(changes.filter(([, after, before]) => after !== before));
  }
  return !!rewritten;
}

function attributes(element: Element): void {
  const value = (node: Attr, writer: Writer, text = node.value, ...around: (string | undefined)[]) =>
    swap(text, [[node, 0, text.length]], node, writer, ...around);
  for (const name of names().slice(2)) {
    const label = element.getAttributeNode(name);
    if (label) value(label, write);
  }
  const href = element.getAttributeNode("href")!;
  const [link, head, call, sms, number, tail] = LINK.exec(href?.value) || [];
  const isSwapped =
    link &&
    value(
      href,
      // WhatsApp understands nothing but all digits.
      call || sms ? writeDialable : ({ number }) => number.slice(1),
      decoded(number!),
      head,
      tail,
      call ? "" : sms || "whatsapp",
    );

  // What the page's author marked needs no finding: it gets the number whatever it says now.
  const target = element.getAttribute(MARK);
  const tracking = target && isOurs(element, target) && chosen.get(target);
  if (!tracking) return;
  if (call && !isSwapped) put([[href, "tel:" + tracking.number]]);
  const text = element.textContent!;
  // Child elements (an icon, a label) are the author's: only plain text is replaced as a whole.
  if (element.childElementCount || find(text)[0]) return;
  const plain = (element.hasAttribute(MARK + "-format") && tracking.vanity) || tracking.national;
  put([[element, /^\s*\+/.test(text) ? tracking.international : plain]]);
}

/** Swaps the numbers that touch the text node `node`. */
function line(node: Node): void {
  // When the page wrote one part of a number anew, the other parts must not stay as ours.
  const together = writings.get(node)?.[0] || [];
  if (together.some(([node, after]) => node.nodeValue !== after)) {
    for (const [node, after, before] of together.splice(0)) if (node.nodeValue === after) node.nodeValue = before!;
  }
  const [text, pieces] = lineOf(node as Text);
  const writer: Writer = (tracking, ...rest) => (elementOf(node).closest(`[${MARK}-format]`) && tracking.vanity) || write(tracking, ...rest);
  swap(text, pieces, node, writer);
}

/** Swaps in the attributes around and below `node`, and plans the text nodes where a number may be; gives what it scanned. */
export function scan(node: Node): Element | undefined {
  const root = (node.nodeType === 9 ? (node as Document).body : blockOf(node)) as Element | null;
  if (!root?.querySelectorAll) return;
  const carrying = `[${names().join("],[")}]`;
  if (root.matches?.(carrying)) attributes(root);
  root.querySelectorAll(carrying).forEach(attributes);
  eachSuspect(root, text => plan(text, line));
  return root;
}

const elementOf = (node: Node): Element => (node as Attr).ownerElement || node.parentElement || (node as Element);

const decoded = (text: string): string => safe(decodeURIComponent)(text) || text;

/** What the `tel:` link `link` dials; empty for other links. */
export function dialled(link: string): string {
  const [, , call, , number] = LINK.exec(link) || [];
  return call ? decoded(number!) : "";
}
