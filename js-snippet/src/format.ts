/** Writes a tracking number the way the page wrote the number it replaces. */

import { find, type Hit, type Index } from "./match.ts";
import type { Tracking } from "./wire.ts";

/** The tracking number for one hit: in the page's own format when the digits fit, else in its right written form. */
export function write(text: string, hit: Hit, tracking: Tracking): string {
  return fill(text, hit, tracking) || (hit.entry.form === "international" ? tracking.international : tracking.national);
}

/** The same inside a `tel:` link, where E.164 is what every dialler understands. */
export function writeDialable(text: string, hit: Hit, tracking: Tracking): string {
  return fill(text, hit, tracking) || tracking.number;
}

/** `text` with every hit rewritten, and the targets found in it; nothing when there is none. */
export function rewrite(
  text: string,
  index: Index,
  numbers: ReadonlyMap<string, Tracking>,
  writer = write,
): { text: string; targets: string[] } | undefined {
  let done = 0;
  let written = "";
  const targets: string[] = [];
  for (const hit of find(text, index)) {
    const tracking = numbers.get(hit.entry.target);
    if (!tracking) continue;
    written += text.slice(done, hit.start) + writer(text, hit, tracking);
    done = hit.end;
    targets.push(hit.entry.target);
  }
  return targets.length ? { text: written + text.slice(done), targets } : undefined;
}

function fill(text: string, { start, end, entry, slots }: Hit, tracking: Tracking): string | undefined {
  const digits = tracking.digits[entry.form];
  if (!digits || digits.length !== slots.length) return;
  const characters = text.slice(start, end).split("");
  slots.forEach((at, nth) => (characters[at - start] = digits[nth]!));
  return characters.join("");
}
