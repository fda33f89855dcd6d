// Every text of the pages, by the language of whoever looks. A second language is a second file in `texts/` and a line here.

import de from "./texts/de.js";
import en from "./texts/en.js";

/** Every language that there is. */
export const LANGUAGES = { en, de };

const wanted = () => globalThis.navigator?.languages ?? [];
const chosen = wanted().map((tag) => tag.split("-")[0]).find((tag) => tag in LANGUAGES) ?? "en";

/** The language of texts and figures. */
export const language = chosen;

/**
 * The text with this name, its `{places}` filled. Without such a text the last part of the name, in words: names of
 * metrics that a newer service knows are shown all the same.
 */
export function t(name, values = {}) {
  const text = name.split(".").reduce((found, part) => found?.[part], LANGUAGES[chosen]);
  if (typeof text !== "string") return spoken(name.split(".").pop());
  return text.replace(/\{(\w+)\}/g, (_, place) => values[place] ?? "");
}

/** Whether there is a text of this name. */
export const has = (name) => typeof name.split(".").reduce((found, part) => found?.[part], LANGUAGES[chosen]) === "string";

/** `first_time_rate` → `First time rate`. */
export const spoken = (name) => {
  const words = String(name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
