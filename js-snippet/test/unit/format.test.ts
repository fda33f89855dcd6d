import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { writeDialable } from "../../src/format.ts";
import { accept, chosen, release, targetIn } from "../../src/numbers.ts";
import { forgetAll, rewritten } from "./page.ts";
import { DE, GB, ORIGINAL, US } from "../targets.ts";
import { SWAPPED, UNTOUCHED } from "./corpus.ts";

const swap = (text: string) => rewritten(text) ?? text;

beforeEach(() => {
  forgetAll();
  accept([US, GB, DE, ORIGINAL]);
});

describe("a number in text", () => {
  for (const [text, expected] of SWAPPED) {
    it(`${JSON.stringify(text)} is swapped in its own format`, () => {
      assert.equal(swap(text), expected);
      assert.equal(swap(expected), expected, "a second time changes nothing");
      assert.equal(swap(`a ${text} b`), `a ${expected} b`);
    });
  }
});

describe("other digits", () => {
  for (const text of UNTOUCHED) {
    it(`${JSON.stringify(text.slice(0, 40))} stays`, () => {
      assert.equal(swap(text), text);
      assert.equal(swap(`a ${text} b`), `a ${text} b`);
    });
  }
});

describe("a tel: link's number", () => {
  const dial = (text: string) => rewritten(text, writeDialable) ?? text;

  it("keeps its own form where the digits fit", () => {
    assert.equal(dial("+18005550100"), "+14155550199");
    assert.equal(dial("8005550100"), "4155550199");
    assert.equal(dial("1-800-555-0100"), "1-415-555-0199");
    assert.equal(dial("+18005550100;ext=5"), "+14155550199;ext=5");
  });

  it("is E.164 where they do not", () => {
    assert.equal(dial("+493012345678"), "+4930901820");
    assert.equal(dial("03012345678"), "+4930901820");
  });
});

describe("numbers of a page", () => {
  const other: typeof US = {
    ...US,
    tracking: { number: "+12125550177", international: "+1 212-555-0177", national: "(212) 555-0177", digits: { international: "12125550177", national: "2125550177" } },
  };

  it("the first number of a target stays until the next page", () => {
    forgetAll();
    assert.equal(accept([US]), true);
    assert.equal(accept([other]), false);
    assert.equal(chosen.get("main")?.number, "+14155550199");
    release();
    assert.equal(accept([other]), true);
    assert.equal(rewritten("(800) 555-0100 or (415) 555-0199"), "(212) 555-0177 or (212) 555-0177");
  });

  it("a target without one gets the first that comes", () => {
    forgetAll();
    assert.equal(accept([ORIGINAL]), true, "it can be found");
    assert.equal(accept([ORIGINAL]), false);
    const { tracking: _, ...left_alone } = US;
    accept([left_alone]);
    assert.equal(accept([left_alone]), false);
    assert.equal(accept([US]), true);
  });

  it("knows which target a link dials", () => {
    for (const link of ["+14155550199", "4155550199", "001-415-555-0199;ext=7"]) assert.equal(targetIn(link), "main");
    assert.equal(targetIn("8005550100"), undefined);
    assert.equal(targetIn(""), undefined);
  });
});
