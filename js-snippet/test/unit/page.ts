/** A page of one test's own: the snippet knows one page, as a browser does. */

import { entries } from "../../src/match.ts";
import { chosen, release } from "../../src/numbers.ts";

/** No numbers are known. */
export function forgetAll(): void {
  entries.clear();
  chosen.clear();
  release();
}
