/** Writes tracking numbers the way the page wrote the numbers they replace. */

import { find, type Hit } from "./match.ts";
import { chosen } from "./numbers.ts";
import type { Form, Tracking } from "./wire.ts";

/** What to write for a whole hit; nothing when its format can stay, which it can when the digits fit. */
export type Writer = (tracking: Tracking, fits: boolean, hit: Hit) => string | false;

/** For people: with letters where the page wrote letters, else in the right written form. */
export const write: Writer = (tracking, fits, [, , { form }, slots]) =>
  !fits && ((slots.length ? (tracking as Partial<Record<Form, string>>)[form] : tracking.vanity) || tracking.national);

/** For diallers, which all understand E.164. */
export const writeDialable: Writer = ({ number }, fits) => !fits && number;

/** What stands in the place of each character of `text` when the numbers that `isOurs` are rewritten; nothing when there is none. */
export function rewrite(
  text: string,
  writer: Writer,
  isOurs: (hit: Hit, tracking: Tracking | undefined) => boolean | undefined,
): string[] | undefined {
  let characters: string[] | undefined;
  for (const hit of find(text)) {
    const [start, end, entry, slots] = hit;
    const tracking = chosen.get(entry.target);
    if (!isOurs(hit, tracking) || !tracking) continue;
    characters ||= text.split("");
    const digits = tracking.digits[entry.form] || "";
    const whole = writer(tracking, digits.length === slots.length, hit);
    if (whole) characters.fill("", start, end)[start] = whole;
    else slots.forEach((at, nth) => (characters![at] = digits[nth]!));
  }
  return characters;
}
