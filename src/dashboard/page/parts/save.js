// Files that are made on the page, and texts for the clipboard.

import { html, useState } from "../view.js";
import { t } from "../words.js";

/** Lets the browser save `content` under `name`. */
export function save(name, content, type = "text/plain") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A button that copies `text` and says so. */
export function Copy({ text, children }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text).then(() => setDone(true), () => null);
    setTimeout(() => setDone(false), 2_000);
  };
  return html`<button type="button" class="button" onClick=${copy}><span aria-live="polite">${done ? t("actions.copied") : children}</span></button>`;
}
