// The world of the journey test: the real service with its own Redis and warehouse, a landing page on
// another origin, an ad platform that fails twice, and Twilio's own package to sign webhooks.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const run = promisify(execFile);
const binary = process.env.RINGTRACE_BIN ?? join(root, "target/debug/ringtrace");

export const AUTH_TOKEN = "0123456789abcdef0123456789abcdef";
export const API_KEY = "rt_journey_key";
export const BUSINESS = "+18005550100";
export const FORWARD_TO = "+14155550111";
export const POOL = ["+14155550190", "+14155550191", "+14155550192"];
export const TIME_ZONE = "America/New_York";

/** Polls `look` until it returns something truthy; fails loudly after `ms`. */
export async function eventually(what, look, ms = 15_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms; last seen: ${last}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

async function listening(handler) {
  const server = createServer(handler);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { server, base: `http://127.0.0.1:${server.address().port}` };
}

async function freePort() {
  const { server, base } = await listening(() => {});
  await new Promise((done) => server.close(done));
  return new URL(base).port;
}

/** An ad platform: answers `failures` requests with errors, then accepts. */
export async function adPlatform(failures) {
  const accepted = [];
  const refused = [];
  const { server, base } = await listening((request, response) => {
    if (refused.length < failures) {
      refused.push(request.url);
      response.writeHead(refused.length % 2 ? 500 : 503).end("not now");
      return;
    }
    accepted.push(new URL(request.url, "http://receiver"));
    response.writeHead(200).end("OK");
  });
  return { base, accepted, refused, close: () => server.close() };
}

const PLAIN_PAGE = `
  <h1>Plumber in town</h1>
  <p id="text">Call us at (800) 555-0100 today.</p>
  <p id="dotted">800.555.0100</p>
  <a id="link" href="tel:+18005550100">+1 800-555-0100</a>
  <p id="order">Order 118005550100234, 800 555 items for $5550.100</p>`;

/** A marketer's page with the script tag, on an origin of its own. */
export async function landingSite(script, body = PLAIN_PAGE) {
  const { server, base } = await listening((request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(`<!doctype html><html lang="en"><title>Harbor Plumbing</title>${body}
      <script async src="${script()}/rt.js" data-key="pk_journey"></script>`);
  });
  return { base, close: () => server.close() };
}

/** Starts the service on `folder` (made when absent); `target` and `more` are added to the site's configuration. */
export async function startService({ landing, receiver = "http://127.0.0.1:9", folder, port, target = "", more = "" }) {
  folder ??= await mkdtemp(join(tmpdir(), "ringtrace-journey-"));
  port ??= await freePort();
  const base = `http://127.0.0.1:${port}`;
  const config = join(folder, "ringtrace.toml");
  await writeFile(config, configuration({ folder, base, port, landing, receiver, target, more }));
  const child = spawn(binary, ["serve", "--config", config], { stdio: ["ignore", "inherit", "inherit"] });
  const exited = new Promise((done) => child.on("exit", (code, signal) => done({ code, signal })));
  await eventually("the service's start", async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    return (await fetch(`${base}/readyz`)).ok;
  }, 30_000);
  return {
    base, folder, port, config, binary, child,
    /** SIGTERM, and how it ended. */
    async stop() {
      child.kill("SIGTERM");
      return exited;
    },
    async remove() {
      // In order, so that its redis-server ends too.
      if (child.exitCode === null) child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
    async report(name, query = "") {
      const response = await fetch(`${base}/v1/reports/${name}${query}`, {
        headers: { authorization: `Bearer ${API_KEY}` },
      });
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    async command(...words) {
      const { stdout } = await run(binary, words, {
        env: { ...process.env, RINGTRACE_KEY: API_KEY, RINGTRACE_CONFIG: config },
      });
      return stdout;
    },
  };
}

/** Starts `ringtrace demo` and waits until everything is played and reported. */
export async function startDemo(...options) {
  const folder = await mkdtemp(join(tmpdir(), "ringtrace-demo-"));
  const address = `127.0.0.1:${await freePort()}`;
  const words = ["demo", "--listen", address, "--data", join(folder, "data"), ...options];
  const child = spawn(binary, words, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((done) => child.on("exit", done));
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  await eventually("the demo's reports", () => child.exitCode !== null || said.includes("Ctrl-C ends it."), 300_000);
  if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}: ${said}`);
  return {
    base: `http://${address}`,
    async remove() {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration({ folder, base, port, landing, receiver, target, more }) {
  const hash = createHash("sha256").update(API_KEY).digest("hex");
  return `
data_folder = "${folder}/data"
[server]
listen = "127.0.0.1:${port}"
public_url = "${base}"
[postback]
retry_base = "100ms"
retry_max = "400ms"
allow_private_targets = true
[log]
filter = "warn"
[[api_keys]]
name = "journey"
sha256 = "${hash}"
scope = "manager"
[[sites]]
id = "journey"
key = "pk_journey"
origins = ${JSON.stringify([landing].flat())}
time_zone = "${TIME_ZONE}"
forward_to = "${FORWARD_TO}"
[[sites.targets]]
id = "main"
number = "${BUSINESS}"
pool = "main"
${target}
[[sites.pools]]
id = "main"
numbers = ${JSON.stringify(POOL)}
[sites.telephony.twilio]
auth_token = "${AUTH_TOKEN}"
[[sites.conversions]]
name = "qualified_call"
when = { answered = true, min_talk_s = 60 }
destinations = ["ads"]
[[sites.destinations]]
id = "ads"
kind = "url"
url = "${receiver}/postback?gclid={gclid}&source={source}&campaign={campaign}&seconds={call_duration}&tx={txid}"
require = ["gclid"]
${more}
`;
}

/** Sends a webhook as Twilio would: form-encoded, signed by Twilio's own Python package. */
export async function twilioWebhook(url, params) {
  const python = join(root, ".venv/bin/python");
  const script = join(root, "tests/journey/sign_twilio.py");
  const { stdout } = await run(python, [script, AUTH_TOKEN, url, JSON.stringify(params)]);
  return fetch(url, {
    method: "POST",
    headers: { "x-twilio-signature": stdout.trim() },
    body: new URLSearchParams(params),
  });
}
