/** Puts tracking numbers into the page: text, links that dial, labels, marked elements. Nothing else. */

import { blockOf, eachSuspect, lineOf, type Piece } from "./dom.ts";
import { explain } from "./explain.ts";
import { lettered, rewrite, write, writeDialable, type Writer } from "./format.ts";
import { place } from "./intent.ts";
import { find } from "./match.ts";
import { carry, chosen } from "./numbers.ts";
import { now, safe } from "./safe.ts";

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

type Change = [node: Node, after: string, before?: string];

/** When a node was written, with what else, and how often in a row the page took that back soon. */
interface Writing {
  at: number;
  times: number;
  together: Change[];
  retry?: ReturnType<typeof setTimeout>;
}

type Plan = (node: Node, job?: (node: Node) => void) => void;

const writings = new WeakMap<Node, Writing>();
const labels = ["aria-label", "title", "alt", "placeholder"];
let plan: Plan;

/** Begins; what is found is planned as a job of its own, what is to be scanned again without one. */
export const openSwap = (jobs: Plan): void => {
  plan = jobs;
};

/** The attributes in which numbers are swapped. */
export const names = (): string[] => ["href", MARK, ...labels];

/** Also swaps in these attributes from now on; true when that is news. */
export function addNames(names: string[] = []): boolean {
  const known = labels.length;
  labels.push(...names.filter(name => !labels.includes(name)));
  return labels.length > known;
}

/** Whether the number of `target` in `node` (an element, an attribute, or text) may be touched; its element carries it then. */
function isOurs(node: Node, target: string): boolean {
  const element = elementOf(node);
  const because = element.closest(node.nodeType > 2 ? NO_TEXT : NOT_OURS);
  if (because) return explain("left alone", target, because);
  carry(element, target);
  place(element);
  return true;
}

const pause = (times: number) => (times < CALM_REWRITES ? 0 : 2 ** times * 15);

/** Writes all of `changes` or, while the page fights for one of them, none. */
function put(changes: Change[]): void {
  const at = now();
  for (const [node] of changes) {
    const writing = writings.get(node);
    const left = writing ? writing.at + pause(writing.times) - at : 0;
    if (left <= 0) continue;
    clearTimeout(writing!.retry);
    writing!.retry = setTimeout(plan, left, elementOf(node));
    return;
  }
  for (const [node, after] of changes) {
    const { at: last = -Infinity, times = 0 } = writings.get(node) || {};
    writings.set(node, { at, times: at - last < pause(times) + FIGHT_MS ? times + 1 : 0, together: changes });
    explain("swapped", after, elementOf(node));
    if (node.nodeType === 1) node.textContent = after;
    else node.nodeValue = after;
  }
}

/** Swaps the numbers of `text` that touch `node`, whose `pieces` make it up, between `head` and `tail`; true when there were some. */
function swap(text: string, pieces: Piece[], node: Node, writer: Writer, head = "", tail = "", skill?: string): boolean {
  const rewritten = rewrite(text, writer, ({ start, end, entry }, tracking) => {
    const touched = pieces.filter(piece => piece.start < end && piece.end > start);
    return (
      touched.some(piece => piece.node === node) &&
      (!skill || tracking?.capabilities?.includes(skill)) &&
      touched.every(piece => isOurs(piece.node, entry.target))
    );
  });
  if (rewritten) {
    const changes = pieces.map(({ node, start, end }): Change => [node, head + rewritten.slice(start, end).join("") + tail, node.nodeValue!]);
    put(changes.filter(([, after, before]) => after !== before));
  }
  return !!rewritten;
}

function attributes(element: Element): void {
  const value = (node: Attr, writer: Writer, text = node.value, ...around: (string | undefined)[]) =>
    swap(text, [{ node, start: 0, end: text.length }], node, writer, ...around);
  for (const name of labels) {
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
  const plain = element.hasAttribute(MARK + "-format") ? lettered(tracking) : tracking.national;
  put([[element, /^\s*\+/.test(text) ? tracking.international : plain]]);
}

/** Swaps the numbers that touch the text node `node`. */
function line(node: Node): void {
  // When the page wrote one part of a number anew, the other parts must not stay as ours.
  const together = writings.get(node)?.together || [];
  if (together.some(([node, after]) => node.nodeValue !== after)) {
    for (const [node, after, before] of together.splice(0)) if (node.nodeValue === after) node.nodeValue = before!;
  }
  const { text, pieces } = lineOf(node as Text);
  const writer: Writer = (tracking, ...rest) => (tracking.vanity && elementOf(node).closest(`[${MARK}-format]`) ? tracking.vanity : write(tracking, ...rest));
  swap(text, pieces, node, writer);
}

/** Swaps in the attributes around and below `node`, and plans the text nodes where a number may be; gives what it scanned. */
export function scan(node: Node): Element | undefined {
  const root = (node.nodeType === 9 ? (node as Document).body : blockOf(node)) as Element | null;
  if (!root?.querySelectorAll) return;
  const carrying = `a,area,[${MARK}],[${labels.join("],[")}]`;
  if (root.matches?.(carrying)) attributes(root);
  root.querySelectorAll(carrying).forEach(attributes);
  eachSuspect(root, text => plan(text, line));
  return root;
}

const elementOf = (node: Node): Element => (node as Attr).ownerElement || node.parentElement || (node as Element);

const decoded = (text: string): string => safe(decodeURIComponent)(text) ?? text;

/** What the `tel:` link `link` dials; empty for other links. */
export function dialled(link: string): string {
  const [, , call, , number] = LINK.exec(link) || [];
  return call ? decoded(number!) : "";
}
