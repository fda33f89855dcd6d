/** National and international formats of every country, as libphonenumber-js writes and finds them: it shares nothing with ours. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import examples from "libphonenumber-js/mobile/examples";
import { findPhoneNumbersInText, getCountries, getExampleNumber, parsePhoneNumberFromString, type PhoneNumber } from "libphonenumber-js/max";
import { find } from "../../src/match.ts";
import { accept } from "../../src/numbers.ts";
import type { Form, Target } from "../../src/wire.ts";
import { forgetAll, rewritten } from "./page.ts";

const digitsOf = (text: string) => text.replace(/\D/g, "");

/** The digit strings by which a number is written, as the service tells them. */
function digits(number: PhoneNumber): [Form, string][] {
  const national = digitsOf(number.formatNational());
  const significant = `${number.nationalNumber}`;
  return [
    ["international", digitsOf(number.number)],
    ["national", national],
    ...(significant === national ? [] : [["significant", significant] as [Form, string]]),
  ];
}

/** A target for `number` that `other` replaces. */
const targetOf = (number: PhoneNumber, other: PhoneNumber): Target => ({
  id: "main",
  number: number.number,
  forms: digits(number).map(([form, digits]) => ({ form, digits })),
  tier: "own",
  tracking: {
    number: other.number,
    international: other.formatInternational(),
    national: other.formatNational(),
    digits: Object.fromEntries(digits(other)),
  },
});

/** An example number of each country, and another one of the same area. */
const PAIRS = getCountries().flatMap(country => {
  const number = getExampleNumber(country, examples);
  if (!number) return [];
  const other = parsePhoneNumberFromString(number.number.slice(0, -1) + ((+number.number.slice(-1) + 1) % 10), country);
  return other ? [{ country, number, other }] : [];
});

/** Ways to write a number that every country knows. */
const WAYS: [string, (number: PhoneNumber) => string][] = [
  ["national", number => number.formatNational()],
  ["international", number => number.formatInternational()],
  ["E.164", number => number.number],
  ["behind 00", number => number.formatInternational().replace("+", "00 ")],
  ["with dashes", number => number.formatInternational().replaceAll(" ", "-")],
  ["with dots", number => number.formatNational().replaceAll(" ", ".")],
  ["with no-break spaces", number => number.formatInternational().replaceAll(" ", "\u00a0")],
];

describe("numbers of every country", () => {
  beforeEach(forgetAll);

  it("are examples of more than two hundred countries", () => assert.ok(PAIRS.length > 200, `${PAIRS.length}`));

  for (const [way, write] of WAYS) {
    it(`are swapped in their own format: ${way}`, () => {
      const missed: string[] = [];
      for (const { country, number, other } of PAIRS) {
        forgetAll();
        accept([targetOf(number, other)]);
        const text = `Call ${write(number)}, day and night.`;
        const swapped = rewritten(text);
        if (swapped !== `Call ${write(other)}, day and night.`) missed.push(`${country}: ${text} → ${swapped}`);
      }
      assert.deepEqual(missed, []);
    });
  }

  it("stand where libphonenumber-js finds them", () => {
    const other: string[] = [];
    for (const { country, number, other: shown } of PAIRS) {
      for (const [, write] of WAYS.slice(0, 3)) {
        forgetAll();
        accept([targetOf(number, shown)]);
        const text = `Our new number (since 2024) is ${write(number)}. Call us!`;
        const [theirs] = findPhoneNumbersInText(text, country).filter(found => found.number.number === number.number);
        const [ours] = find(text);
        // Some short national formats are no number to it without their context.
        if (theirs && (ours?.[0] !== theirs.startsAt || ours[1] !== theirs.endsAt)) other.push(`${country}: ${text}`);
      }
    }
    assert.deepEqual(other, []);
  });
});
