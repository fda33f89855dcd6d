/** What docs/protocol.md allows in a message, and nothing else: an unknown field is a leak. */

import type { IncomingMessage } from "node:http";

type Check = (value: unknown) => boolean;

const isText = (longest: number): Check => value => typeof value === "string" && value.length <= longest;
const isToken: Check = value => isText(512)(value) && value !== "";
const isOneOf = (...words: unknown[]): Check => value => words.includes(value);
const optional = (check: Check): Check => value => value === undefined || check(value);
const isObject = (fields: Record<string, Check>): Check => value => complaints(value, fields).length === 0;

const isNumber: Check = value => typeof value === "string" && /^\+\d{7,15}$/.test(value);
const isShown = isObject({ main: optional(isNumber), london: optional(isNumber) });

const isCookies: Check = value =>
  Array.isArray(value) && JSON.stringify(value).length < 8192 && value.every(pair => isText(4096)(pair) && pair.includes("="));

const HEADING: Record<string, Check> = {
  v: isOneOf(1),
  key: isOneOf("pk_demo"),
  page: value => typeof value === "string" && /^[A-Za-z0-9_-]{8,40}$/.test(value),
  seq: value => Number.isInteger(value) && (value as number) >= 1,
};

// Of what a page tells on its own account the service takes what it understands.
const isShort: Check = value => value === undefined || JSON.stringify(value).length < 4096;
const KNOWN: Record<string, Check> = { ids: isShort, tags: isShort };

const isSignal = isObject({ target: isOneOf("main", "london"), ago_ms: value => Number.isInteger(value) && (value as number) >= 0 });

const FIELDS: Record<string, Record<string, Check>> = {
  "/v1/lease": {
    ...HEADING,
    url: value => isText(4096)(value) && value !== "",
    referrer: optional(isText(2048)),
    want: optional(isOneOf("auto", "now")),
    session: optional(isToken),
    visitor: optional(isToken),
    consent: optional(isObject({ analytics: isOneOf(true, false), ads: isOneOf(true, false) })),
    cookies: optional(isCookies),
    link: optional(value => isText(600)(value) && value !== ""),
    ...KNOWN,
    shown: isShown,
  },
  "/v1/beat": {
    ...HEADING,
    kind: isOneOf("beat", "leave"),
    session: isToken,
    shown: optional(value => isShown(value)),
    tel_click: optional(isSignal),
    copied: optional(isSignal),
    long_press: optional(isSignal),
    ...KNOWN,
  },
};

/** How a request breaks the contract. */
export function violations(request: IncomingMessage, path: string, body: string): string[] {
  const found: string[] = [];
  const fields = FIELDS[path];
  if (!fields || request.method !== "POST") return [`${request.method} ${path}`];
  if (request.headers["content-type"] !== "text/plain;charset=UTF-8") found.push(`type ${request.headers["content-type"]}`);
  if (request.headers.cookie) found.push("credentials");
  if (Buffer.byteLength(body) > 16_384) found.push("too large");
  const parsed: unknown = JSON.parse(body);
  found.push(...complaints(parsed, fields));
  return found;
}

function complaints(value: unknown, fields: Record<string, Check>): string[] {
  if (typeof value !== "object" || value === null) return ["not an object"];
  const record = value as Record<string, unknown>;
  return [
    ...Object.keys(record).filter(name => !fields[name]).map(name => `unknown field ${name}`),
    ...Object.keys(fields).filter(name => !fields[name]!(record[name])).map(name => `${name}: ${JSON.stringify(record[name])}`),
  ];
}
