/**
 * Finds the known numbers in text, however they are separated. What everybody pays is one expression that gives up
 * early almost everywhere; all else happens only where it does not. Any number of targets costs the same.
 */

import type { Form, Tracking } from "./wire.ts";

/** What a digit string, or a number written with letters, means. */
export interface Entry {
  target: string;
  form: Form;
  /** The number to show for it. */
  tracking: Tracking | undefined;
  /** It is what the snippet shows, not what it replaces. */
  isShown: boolean;
}

/**
 * From where to where a number goes, with its `+`, `00` and parentheses; what it is; and where its digits are, without an exit
 * code (`00`) and an optional trunk zero (`(0)`): none when it has letters.
 */
export type Hit = [start: number, end: number, entry: Entry, slots: number[]];

// The reach of what is looked at beside a number.
const BESIDE = 24;
// Spaces, dashes, dots, slashes, brackets, invisible characters: whatever separates, but not numbers from each other.
const GAP = '(?:\\(0\\)|[^\\p{L}\\p{N},:;|+*#=&%\\p{Sc}"]){0,60}';
// At most six characters.
const LEAD = /(\(?([+\uff0b]|\b00)[\s-]?)?\(?$/;
// Part of a word, a path, a code such as `INV-`, a longer digit string, an international number, or a price.
const BAD_BEFORE = /[\p{sc=Latn}#@=%/\\_]$|[A-Z]-$|\d[^\p{L}\s|]*$|[+\uff0b][\d\s]+$|\p{Sc}\s?$/u;
// The same behind the number; an extension (`x12`) is fine.
const BAD_AFTER = /^(?:(?!x\d)[\p{sc=Latn}@=%_]|-[\p{sc=Latn}_]|\.[a-z]|[^\p{L}\s|]*\d|\s?[\p{Sc}%](?!\s?\d))/u;

/** What is known, by digits, or upper-case letters and digits. */
export const entries = new Map<string, Entry>();

/** What may be a number, and misses none: which characters are at each place of any, as far as all go, then any of them. */
export let pattern = /[]/g;

/** Looks for what is in `entries` from now on. */
export function look(): void {
  const keys = [...entries.keys()];
  const lengths = keys.map(key => key.length);
  const shortest = Math.min(...lengths);
  const places = [...keys[0]!.slice(0, shortest)].map((_, at) => `[${keys.map(key => key[at]).join("")}]`);
  pattern = new RegExp(`${places.join(GAP)}(?:${GAP}[${keys.join("")}]){0,${Math.max(...lengths) - shortest}}`, "giu");
}

/** The sizes of the digit groups in `written`, such as `3,3,4`. */
const shapeOf = (written: unknown): string => String(written).match(/\d+/g)?.map(group => group.length) + "";

/** The known numbers in `text`, from left to right. */
export function find(text: string): Hit[] {
  const hits: Hit[] = [];
  let done = 0;
  pattern.lastIndex = 0;
  for (let found; (found = pattern.exec(text)); ) {
    const hit = read(text, found[0], found.index, done);
    if (hit) hits.push(hit);
    pattern.lastIndex = hit ? (done = hit[1]) : found.index + 1;
  }
  return hits;
}

/** The number with which `written` begins, at `first` in `text`; what is before `done` belongs to another. */
function read(text: string, written: string, first: number, done: number): Hit | undefined {
  const slots: number[] = [];
  let key = "";
  written.replace(/(?!^)\(0\)|[\da-z]/gi, (found, at) => {
    if (!found[1]) {
      key += found;
      slots.push(first + at);
    }
    return found;
  });
  for (key = key.toUpperCase(); key; key = key.slice(0, -1), slots.pop()) {
    const entry = entries.get(key);
    if (!entry) continue;
    const [lead] = LEAD.exec(text.slice(done, first).slice(-6))!;
    const hasLetters = /\D/.test(key);
    const end = slots[slots.length - 1]! + 1;
    const number = text.slice(first, end);
    const isInternational = /[+\uff0b0]/.test(lead) || /.\(0\)/s.test(number);
    if (isInternational && !hasLetters && entry.form !== "international") continue;
    // A parenthesis that closes elsewhere is not the number's.
    const start = first - lead.length + +(lead[0] === "(" && !/^[^(]*\)|\(.*\(.*\).*\)/s.test(lead.slice(1) + number));
    const before = text.slice(done, start).slice(-BESIDE);
    const after = text.slice(end, end + BESIDE);
    if (BAD_BEFORE.test(before) || BAD_AFTER.test(after)) continue;
    // Beside other digits, spaces inside a number hide where it begins and ends: its grouping must tell.
    const isBeside = /\d[^\p{L}|]*$/u.test(before) || /^[^\p{L}|]*\d/u.test(after);
    if (isBeside && /\d\s+\d/.test(number) && !Object.values(entry.tracking || {}).some(written => shapeOf(written) === shapeOf(number))) continue;
    return [start, end, entry, hasLetters ? [] : slots];
  }
  return;
}
