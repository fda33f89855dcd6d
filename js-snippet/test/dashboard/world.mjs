// The world of the dashboard's tests: the demo with its two weeks of traffic, and a service with a key for each role.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { complaintsOf, launchChromium } from "../browser/chromium.ts";
import * as journey from "../journey/world.mjs";

export { complaintsOf, launchChromium };
export const DEMO_KEY = "rt_demo";

/** The demo, with enough days for a comparison; or the one that runs at `DEMO`. */
export const startDemo = async () => (process.env.DEMO ? { base: process.env.DEMO, remove: async () => {} } : journey.startDemo("--days", "9"));

/** Asks the API as programs do. */
export async function api(base, path, key = DEMO_KEY) {
  const response = await fetch(base + path, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A page of the dashboard, once everything on it is there. */
export async function open(context, address) {
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(address);
  await settled(page);
  return { page, complaints };
}

/** Waits until nothing on the page is loading. */
export const settled = (page) =>
  page.waitForFunction(() => document.querySelector("main") && !document.querySelector('.skeleton, [aria-busy="true"]'), null, { timeout: 20_000 });

const ROLES = ["reader", "analyst", "manager", "admin"];
const hash = (key) => createHash("sha256").update(key).digest("hex");
export const keyOf = (role) => `rt_test_${role}`;

/** A service with two sites, keys of every role that see only the first one, and an owner's that sees both. */
export function startRoles() {
  const keys = ROLES.map((role) => `[[api_keys]]\nname = "${role}"\nsha256 = "${hash(keyOf(role))}"\nscope = "${role}"\nsites = ["journey"]`);
  keys.push(`[[api_keys]]\nname = "owner"\nsha256 = "${hash(keyOf("owner"))}"\nscope = "admin"`);
  const other = `[[sites]]\nid = "other"\nname = "Somebody else"\nkey = "pk_other"\nforward_to = "+14155550112"`;
  return journey.startService({ landing: "http://127.0.0.1:9", more: `${keys.join("\n")}\n${other}` });
}

/** Signs in with the form. */
export async function signIn(page, base, key) {
  await page.goto(`${base}/`);
  await page.fill("#key", key);
  await page.click("button[type=submit]");
}

/** A call as Twilio tells of it, ringing (signed as its documentation says: HMAC-SHA1 over the address and the sorted fields). */
export async function ring(base, number, caller) {
  const url = `${base}/v1/telephony/twilio/demo/voice`;
  const fields = { CallSid: `CA${randomBytes(16).toString("hex")}`, AccountSid: "AC1", From: caller, To: number, CallStatus: "ringing", Direction: "inbound" };
  const signed = url + Object.keys(fields).sort().map((name) => name + fields[name]).join("");
  const signature = createHmac("sha1", "demo-twilio-auth-token").update(signed).digest("base64");
  const response = await fetch(url, { method: "POST", headers: { "x-twilio-signature": signature }, body: new URLSearchParams(fields) });
  if (!response.ok) throw new Error(`the webhook: ${response.status} ${await response.text()}`);
}
