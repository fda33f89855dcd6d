/**
 * Finds the numbers of an index in text, however they are separated. What everybody pays is one expression that gives up
 * early almost everywhere; all else happens only where it does not. Any number of targets costs the same.
 */

import type { Form } from "./wire.ts";

/** What a digit string, or a number written with letters, means. */
export interface Entry {
  target: string;
  form: Form;
  /** Sizes of the digit groups of its written forms, such as `3,3,4`. */
  shapes: string[];
  /** It is what the snippet shows, not what it replaces. */
  isShown: boolean;
}

export interface Index {
  entries: Map<string, Entry>;
  /** What may be a number, and misses none. */
  pattern: RegExp;
}

export interface Hit {
  /** The number with its `+`, `00` and parentheses. */
  start: number;
  end: number;
  entry: Entry;
  /** Where its digits are, without an exit code (`00`) and an optional trunk zero (`(0)`); none when it has letters. */
  slots: number[];
}

/** The reach of what is looked at beside a number. */
export const BESIDE = 24;

// Spaces, dashes, dots, slashes, brackets, invisible characters: whatever separates, but not numbers from each other.
const GAP = "(?:\\(0\\)|[^\\p{L}\\p{N},:;|+*#=&%\\p{Sc}\"]){0,60}";
const LEAD = /(?:\(?(?:[+\uff0b]|\b00)[\s-]?)?\(?$/;
// Part of a word, a path, a code such as `INV-`, a longer digit string, an international number, or a price.
const BAD_BEFORE = /[\p{sc=Latn}#@=%/\\_]$|[A-Z]-$|\d[^\p{L}\s|]*$|[+\uff0b][\d\s]+$|\p{Sc}\s?$/u;
// The same behind the number; an extension (`x12`) is fine.
const BAD_AFTER = /^(?:(?!x\d)[\p{sc=Latn}@=%_]|-[\p{sc=Latn}_]|\.[a-z]|[^\p{L}\s|]*\d|\s?[\p{Sc}%](?!\s?\d))/u;

/** An index of `entries`, whose keys are digits, or upper-case letters and digits. */
export function openIndex(entries: Map<string, Entry>): Index {
  const keys = Array.from(entries.keys());
  const digits = keys.filter(key => !/\D/.test(key));
  const shortest = Math.min(...digits.map(key => key.length));
  let pattern = "";
  // Which digits are at each place of any number: an expression that gives up early almost everywhere.
  for (let at = Math.max(0, ...digits.map(key => key.length)); at--; ) {
    pattern = `[${digits.map(key => key[at]).join("")}]${pattern && GAP + pattern}`;
    if (at >= shortest) pattern = `(?:${pattern})?`;
  }
  const lettered = keys.filter(key => /\D/.test(key)).map(key => key.split("").join(GAP));
  return { entries, pattern: new RegExp([...lettered, pattern || "[]"].join("|"), "giu") };
}

/** The numbers of `index` in `text`, from left to right. */
export function find(text: string, { entries, pattern }: Index): Hit[] {
  const hits: Hit[] = [];
  let done = 0;
  pattern.lastIndex = 0;
  for (let found; (found = pattern.exec(text)); ) {
    const hit = read(text, found[0], found.index, done, entries);
    if (hit) hits.push(hit);
    pattern.lastIndex = hit ? (done = hit.end) : found.index + 1;
  }
  return hits;
}

/** The sizes of the digit groups in `written`. */
export const shapeOf = (written: string): string => (written.match(/\d+/g) || []).map(group => group.length).join();

/** The number with which `written` begins, at `first` in `text`; what is before `done` belongs to another. */
function read(text: string, written: string, first: number, done: number, entries: Map<string, Entry>): Hit | undefined {
  const slots: number[] = [];
  written.replace(/(?!^)\(0\)|[\da-z]/gi, (found, at) => (found[1] || slots.push(first + at), found));
  const [lead] = LEAD.exec(text.slice(done, first))!;
  for (; slots[0] !== undefined; slots.pop()) {
    const key = slots.map(at => text[at]).join("").toUpperCase();
    const entry = entries.get(key);
    if (!entry) continue;
    const hasLetters = /\D/.test(key);
    const end = slots[slots.length - 1]! + 1;
    const number = text.slice(first, end);
    const isInternational = /[+\uff0b0]/.test(lead) || /.\(0\)/s.test(number);
    if (isInternational && !hasLetters && entry.form !== "international") continue;
    // A parenthesis that closes elsewhere is not the number's.
    const start = first - lead.length + +(lead[0] === "(" && !/^[^(]*\)|\(.*\(.*\).*\)/s.test(lead.slice(1) + number));
    const before = text.slice(Math.max(done, start - BESIDE), start);
    const after = text.slice(end, end + BESIDE);
    if (BAD_BEFORE.test(before) || BAD_AFTER.test(after)) continue;
    // Beside other digits, spaces inside a number hide where it begins and ends: its grouping must tell.
    const isBeside = /\d[^\p{L}|]*$/u.test(before) || /^[^\p{L}|]*\d/u.test(after);
    if (isBeside && /\d\s+\d/.test(number) && !entry.shapes.includes(shapeOf(number))) continue;
    return { start, end, entry, slots: hasLetters ? [] : slots };
  }
  return;
}
