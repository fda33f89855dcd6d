// A table that can be sorted by its columns, and shows some rows before all.

import { html, useState } from "../view.js";
import { t } from "../words.js";

const order = (a, b) => {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return typeof a === "number" && typeof b === "number" ? b - a : String(a).localeCompare(String(b));
};

/**
 * `columns`: `{ key, title, number, cell(row), value(row), tip }`; those with `value` can be sorted by. `first`: rows that are shown before
 * somebody asks for more. `rowKey(row)` tells rows apart. `foot`: a last row. With `onSort(key)` somebody else sorts, as `sorted`
 * (`{ key, turned }`) says.
 */
export function Table({ caption, columns, rows, rowKey, first = 10, foot, rowClass, sortable = true, sorted: told, onSort }) {
  const [own, setSort] = useState(null);
  const [all, setAll] = useState(false);
  const sort = onSort ? told : own;
  const by = !onSort && sort && columns.find((column) => column.key === sort.key);
  const sorted = by ? [...rows].sort((a, b) => order(by.value(a), by.value(b)) * (sort.turned ? -1 : 1)) : rows;
  const shown = all ? sorted : sorted.slice(0, first);
  const turn = (key) => onSort ? onSort(key) : setSort((now) => (now?.key === key ? { key, turned: !now.turned } : { key, turned: false }));
  const head = (column) => {
    const on = sort?.key === column.key;
    const descends = on && Boolean(column.number) !== Boolean(sort.turned);
    const state = on ? (descends ? "descending" : "ascending") : undefined;
    const words = html`${column.title}${on && html`<span class="sort-mark" aria-hidden="true">${descends ? "↓" : "↑"}</span>`}`;
    return html`<th scope="col" class=${column.number ? "number" : ""} aria-sort=${state} data-tip=${column.tip}>
      ${sortable && column.value ? html`<button type="button" class="sort" onClick=${() => turn(column.key)}>${words}</button>` : html`<span class="sort">${words}</span>`}</th>`;
  };
  const line = (row, cells) => columns.map((column, index) => html`
    <${index === 0 ? "th" : "td"} scope=${index === 0 ? "row" : undefined} class=${column.number ? "number" : ""} data-column=${column.key} data-title=${column.title}>${cells(column, row)}<//>`);
  return html`
    <div class="table-scroll" tabindex="0" role="group" aria-label=${caption}>
      <table class="data">
        <caption class="unseen">${caption}</caption>
        <thead><tr>${columns.map(head)}</tr></thead>
        <tbody>${shown.map((row) => html`<tr key=${rowKey(row)} class=${rowClass?.(row)}>${line(row, (column) => column.cell(row))}</tr>`)}</tbody>
        ${foot && html`<tfoot><tr>${line(foot, (column) => (column.foot ?? column.cell)(foot))}</tr></tfoot>`}
      </table>
    </div>
    ${rows.length > first && html`
      <button type="button" class="button more" onClick=${() => setAll(!all)}>${all ? t("tables.fewer") : t("tables.all", { n: rows.length })}</button>`}`;
}
