// The frame around one report: its states (loading, empty, error, shown) and its CSV link.

import { h } from "./dom.js";

/** One panel of the page: a section with a `.panel-body` and, where there is a CSV, a `.csv` button. */
export class Panel {
  #section;
  #body;

  constructor(section) {
    this.#section = section;
    this.#body = section.querySelector(".panel-body");
  }

  /** A question is on its way. What is shown stays, dimmed, so that the page does not jump. */
  loading() {
    this.#section.setAttribute("aria-busy", "true");
    if (!this.#body.hasChildNodes()) this.#replace(skeleton());
  }

  /** Shows `content`, one element or several. */
  show(...content) {
    this.#replace(...content);
    this.#csv(true);
  }

  /** There is nothing in the period. */
  empty(title, hint) {
    this.#replace(h("div", { class: "note" }, h("p", { class: "note-title" }, title), h("p", {}, hint)));
    this.#csv(false);
  }

  /** The report could not be had. */
  failed(problem, retry) {
    const parts = [h("p", { class: "note-title" }, problem.title), h("p", {}, sentence(problem.detail))];
    const reference = [problem.id, problem.request].filter(Boolean).join(" · ");
    if (reference) parts.push(h("p", { class: "reference" }, reference));
    parts.push(h("button", { type: "button", class: "button", onclick: retry }, "Try again"));
    this.#replace(h("div", { class: "note note-error", role: "alert" }, parts));
    this.#csv(false);
  }

  #csv(usable) {
    const button = this.#section.querySelector(".csv");
    if (button) button.disabled = !usable;
  }

  #replace(...content) {
    this.#section.removeAttribute("aria-busy");
    this.#body.replaceChildren(...content);
  }
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function skeleton() {
  const bars = Array.from({ length: 6 }, () => h("div", { class: "bone" }));
  return h("div", { class: "skeleton", "aria-hidden": "true" }, bars);
}

/** Saves `blob` as `name`, as a click on a download link does. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  // The browser has begun to read it by the next minute; freeing it at once would cancel slow ones.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
