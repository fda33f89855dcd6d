/** What a visitor does with a number. Only that it happened, and to which target, leaves the page: never any text. */

import { listen, now } from "./safe.ts";
import { dialled } from "./swap.ts";
import type { SignalName } from "./wire.ts";

const LONG_PRESS_MS = 500;
// More text than this around a finger is no number that it presses.
const LONGEST_PRESSED = 200;

/** Listens in `root`; `targetIn` knows tracking numbers; `onLink` hears of every link that may be about to be followed. */
export function listenForSignals(
  root: Document,
  targetIn: (text: string) => string | undefined,
  onLink: (link: HTMLAnchorElement) => void,
  say: (name: SignalName, target: string | undefined, ago_ms: number) => void,
): void {
  let press: ReturnType<typeof setTimeout> | number;
  listen(root, "pointerdown click focusin", event => {
    const path = event.composedPath();
    const link = path.find(node => (node as HTMLAnchorElement).href) as HTMLAnchorElement | undefined;
    if (link) onLink(link);
    const target = link && targetIn(dialled(link.getAttribute("href")!));
    if (event.type === "click") say("tel_click", target, now() - event.timeStamp);
    if ((event as PointerEvent).pointerType !== "touch" || event.type === "click") return;
    const text = (path[0] as Node).textContent!;
    clearTimeout(press);
    press = setTimeout(say, LONG_PRESS_MS, "long_press", target || (text.length < LONGEST_PRESSED && targetIn(text)), LONG_PRESS_MS);
  });
  listen(root, "pointerup pointercancel", () => clearTimeout(press));
  listen(root, "copy", () => say("copied", targetIn(`${root.getSelection()}`), 0));
}
