// How long the dashboard's first page takes in Chromium over a million calls: first paint, all panels, and what each question
// takes by itself. `make bench-dashboard` makes the warehouse and runs it; CALLS=100000 asks for another size.
//
// A run opens the page anew with nothing cached. Told are the median and the best of RUNS; the browser, the service and whatever
// else runs share the machine, whose load is told as well.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../../js-snippet/test/browser/chromium.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const CALLS = Number(process.env.CALLS ?? 1_000_000);
const VISITS_PER_CALL = 4;
const RUNS = Number(process.env.RUNS ?? 7);
const KEY = "rt_bench";
const BINARY = process.env.RINGTRACE_BIN ?? join(root, "target/release/ringtrace");
const PYTHON = process.env.PYTHON ?? join(root, ".venv/bin/python");
const FILL = process.env.FILL ?? join(root, "benches/reports/fill.sql");
/** Waits of the page for everything that it asked for. */
const SETTLED = () => document.querySelector("main .panel") && !document.querySelector('.skeleton, [aria-busy="true"]');

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

const configuration = (folder, port) => `
data_folder = "${folder}/data"
[server]
listen = "127.0.0.1:${port}"
public_url = "http://127.0.0.1:${port}"
[limits]
api_per_minute = 100000
[log]
filter = "warn"
[[api_keys]]
name = "bench"
sha256 = "${createHash("sha256").update(KEY).digest("hex")}"
scope = "admin"
${[0, 1, 2, 3].map((n) => `[[sites]]\nid = "bench-${n}"\nkey = "pk_bench-${n}"\nforward_to = "+18005550100"\n`).join("")}`;

async function serve(config, base) {
  const child = spawn(BINARY, ["serve", "--config", config], { stdio: ["ignore", "ignore", "ignore"] });
  const ended = new Promise((done) => child.on("exit", done));
  for (let n = 0; ; n += 1) {
    if ((await fetch(`${base}/readyz`).catch(() => null))?.ok) break;
    if (child.exitCode !== null || n > 600) throw new Error("the service does not start");
    await new Promise((done) => setTimeout(done, 100));
  }
  return async () => {
    child.kill("SIGTERM");
    await ended;
  };
}

/** Puts a year of calls into the warehouse that a service made, by the statements of the reports' benchmark. */
async function fill(data) {
  const text = (await readFile(FILL, "utf8")).replaceAll("{visits}", CALLS * VISITS_PER_CALL).replaceAll("{calls}", CALLS);
  const script = join(data, "fill.sql");
  await writeFile(script, text);
  const child = spawn(PYTHON, ["-c", "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(open(sys.argv[2]).read())", join(data, "warehouse.duckdb"), script], { stdio: "inherit" });
  const status = await new Promise((done) => child.on("exit", done));
  if (status !== 0) throw new Error("the warehouse was not filled: it needs the Python package duckdb of the same release");
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const ms = (value) => `${Math.round(value)} ms`;

async function measured(browser, base, address) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
  const page = await context.newPage();
  await page.goto(base);
  await page.fill("#key", KEY);
  await page.click("button[type=submit]");
  await page.waitForFunction(SETTLED, null, { timeout: 60_000 });
  const client = await context.newCDPSession(page);
  await client.send("Network.clearBrowserCache");
  const began = performance.now();
  await page.goto(base + address);
  await page.waitForFunction(SETTLED, null, { timeout: 60_000 });
  const panels = performance.now() - began;
  const told = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    asked: performance.getEntriesByType("resource").filter(({ name }) => name.includes("/v1/")).map(({ name, duration }) => [name.replace(location.origin, ""), duration]),
  }));
  await context.close();
  return { panels, ...told };
}

async function alone(base, path) {
  const times = [];
  for (let n = 0; n < 3; n += 1) {
    const began = performance.now();
    const answer = await fetch(base + path, { headers: { authorization: `Bearer ${KEY}` } });
    await answer.arrayBuffer();
    times.push(performance.now() - began);
  }
  return Math.min(...times);
}

const folder = await mkdtemp(join(tmpdir(), "ringtrace-dashboard-"));
const port = await freePort();
const base = `http://127.0.0.1:${port}`;
const config = join(folder, "ringtrace.toml");
await writeFile(config, configuration(folder, port));
let stop = await serve(config, base);
await stop();
await fill(join(folder, "data"));
stop = await serve(config, base);
const browser = await launchChromium();
try {
  console.log(`${CALLS} calls, ${CALLS * VISITS_PER_CALL} visits, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}\n`);
  console.log("| page | first paint | all panels, median | best |\n|---|---|---|---|");
  for (const [name, address] of [["overview, 7 days", "/"], ["overview, 90 days", "/?period=last_90_days"], ["overview, a year", "/?period=this_year&compare=none"]]) {
    const runs = [];
    for (let n = 0; n < RUNS; n += 1) runs.push(await measured(browser, base, address));
    console.log(`| ${name} | ${ms(median(runs.map((run) => run.paint)))} | ${ms(median(runs.map((run) => run.panels)))} | ${ms(Math.min(...runs.map((run) => run.panels)))} |`);
    if (name !== "overview, 90 days") continue;
    console.log("\n| question of the page | in the page | alone |\n|---|---|---|");
    for (const [path, duration] of runs[0].asked) console.log(`| \`${path.slice(0, 110)}\` | ${ms(duration)} | ${ms(await alone(base, path))} |`);
    console.log("\n| page | first paint | all panels, median | best |\n|---|---|---|---|");
  }
} finally {
  await browser.close();
  await stop();
  await rm(folder, { recursive: true, force: true });
}
