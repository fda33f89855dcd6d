// Asks the service. Who asks is known by the session's cookie; changes carry a header that no other site's page can send.

import { t } from "./words.js";

const ASKED_BY = { "X-Requested-With": "ringtrace-dashboard" };

/** What went wrong, in words for people. `status` is 0 when there was no answer. */
export class Problem extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** How long after "not right now" a question is asked once more. */
const AGAIN_MS = 600;

/** The JSON at `address`. A service that cannot answer right now is asked once more. */
export async function get(address, signal) {
  const ask = () => send("GET", address, undefined, signal);
  const response = await ask().catch(async (error) => {
    if (error.status !== 503) throw error;
    await new Promise((done) => setTimeout(done, AGAIN_MS));
    return ask();
  });
  return response.json();
}

/** Sends `body` and answers with the JSON that comes back, or nothing. */
export async function change(method, address, body) {
  const response = await send(method, address, body);
  return response.status === 204 ? null : response.json();
}

async function send(method, address, body, signal) {
  const headers = method === "GET" ? {} : { ...ASKED_BY };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = { method, headers, signal, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(address, options).catch((error) => {
    throw error.name === "AbortError" ? error : new Problem(t("errors.unreachable"));
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  const told = await response.json().catch(() => ({}));
  return new Problem(told.detail || t("errors.status", { status: response.status }), response.status);
}
