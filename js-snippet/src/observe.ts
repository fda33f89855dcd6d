/** Content that comes after the first scan: frameworks, pop-ups, chat boxes. */

import { now, safe } from "./safe.ts";
import { ATTRIBUTES, type Swapper } from "./swap.ts";

// More than this in one frame is a new page: one scan of everything costs less than the list.
const LONGEST_QUEUE = 1000;
// What a frame may cost; the rest waits for the next one.
const FRAME_BUDGET_MS = 8;

/**
 * Collects what changed and swaps it once a frame: before it is painted, so that the old number is not seen, and not
 * at all while the page is hidden (no frames come then).
 */
export function observe(swapper: Swapper): void {
  const root = document.documentElement;
  const changed = new Set<Node>();
  const relabelled = new Set<Element>();
  let waiting = false;

  const collect = (records: MutationRecord[]) => {
    for (const { type, target, addedNodes } of records) {
      if (type === "attributes") relabelled.add(target as Element);
      else if (type === "characterData") changed.add(target);
      else addedNodes.forEach(node => changed.add(node));
    }
    if (changed.size + relabelled.size > LONGEST_QUEUE) {
      changed.clear();
      relabelled.clear();
      changed.add(root);
    }
    if (!waiting && changed.size + relabelled.size) {
      waiting = true;
      requestAnimationFrame(flush);
    }
  };

  const flush = safe(() => {
    waiting = false;
    const start = now();
    const hasTime = () => now() - start < FRAME_BUDGET_MS;
    drain(changed, node => node.isConnected && swapper.scan(node), hasTime);
    drain(relabelled, element => swapper.attributes(element), hasTime);
    // Our own writes are no news.
    observer.takeRecords();
    collect([]);
  });

  const observer = new MutationObserver(safe(collect));
  observer.observe(root, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES });
}

function drain<T>(queue: Set<T>, work: (item: T) => void, hasTime: () => boolean): void {
  for (const item of queue) {
    if (!hasTime()) return;
    queue.delete(item);
    work(item);
  }
}
