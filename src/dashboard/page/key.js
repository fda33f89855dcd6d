// The API key: asked for once and kept in this tab only, so that closing it forgets it.

import { byId } from "./dom.js";

const STORED = "ringtrace-key";

/** The key that the server hands out in demo mode, or nothing. */
export const demoKey = () => document.querySelector('meta[name="ringtrace-demo-key"]')?.content || null;

/** The key of this tab, or nothing. */
export function storedKey() {
  try {
    return sessionStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** Keeps `key` for this tab; where storage is switched off it lasts until the page is left. */
export function keepKey(key) {
  try {
    sessionStorage.setItem(STORED, key);
  } catch {
    // Nothing to do: the key is in use all the same.
  }
}

/** Forgets the key of this tab. */
export function forgetKey() {
  try {
    sessionStorage.removeItem(STORED);
  } catch {
    // Without storage there is nothing to forget.
  }
}

/** Shows the key form, with `why` when a key was refused; answers with what was typed. */
export function askForKey(why = "") {
  const form = byId("key-form");
  const field = byId("key-field");
  const message = byId("key-error");
  message.textContent = why;
  message.hidden = !why;
  field.toggleAttribute("aria-invalid", Boolean(why));
  byId("key-screen").hidden = false;
  byId("reports").hidden = true;
  field.value = "";
  field.focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      const key = field.value.trim();
      if (!key) return;
      byId("key-screen").hidden = true;
      byId("reports").hidden = false;
      resolve(key);
    };
  });
}
