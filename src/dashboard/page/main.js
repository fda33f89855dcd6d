// The dashboard: asks for a key, then for the reports, and shows them. This file only wires.

import { Api, Problem } from "./api.js";
import { listSites, showFilters, todayAt, watchControls } from "./controls.js";
import { byId } from "./dom.js";
import { fromQuery, period, toQuery } from "./filters.js";
import { busiest, heatMap } from "./heatmap.js";
import { askForKey, demoKey, forgetKey, keepKey, storedKey } from "./key.js";
import { landingTable } from "./landing.js";
import { Panel, save } from "./panel.js";
import { daysIn, inWords } from "./period.js";
import { sourcesSummary, sourcesTable } from "./sources.js";
import { emptyTiles, tiles } from "./tiles.js";
import { startTips } from "./tip.js";

const REPORTS = ["sources", "hours", "landing-pages"];
const panels = Object.fromEntries(REPORTS.map((name) => [name, new Panel(byId(name))]));
const narrow = matchMedia("(max-width: 719px)");

let api = null;
let sites = [];
let filters = fromQuery(location.search);
let hours = null;
let running = new AbortController();

const end = () => todayAt(sites, filters.site, Date.now());
const question = () => ({ site: filters.site === "all" ? "" : filters.site, ...period(filters, end()) });

const shows = {
  sources(report, days) {
    byId("tiles").replaceChildren(...tiles(report.totals, days));
    byId("sources-summary").textContent = sourcesSummary(report);
    return sourcesTable(report);
  },
  hours(report) {
    hours = report;
    return hourParts();
  },
  "landing-pages": (report) => landingTable(report),
};

function hourParts() {
  byId("hours-summary").textContent = busiest(hours, filters.show);
  return heatMap(hours, filters.show, narrow.matches);
}

const EMPTY = {
  sources: ["No visits and no calls in this period", "Is the script on your pages? Try a longer period, too."],
  hours: ["No calls in this period", "Calls appear here as soon as a tracked number rings."],
  "landing-pages": ["No visits in this period", "Pages appear here once somebody opens one that carries the script."],
};
const nothing = { sources: ["visits", "calls"], hours: ["calls"], "landing-pages": ["visits", "calls"] };

async function load(name, asked, signal) {
  const panel = panels[name];
  panel.loading();
  try {
    const report = await api.report(name, asked, signal);
    if (signal.aborted) return;
    if (name === "sources") showZone(report);
    const content = [shows[name](report, daysIn(asked.from, asked.to))].flat();
    const isEmpty = nothing[name].every((metric) => !(report.totals?.[metric] > 0));
    if (isEmpty) panel.empty(...EMPTY[name]);
    else panel.show(...content);
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 401) return refused();
    if (name === "sources") byId("tiles").replaceChildren(...emptyTiles());
    panel.failed(readable(error), () => load(name, asked, signal));
  }
}

// A fault of this page itself is told as such, and stays in the console for whoever repairs it.
function readable(error) {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem({ id: "page", title: "This report cannot be shown", detail: String(error.message) });
}

function showZone(report) {
  byId("period-words").textContent = inWords(report.from, report.to);
  byId("zone").textContent = report.time_zone ? `Times in ${report.time_zone.replaceAll("_", " ")}` : "";
}

function loadAll() {
  running.abort();
  running = new AbortController();
  const asked = question();
  showFilters(filters, end());
  byId("period-words").textContent = inWords(asked.from, asked.to);
  for (const name of REPORTS) load(name, asked, running.signal);
}

function change(picked) {
  filters = { ...filters, ...picked };
  history.replaceState(null, "", toQuery(filters));
  const onlyTheHeatMap = "show" in picked;
  if (!onlyTheHeatMap) return loadAll();
  showFilters(filters, end());
  redrawHours();
}

function redrawHours() {
  if (hours?.totals?.calls > 0) panels.hours.show(...hourParts());
}

async function download(name, button) {
  const asked = question();
  button.disabled = true;
  try {
    save(await api.csv(name, asked), `ringtrace-${name}-${asked.from}-${asked.to}.csv`);
  } catch (error) {
    panels[name].failed(readable(error), () => load(name, asked, running.signal));
  } finally {
    button.disabled = false;
  }
}

// Shows the reports that `key` opens; the key is kept only once it has worked.
async function open(key) {
  api = new Api(key);
  for (const name of REPORTS) panels[name].loading();
  try {
    sites = await api.sites();
  } catch (error) {
    if (error.status === 401) return refused();
    for (const name of REPORTS) panels[name].failed(readable(error), () => open(key));
    return;
  }
  if (key !== demoKey()) keepKey(key);
  filters.site = listSites(sites, filters.site);
  byId("forget-key").hidden = key === demoKey();
  loadAll();
}

async function refused() {
  running.abort();
  const own = storedKey();
  forgetKey();
  if (own && demoKey()) return open(demoKey());
  open(await askForKey("This key is not known here. Is it complete?"));
}

async function start() {
  startTips();
  byId("tiles").replaceChildren(...emptyTiles());
  watchControls(change);
  narrow.addEventListener("change", redrawHours);
  for (const button of document.querySelectorAll(".csv")) {
    button.addEventListener("click", () => download(button.dataset.report, button));
  }
  byId("refresh").addEventListener("click", () => api && loadAll());
  byId("forget-key").addEventListener("click", async () => {
    running.abort();
    forgetKey();
    open(await askForKey());
  });
  byId("demo-note").hidden = !demoKey();
  open(storedKey() ?? demoKey() ?? (await askForKey()));
}

start();
