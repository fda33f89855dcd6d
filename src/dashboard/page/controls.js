// The site picker and the period picker.

import { byId, h } from "./dom.js";
import { period } from "./filters.js";
import { addDays, isDate, today } from "./period.js";

/** The oldest day that can be picked, in days before today: more than any report holds. */
const OLDEST = 5 * 366;

/** Lists `sites`; with more than one, "All sites" too. Answers with the site id to use for `wanted`. */
export function listSites(sites, wanted) {
  const picker = byId("site");
  const options = sites.map((site) => h("option", { value: site.id }, site.name || site.id));
  if (sites.length > 1) options.push(h("option", { value: "all" }, "All sites"));
  picker.replaceChildren(...options);
  picker.disabled = sites.length < 2;
  const known = sites.some((site) => site.id === wanted) || (wanted === "all" && sites.length > 1);
  const chosen = known ? wanted : (sites[0]?.id ?? "");
  picker.value = chosen;
  return chosen;
}

/** Today where `site` is. Several sites have no one zone, so the first one's counts. */
export function todayAt(sites, id, now) {
  const site = sites.find((candidate) => candidate.id === id) ?? sites[0];
  return today(now, site?.time_zone ?? "UTC");
}

/** Shows `filters` in the pickers. */
export function showFilters(filters, end) {
  const { from, to } = period(filters, end);
  for (const button of document.querySelectorAll("[data-days]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.days) === filters.days));
  }
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === filters.show));
  }
  const fields = { from, to };
  for (const [id, value] of Object.entries(fields)) {
    const field = byId(id);
    field.value = value;
    field.min = addDays(end, -OLDEST);
    field.max = end;
  }
}

/** Calls `change` with the filters that a person picks. */
export function watchControls(change) {
  byId("site").addEventListener("change", (event) => change({ site: event.target.value }));
  for (const button of document.querySelectorAll("[data-days]")) {
    button.addEventListener("click", () => change({ days: Number(button.dataset.days), from: null, to: null }));
  }
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => change({ show: button.dataset.show }));
  }
  for (const id of ["from", "to"]) byId(id).addEventListener("change", () => pickDates(id, change));
}

// A first day after the last one moves the other end along instead of being refused.
function pickDates(moved, change) {
  let [from, to] = [byId("from").value, byId("to").value];
  if (!isDate(from) || !isDate(to)) return;
  if (from > to) [from, to] = moved === "from" ? [from, from] : [to, to];
  change({ days: null, from, to });
}
