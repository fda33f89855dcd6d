/** The matcher over texts that other projects published: it finds what they say is a number, and nothing in the rest. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { accept } from "../../src/numbers.ts";
import type { Target } from "../../src/wire.ts";
import { US } from "../targets.ts";
import { forgetAll, rewritten } from "./page.ts";

const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8"));
// In English; in Hindi and Turkish.
const TEXTS = ["english", "other"].flatMap(language => read<{ text: string; numbers: string[] }[]>(`recognizers_text_${language}`));
const CASES = read<{ group: string; text: string }[]>("libphonenumber_matcher_cases");
const CONTEXTS = read<{ before: string; after: string }[]>("libphonenumber_contexts");

// An optional trunk zero in the middle is not dialled, and stays.
const TRUNK = /(?!^)\(0\)/;
const digitsOf = (text: string) => text.replace(TRUNK, "").replace(/\D/g, "");
const shifted = (text: string) => text.replace(/((?!^)\(0\))|\d/g, (digit, trunk) => trunk ?? `${(+digit + 1) % 10}`);

/** A target that is written as `written`; its tracking number has every digit one higher. */
function targetOf(written: string, id = "main"): Target {
  const digits = digitsOf(written);
  const form = /^\s*\(?\+/.test(written) ? "international" : "national";
  const tracking = shifted(written);
  return {
    id,
    number: "+" + digits,
    forms: [{ digits, form }],
    tier: "own",
    tracking: { number: "+99999999999", international: tracking, national: tracking, digits: { [form]: shifted(digits) } },
  };
}

function swap(text: string, targets: Target[]): string {
  forgetAll();
  accept(targets);
  return rewritten(text) ?? text;
}

describe("texts of Recognizers-Text", () => {
  // Extensions, and numbers that are glued to a word or written twice, are another matter than finding a known number.
  const plain = TEXTS.filter(({ text, numbers: [number = "", ...more] }) => {
    const parts = text.split(number);
    const isPlain = /^[+(\d][\d\s().+/-]*\d$/.test(number) && digitsOf(number).length >= 7;
    return isPlain && !more.length && parts.length === 2 && !/[a-z@]-?$/i.test(parts[0]!);
  });
  const missed: string[] = [];

  it("whose number is known are swapped at its place, in its format", () => {
    for (const { text, numbers } of plain) {
      const number = numbers[0]!;
      const expected = text.replace(number, shifted(number));
      if (swap(text, [targetOf(number)]) !== expected) missed.push(`${text} → ${swap(text, [targetOf(number)])}`);
    }
    assert.ok(plain.length > 200, `${plain.length} texts`);
    assert.deepEqual(missed, []);
  });

  it("without a number have none, whatever number is looked for", () => {
    const targets = plain.map(({ numbers }, nth) => targetOf(numbers[0]!, `target-${nth}`));
    for (const { text, numbers } of TEXTS) {
      // Some of these numbers are called none in another sentence.
      const others = targets.filter(({ forms }) => !digitsOf(text).includes(forms[0]!.digits));
      if (!numbers.length) assert.equal(swap(text, others), text);
    }
  });
});

describe("cases of libphonenumber", () => {
  const written = CASES.filter(({ group, text }) => !/IMPOSSIBLE|POSSIBLE_ONLY/.test(group) && /^[+(\d][\d\s()./-]*\d$/.test(text));

  it("that are numbers are found as a whole", () => {
    for (const { text } of written) assert.equal(swap(text, [targetOf(text)]), shifted(text), text);
    assert.ok(written.length > 20, `${written.length} cases`);
  });

  it("that are none are left alone, whatever number is looked for", () => {
    const targets = [US, ...written.map(({ text }, nth) => targetOf(text, `target-${nth}`))];
    for (const { group, text } of CASES) if (group === "IMPOSSIBLE_CASES") assert.equal(swap(text, targets), text);
  });

  for (const { before, after } of CONTEXTS) {
    // Part of a word, or of an amount.
    const isPart = /[\p{sc=Latn}\p{Sc}]$/u.test(before) || /^[\p{sc=Latn}\p{Sc}%]/u.test(after);
    it(`${JSON.stringify(before)} … ${JSON.stringify(after)} ${isPart ? "spoil" : "do not spoil"} a number`, () => {
      const number = "800-555-0100";
      assert.equal(swap(before + number + after, [US]), before + (isPart ? number : "415-555-0199") + after);
    });
  }
});
