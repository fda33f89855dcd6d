/** What a visitor does with a number. Only that it happened, and to which target, leaves the page: never any text. */

import { emit } from "./api.ts";
import { decorate } from "./links.ts";
import { targetIn } from "./numbers.ts";
import { listen } from "./safe.ts";
import { dialled } from "./swap.ts";
import { beacon } from "./talk.ts";
import type { SignalName } from "./wire.ts";

const LONG_PRESS_MS = 500;
// More text than this around a finger is no number that it presses.
const LONGEST_PRESSED = 200;

function say(name: SignalName, target: string | undefined | false, ago_ms = 0): void {
  if (!target) return;
  beacon("beat", { [name]: { target, ago_ms } });
  if (name === "tel_click") emit("call-click", target);
}

/** Listens in `root`; every link that may be about to be followed is prepared. */
export function listenForSignals(root: Document): void {
  let press: ReturnType<typeof setTimeout>;
  listen(root, "pointerdown click focusin", event => {
    const path = event.composedPath();
    const link = path.find(node => (node as HTMLAnchorElement).href) as HTMLAnchorElement | undefined;
    if (link) decorate(link);
    const target = link && targetIn(dialled(link.getAttribute("href")!));
    if (event.type === "click") say("tel_click", target);
    else if ((event as PointerEvent).pointerType === "touch") {
      const text = (path[0] as Node).textContent!;
      clearTimeout(press);
      press = setTimeout(say, LONG_PRESS_MS, "long_press", target || (text.length < LONGEST_PRESSED && targetIn(text)), LONG_PRESS_MS);
    }
  });
  listen(root, "pointerup pointercancel", () => clearTimeout(press));
  listen(root, "copy", () => say("copied", targetIn(`${root.getSelection()}`)));
}
