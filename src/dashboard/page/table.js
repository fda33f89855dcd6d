// A table that sorts by its headers and turns into cards on a phone. Roles are written out because tables that
// are laid out as blocks lose them in some browsers.

import { h } from "./dom.js";
import { count } from "./format.js";

/** Rows shown before "Show all": a thousand campaigns must neither slow the page nor bury the next report. */
const firstRows = () => (matchMedia("(max-width: 719px)").matches ? 8 : 25);

/** So few rows beyond them are shown rather than hidden behind a button. */
const A_FEW_MORE = 4;

/**
 * `columns`: `[{ id, label, hint, text, cell(row, context), value(row), total(totals, context) }]`; `text` columns
 * are left-aligned and sort upwards first, `value` is what is sorted by. `total`, where given, fills the foot.
 */
export class SortedTable {
  #caption;
  #columns;
  #sort;
  #all = false;
  #rows = [];
  #totals = null;
  #context = null;
  #root = h("div", { class: "table-frame" });

  constructor(caption, columns, sortedBy) {
    this.#caption = caption;
    this.#columns = columns;
    this.#sort = { id: sortedBy, down: true };
  }

  /** The element for these rows and totals, sorted as before; `context` is for the columns. */
  render(rows, totals, context = null) {
    this.#rows = rows;
    this.#totals = totals;
    this.#context = context;
    this.#draw();
    return this.#root;
  }

  #draw() {
    const rows = this.#sorted();
    const enough = this.#all || rows.length <= firstRows() + A_FEW_MORE;
    const shown = enough ? rows : rows.slice(0, firstRows());
    const table = h("table", { role: "table", class: "data" }, [
      h("caption", { class: "unseen" }, this.#caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, this.#columns.map((column) => this.#header(column)))),
      h("tbody", { role: "rowgroup" }, shown.map((row) => this.#line((column) => column.cell(row, this.#context)))),
      h("tfoot", { role: "rowgroup" }, this.#line((column) => column.total?.(this.#totals, this.#context) ?? "")),
    ]);
    const parts = [this.#picker(), h("div", { class: "table-scroll" }, table)];
    if (shown.length < rows.length) parts.push(this.#more(rows.length));
    this.#root.replaceChildren(...parts);
  }

  #line(content) {
    const cells = this.#columns.map((column, index) => {
      const attributes = { class: column.text ? "text" : "number", "data-label": column.label, "data-column": column.id };
      if (index === 0) return h("th", { ...attributes, role: "rowheader", scope: "row" }, content(column));
      return h("td", { ...attributes, role: "cell" }, content(column));
    });
    return h("tr", { role: "row" }, cells);
  }

  #header(column) {
    const active = this.#sort.id === column.id;
    const order = active ? (this.#sort.down ? "descending" : "ascending") : null;
    const button = h(
      "button",
      { type: "button", class: "sort", "data-tip": column.hint, "data-sort": column.id, onclick: () => this.#sortBy(column) },
      column.label,
      h("span", { class: "sort-mark", "aria-hidden": "true" }, active ? (this.#sort.down ? "↓" : "↑") : ""),
    );
    const attributes = { role: "columnheader", scope: "col", class: column.text ? "text" : "number" };
    return h("th", { ...attributes, "aria-sort": order, "data-column": column.id }, button);
  }

  // On a phone the headers are away; this takes their place.
  #picker() {
    const options = this.#columns.map((column) =>
      h("option", { value: column.id, selected: column.id === this.#sort.id }, column.label),
    );
    const pick = (event) => {
      const column = this.#columns.find(({ id }) => id === event.target.value);
      this.#sort = { id: column.id, down: !column.text };
      this.#draw();
      this.#root.querySelector(".sort-picker select").focus();
    };
    return h("label", { class: "sort-picker" }, "Sort by ", h("select", { onchange: pick }, options));
  }

  #more(total) {
    const show = () => {
      this.#all = true;
      this.#draw();
    };
    return h("button", { type: "button", class: "button more", onclick: show }, `Show all ${count(total)} rows`);
  }

  #sortBy(column) {
    const again = this.#sort.id === column.id;
    this.#sort = { id: column.id, down: again ? !this.#sort.down : !column.text };
    this.#draw();
    this.#root.querySelector(`[data-sort="${column.id}"]`).focus();
  }

  // What was not measured comes last either way.
  #sorted() {
    const { value } = this.#columns.find(({ id }) => id === this.#sort.id);
    const direction = this.#sort.down ? -1 : 1;
    return [...this.#rows].sort((left, right) => {
      const [a, b] = [value(left), value(right)];
      if (a === b) return 0;
      if (a === null || a === undefined) return 1;
      if (b === null || b === undefined) return -1;
      return direction * (typeof a === "string" ? a.localeCompare(b) : a - b);
    });
  }
}
