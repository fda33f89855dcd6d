/** Content wherever and whenever it comes: frameworks, pop-ups, chat boxes, open shadow roots, frames of the same origin. */

import { blockOf } from "./dom.ts";
import { now, safe } from "./safe.ts";
import type { Swapper } from "./swap.ts";

// More changes than this in one frame are a new page: one scan of everything costs less than the list.
const LONGEST_QUEUE = 1000;
// What a frame may cost, which is well below a long task (50 ms); the rest waits for the next one.
const FRAME_BUDGET_MS = 20;

export interface Observer {
  /** Swaps in `node` and below before the next frame is painted; never while the page is hidden. */
  queue(node: Node): void;
  /** Looks after a document or an open shadow root from now on. */
  watch(root: Document | ShadowRoot): void;
  /** Does what waits, for at most so long; roots inside of it only when that `isDeep`. */
  flush(budget_ms: number, isDeep: boolean): void;
  stop(): void;
}

/**
 * Collects what changed and swaps it once a frame: before it is painted, so that the old number is not seen, and not
 * at all while the page is hidden (no frames come then). `onScan` sees every root that is scanned, `onFlush` that
 * something changed, `onDocument` every document.
 */
export function observe(
  swapper: Swapper,
  onScan: (root: ParentNode) => void,
  onFlush: () => void,
  onDocument: (root: Document) => void,
): Observer {
  const documents = new WeakSet<Node>();
  const changed = new Set<Node>();
  const lines = new Map<Text, Set<Text>>();
  // Roots inside of these are looked for last: few pages have any.
  const unsearched = new Set<Element>();
  let isWaiting = false;

  const collect = (records: MutationRecord[]) => {
    for (const { type, target, addedNodes } of records) {
      if (type === "childList") addedNodes.forEach(node => changed.add(node));
      else changed.add(target);
    }
    if (changed.size > LONGEST_QUEUE) {
      changed.clear();
      changed.add(document);
    }
    if (!isWaiting && changed.size + lines.size + unsearched.size) {
      isWaiting = true;
      requestAnimationFrame(() => flush(FRAME_BUDGET_MS, true));
    }
  };
  const observer = new MutationObserver(safe(collect));

  const flush = safe((budget_ms: number, isDeep: boolean) => {
    isWaiting = false;
    onFlush();
    const end = now() + budget_ms;
    const drain = <K, V>(queue: Map<K, V> | Set<K>, work: (key: K, value: V) => void) => {
      for (const [key, value] of queue.entries()) {
        if (now() > end) return;
        queue.delete(key);
        work(key, value as V);
      }
    };
    // A search finds other roots to scan.
    for (let round = 0; round < 3; round++) {
      drain(changed, scan);
      drain(lines, swapper.line);
      if (isDeep) drain(unsearched, search);
    }
    // Our own writes are no news.
    observer.takeRecords();
    collect([]);
  });

  const scan = (node: Node) => {
    const root = (node.nodeType === 9 ? (node as Document).body : blockOf(node)) as Element | null;
    if (!root || !root.querySelectorAll) return;
    swapper.scan(root).forEach((around, text) => lines.set(text, around));
    onScan(root);
    unsearched.add(root);
  };

  const search = (root: Element) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT);
    for (let element: Element | null = root; element; element = walker.nextNode() as Element | null) {
      if (element.shadowRoot) watch(element.shadowRoot);
    }
    root.querySelectorAll("iframe").forEach(enter);
    if (root.localName === "iframe") enter(root as HTMLIFrameElement);
    // A custom element gets its shadow root when it is defined.
    for (const element of root.querySelectorAll(":not(:defined)")) {
      void customElements.whenDefined(element.localName).then(() => queue(element));
    }
  };
  const enter = safe(({ contentDocument }: HTMLIFrameElement) => {
    if (contentDocument) watch(contentDocument);
  });

  const queue = (node: Node) => {
    changed.add(node);
    collect([]);
  };

  const watch = (root: Document | ShadowRoot) => {
    const attributeFilter = swapper.names();
    observer.observe(root, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter });
    if (root.nodeType === 9 && !documents.has(root)) {
      documents.add(root);
      onDocument(root as Document);
    }
    queue(root);
  };

  return { queue, watch, flush, stop: () => observer.disconnect() };
}
