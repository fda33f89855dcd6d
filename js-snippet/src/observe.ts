/** Content wherever and whenever it comes: frameworks, pop-ups, chat boxes, open shadow roots, frames of the same origin. */

import { fill } from "./fields.ts";
import { listen, now, safe } from "./safe.ts";
import { listenForSignals } from "./signals.ts";
import { names, openSwap, scan } from "./swap.ts";
import { turn } from "./talk.ts";

// More that waits than this is a new page: one scan of everything costs less than the list.
const LONGEST_QUEUE = 10_000;
// What a frame may cost, which is well below a long task (50 ms); the rest waits for the next one.
const FRAME_BUDGET_MS = 20;

type Job = (node: Node) => void;

const documents = new WeakSet<Node>();
const jobs = new Map<Node, Job>();
let frame = 0;

/** Swaps in `node` and below before the next frame is painted; never while the page is hidden, when no frames come. */
export function queue(node: Node, job: Job = look): void {
  jobs.set(node, job);
  plan();
}

const plan = () => {
  frame ||= requestAnimationFrame(() => flush(FRAME_BUDGET_MS));
};

const collect = (records: MutationRecord[]) => {
  for (const { type, target, addedNodes } of records) {
    if (type !== "childList") queue(target);
    addedNodes.forEach(node => queue(node));
  }
  if (jobs.size > LONGEST_QUEUE) {
    jobs.clear();
    queue(document);
  }
};
const observer = new MutationObserver(safe(collect));

/** Does what waits, for at most so long. */
export function flush(budget_ms: number): void {
  work(now() + budget_ms);
  // Our own writes are no news.
  observer.takeRecords();
  frame = 0;
  if (jobs.size) plan();
}

const work = safe((end: number) => {
  collect(observer.takeRecords());
  turn();
  for (const [node, job] of jobs) {
    if (now() > end) return;
    jobs.delete(node);
    job(node);
  }
});

const look: Job = node => {
  const root = scan(node);
  if (!root) return;
  fill(root);
  // What is not in the document will be seen when it comes there.
  if (root.isConnected) jobs.set(root, search);
};

/** Other roots below `node`. */
const search: Job = node => {
  const root = node as Element;
  for (const element of [root, ...root.querySelectorAll("*")]) {
    const inner = element.shadowRoot || (element as HTMLIFrameElement).contentDocument;
    if (inner) watch(inner);
    // A custom element gets its shadow root when it is defined.
    const { localName } = element;
    if (/-/.test(localName) && !customElements.get(localName)) customElements.whenDefined(localName).then(() => queue(element), () => {});
  }
};

/** Looks after a document or an open shadow root from now on. */
export function watch(root: Document | ShadowRoot): void {
  observer.observe(root, { childList: true, subtree: true, characterData: true, attributeFilter: names() });
  if (!documents.has(root) && root.nodeType === 9) {
    documents.add(root);
    listenForSignals(root as Document);
    listen(root, "load", ({ target }) => queue(target as Node));
  }
  queue(root);
}

export const stopWatching = (): void => observer.disconnect();

openSwap(queue);
