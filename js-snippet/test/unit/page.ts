/** A page of one test's own: the snippet knows one page, as a browser does. */

import { rewrite, write, type Writer } from "../../src/format.ts";
import { entries } from "../../src/match.ts";
import { chosen, release } from "../../src/numbers.ts";

/** No numbers are known. */
export function forgetAll(): void {
  entries.clear();
  chosen.clear();
  release();
}

/** `text` with every number in it rewritten; nothing when there is none. */
export const rewritten = (text: string, writer: Writer = write): string | undefined => rewrite(text, writer, () => true)?.join("");
