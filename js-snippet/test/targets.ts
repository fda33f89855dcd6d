/** Targets as the service describes them, for all tests. */

import type { Target } from "../src/wire.ts";

export const US: Target = {
  id: "main",
  number: "+18005550100",
  forms: [
    { digits: "18005550100", form: "international" },
    { digits: "8005550100", form: "national" },
  ],
  tier: "own",
  tracking: {
    number: "+14155550199",
    international: "+1 415-555-0199",
    national: "(415) 555-0199",
    digits: { international: "14155550199", national: "4155550199" },
  },
};

export const GB: Target = {
  id: "london",
  number: "+442079460000",
  forms: [
    { digits: "442079460000", form: "international" },
    { digits: "02079460000", form: "national" },
    { digits: "2079460000", form: "significant" },
  ],
  tier: "own",
  tracking: {
    number: "+442079460999",
    international: "+44 20 7946 0999",
    national: "020 7946 0999",
    digits: { international: "442079460999", national: "02079460999", significant: "2079460999" },
  },
};

/** A number whose tracking number has fewer digits: the page's format cannot fit. */
export const DE: Target = {
  id: "berlin",
  number: "+493012345678",
  forms: [
    { digits: "493012345678", form: "international" },
    { digits: "03012345678", form: "national" },
    { digits: "3012345678", form: "significant" },
  ],
  tier: "shared",
  tracking: {
    number: "+4930901820",
    international: "+49 30 901820",
    national: "030 901820",
    digits: { international: "4930901820", national: "030901820", significant: "30901820" },
  },
};

/** A target that is left alone. */
export const ORIGINAL = {
  id: "fax",
  number: "+18005550111",
  forms: [
    { digits: "18005550111", form: "international" as const },
    { digits: "8005550111", form: "national" as const },
  ],
  tier: "original",
  reason: "no_pool",
} satisfies Target & { reason: string };
