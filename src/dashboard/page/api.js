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

/** The JSON at `address`. */
export const get = async (address, signal) => (await send("GET", address, undefined, signal)).json();

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
