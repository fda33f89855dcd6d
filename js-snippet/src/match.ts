/**
 * Finds the numbers of an index in text, however they are separated. One expression finds runs of digits; everything else
 * happens only there, so text without phone numbers costs next to nothing, and any number of targets costs the same.
 */

import type { Form } from "./wire.ts";

/** What a digit string means. */
export interface Entry {
  target: string;
  form: Form;
  /** Sizes of the digit groups of its written forms, such as `3,3,4`. */
  shapes: string[];
}

/** The digit strings to find, and the expression for text that may hold one. */
export interface Index {
  entries: Map<string, Entry>;
  run: RegExp;
}

export interface Hit {
  /** The number with its `+`, `00` and parentheses. */
  start: number;
  end: number;
  entry: Entry;
  /** Where its digits are, without an exit code (`00`) and an optional trunk zero (`(0)`). */
  slots: number[];
}

interface Group {
  /** What separates it from the group before. */
  gap: string;
  start: number;
  end: number;
}

// Spaces of all kinds, soft hyphen and zero-width characters, dots, dashes of all kinds, parentheses, slashes.
const SEPARATOR = "\\s\\u00ad\\u200b-\\u200d\\u2060.\\u00b7\\u2022\\u2219\\-\\u2010-\\u2015\\u2212\\ufe58\\ufe63\\uff0d~()\\uff08\\uff09/";
const LONGEST_NUMBER = 20;

const PLUS = /[+\uff0b]/;
const LEAD = /(?:\(?[+\uff0b]\s?)?\(?$/;

const LATIN = "A-Za-z\\u00c0-\\u024f";
// Part of a word, a path, a code such as `INV-`, a price, or the thousands of a larger number.
const BAD_BEFORE = new RegExp(`[${LATIN}0-9_#@=%/\\\\]$|[A-Z0-9_]-$|[$\\u00a3\\u20ac\\u00a5\\u20b9]\\s?$|(?:^|\\D)\\d{1,3},$`);
// The same behind the number; an extension (`x12`) is fine.
const BAD_AFTER = new RegExp(
  `^(?:(?![xX]\\d)[${LATIN}0-9_@=%]|[-_][${LATIN}0-9_]|\\.[a-z0-9]|:\\d|,\\d{1,3}(?!\\d)|\\s?[$\\u00a3\\u20ac\\u00a5\\u20b9%](?!\\s?\\d))`,
);

/** An index of `entries`: dates, prices and all else that is shorter than its shortest number is not even looked at. */
export function openIndex(entries: Map<string, Entry>): Index {
  const shortest = Math.min(LONGEST_NUMBER, ...Array.from(entries.keys(), digits => digits.length));
  // Bounded, so that a page of digits cannot exhaust the expression's stack; what follows a cut is refused as "digit before".
  return { entries, run: new RegExp(`\\d(?:[${SEPARATOR}]{0,4}\\d){${shortest - 1},400}`, "g") };
}

/** The numbers of `index` in `text`, from left to right. */
export function find(text: string, index: Index): Hit[] {
  const hits: Hit[] = [];
  index.run.lastIndex = 0;
  for (let run = index.run.exec(text); run; run = index.run.exec(text)) {
    const groups = groupsOf(run[0], run.index);
    // `+1 212 555 0123`: what follows the plus belongs to it, up to a hit or another separator than white space.
    let afterPlus = PLUS.test(text.slice(Math.max(0, run.index - 3), run.index));
    for (let first = 0; first < groups.length; first++) {
      const gap = groups[first]!.gap;
      if (first && (afterPlus ? !/\s\S|\S\s/.test(gap) : !/\s/.test(gap))) continue;
      const found = longestFrom(text, groups, first, index);
      if (!found) continue;
      hits.push(found.hit);
      first = found.last;
      afterPlus = false;
    }
  }
  return hits;
}

/** The sizes of the digit groups in `written`. */
export const shapeOf = (written: string): string => (written.match(/\d+/g) || []).map(group => group.length).join();

function groupsOf(run: string, offset: number): Group[] {
  const digits = /(\D*)(\d+)/g;
  const groups: Group[] = [];
  for (let group = digits.exec(run); group; group = digits.exec(run)) {
    const end = offset + digits.lastIndex;
    groups.push({ gap: group[1]!, start: end - group[2]!.length, end });
  }
  return groups;
}

/** The longest number that begins at group `first` and is not part of a longer digit string. */
function longestFrom(text: string, groups: Group[], first: number, index: Index): { hit: Hit; last: number } | undefined {
  const slots: number[] = [];
  let trunk = -1;
  let spaced = false;
  let best: { hit: Hit; last: number } | undefined;
  for (let last = first; last < groups.length && slots.length <= LONGEST_NUMBER; last++) {
    const { gap, start, end } = groups[last]!;
    if (last > first) {
      spaced = spaced || /^\s+$/.test(gap);
      if (text.slice(start - 1, end + 1) === "(0)") trunk = start;
    }
    for (let at = start; at < end; at++) slots.push(at);
    // Only white space sets numbers apart: `800-555-0100-22` and `8005550100/17` are other things.
    const next = groups[last + 1];
    if (next && !/\s/.test(next.gap)) continue;
    const hit = hitAt(text, slots, trunk, end, index);
    // Beside other digits, spaces inside a number hide where it begins and ends: its grouping must tell.
    const shape = () => groups.slice(first, last + 1).map(group => group.end - group.start).join();
    if (hit && ((!first && !next) || !spaced || hit.entry.shapes.includes(shape()))) best = { hit, last };
  }
  return best;
}

/** The number whose digits are at `digitsAt`, with what leads into it, if it is one and nothing around says otherwise. */
function hitAt(text: string, digitsAt: number[], trunk: number, end: number, index: Index): Hit | undefined {
  const firstDigit = digitsAt[0]!;
  let start = firstDigit - LEAD.exec(text.slice(Math.max(0, firstDigit - 4), firstDigit))![0].length;
  if (text[start] === "(" && count(text, start, end, "(") > count(text, start, end, ")")) start++;
  const hasPlus = PLUS.test(text.slice(start, firstDigit));
  const has00 = !hasPlus && text[firstDigit] === "0" && text[digitsAt[1]!] === "0";

  const meaning = (slots: number[], mustBeInternational: boolean): Hit | undefined => {
    const entry = index.entries.get(slots.map(at => text[at]).join(""));
    return entry && (!mustBeInternational || entry.form === "international") ? { start, end, entry, slots } : undefined;
  };
  const withoutTrunk = digitsAt.filter(at => at !== trunk);
  const hit =
    meaning(digitsAt.slice(), hasPlus) ||
    meaning(withoutTrunk, true) ||
    (has00 && (meaning(digitsAt.slice(2), true) || meaning(withoutTrunk.slice(2), true)));
  if (!hit || BAD_BEFORE.test(text.slice(Math.max(0, start - 5), start)) || BAD_AFTER.test(text.slice(end, end + 5))) return;
  return hit;
}

function count(text: string, start: number, end: number, character: string): number {
  return text.slice(start, end).split(character).length - 1;
}
