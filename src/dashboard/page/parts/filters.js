// Filters as chips, and a small form that adds one: dimension, test, value, with the values that there are.

import { useApp, useLoad } from "../app.js";
import { clock } from "../format.js";
import { TESTS, filterOf, filterParts, hoursOf, queryAddress, withFilter } from "../question.js";
import { html, useId, useState } from "../view.js";
import { has, spoken, t } from "../words.js";
import { Icon } from "./icons.js";

/** What a dimension is called. */
export const dimensionName = (name) => (has(`dimensions.${name}`) ? t(`dimensions.${name}`) : spoken(name));

/** A filter in words: `Source is google`. */
export function filterInWords(filter) {
  const { dimension, test, value } = filterParts(filter);
  const hours = hoursOf(filter);
  if (hours) return `${dimensionName("hour")} ${clock(hours[0])}–${clock(hours[1])}`;
  if (test === "null") return `${dimensionName(dimension)} ${t(value === "true" ? "tests.null" : "tests.not_null")}`;
  return `${dimensionName(dimension)} ${t(`tests.${test}`)} ${value.split("|").map((one) => shownValue(dimension, one)).join(", ")}`;
}

/** A value as people read it: weekdays by their names, nothing as words. */
export function shownValue(dimension, value) {
  if (value === null || value === undefined || value === "") return t("values.none");
  if (dimension === "weekday") return t(`weekdays.${value}`);
  if (dimension === "hour") return clock(Number(value));
  if (dimension === "first_time") return t(String(value) === "true" ? "values.first_time" : "values.repeat");
  if (typeof value === "boolean") return t(value ? "values.yes" : "values.no");
  if (has(`values.${value}`)) return t(`values.${value}`);
  return String(value);
}

/** Chips of `filters`, and a way to add one. */
export function Filters({ filters, onChange, label, most = 12 }) {
  const [open, setOpen] = useState(false);
  const add = (filter) => {
    setOpen(false);
    onChange(withFilter(filters, filter));
  };
  return html`
    <div class="filters" role="group" aria-label=${label}>
      ${filters.map((filter) => html`
        <span class="chip" key=${filter}>${filterInWords(filter)}
          <button type="button" class="chip-close" onClick=${() => onChange(filters.filter((one) => one !== filter))}>
            <${Icon} name="close" /><span class="unseen">${t("filters.remove", { filter: filterInWords(filter) })}</span>
          </button>
        </span>`)}
      ${filters.length < most && html`
        <button type="button" class="chip chip-add" aria-expanded=${open} onClick=${() => setOpen(!open)}>+ ${t("filters.add")}</button>`}
      ${open && html`<${FilterForm} onAdd=${add} onClose=${() => setOpen(false)} />`}
    </div>`;
}

function FilterForm({ onAdd, onClose }) {
  const { state } = useApp();
  const catalogue = useLoad("/v1/reports/catalogue");
  const [dimension, setDimension] = useState("source");
  const [test, setTest] = useState("equals");
  const [value, setValue] = useState("");
  const id = useId();
  const known = useLoad(queryAddress({ ...state, filters: [] }, { metrics: ["calls"], dimensions: [dimension], limit: 100, totals: "false" }));
  const values = (known.data?.rows ?? []).map((row) => row[dimension]).filter((one) => one !== null && one !== undefined);
  const dimensions = catalogue.data?.dimensions ?? [{ name: "source" }];
  const submit = (event) => {
    event.preventDefault();
    if (test === "null" || value.trim()) onAdd(filterOf(dimension, test, test === "in" ? value.split(",").map((part) => part.trim()).join("|") : value.trim()));
  };
  return html`
    <form class="filter-form" onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && onClose()}>
      <label class="control"><span>${t("filters.dimension")}</span>
        <select value=${dimension} onChange=${(event) => { setDimension(event.currentTarget.value); setValue(""); }}>
          ${dimensions.map(({ name }) => html`<option value=${name}>${dimensionName(name)}</option>`)}
        </select>
      </label>
      <label class="control"><span>${t("filters.test")}</span>
        <select value=${test} onChange=${(event) => setTest(event.currentTarget.value)}>
          ${TESTS.map((name) => html`<option value=${name}>${t(`tests.${name}`)}</option>`)}
        </select>
      </label>
      ${test !== "null" && html`
        <label class="control"><span>${t("filters.value")}</span>
          <input list=${id} value=${value} onInput=${(event) => setValue(event.currentTarget.value)} placeholder=${test === "in" ? "a, b" : ""} />
          <datalist id=${id}>${values.map((one) => html`<option value=${String(one)}>${shownValue(dimension, one)}</option>`)}</datalist>
        </label>`}
      <button type="submit" class="button button-main">${t("filters.apply")}</button>
      <button type="button" class="button" onClick=${onClose}>${t("filters.cancel")}</button>
    </form>`;
}
