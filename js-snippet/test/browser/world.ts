/** A site and a service of one test's own. The service answers as docs/protocol.md says and notes every breach of it. */

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LeaseWhen, Mode, SiteSettings, Target } from "../../src/wire.ts";
import { US } from "../targets.ts";
import { violations } from "./contract.ts";

const BUNDLE = readFileSync(new URL("../../dist/rt.js", import.meta.url));
/** The optional inline snippet for a page's head. */
export const HEAD = `<script>${readFileSync(new URL("../../dist/head.js", import.meta.url))}</script>`;

/** One message that arrived. */
export interface Arrival {
  path: string;
  origin: string | undefined;
  /** The parsed body. */
  body: Record<string, any>;
  /** The session token of the reply. */
  answered: string;
}

export interface World {
  /** Arrivals in order. */
  arrivals: Arrival[];
  /** Arrivals of `/v1/lease`. */
  leases(): Arrival[];
  /** Arrivals of `/v1/beat`. */
  beats(): Arrival[];
  /** What broke the contract. */
  breaches: string[];
  targets: Target[];
  /** Also in every reply to `/v1/lease`. */
  visitor: string | undefined;
  /** In every reply; unless set, as consent says. */
  mode: Mode | undefined;
  /** In every reply. */
  settings: SiteSettings;
  /** When pages that ask `auto` get a number; unless set, at once. */
  lease_when: LeaseWhen | undefined;
  link: string | undefined;
  /** Answers instead of the service. */
  fault: ((response: ServerResponse) => void) | undefined;
  /** Response headers of the site's pages. */
  headers: Record<string, string>;
  /** `<script …>` of the snippet. */
  tag: string;
  service: string;
  /** Publishes a page and gives its address on `host`; `head` goes into its head. */
  publish(body: string, path?: string, host?: string, head?: string): string;
  /** Publishes a script. */
  publishScript(path: string, code: string): void;
  close(): void;
}

export async function openWorld(): Promise<World> {
  const pages = new Map<string, string>();
  const newestSeq = new Map<string, number>();
  const site = await listen((request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    const html = pages.get(path);
    const type = path.endsWith(".js") ? "text/javascript" : "text/html";
    response.writeHead(html === undefined ? 404 : 200, { "Content-Type": `${type}; charset=utf-8`, ...world.headers });
    response.end(html);
  });
  const service = await listen((request, response) => {
    if (request.url!.startsWith("/rt.js")) return void response.writeHead(200, { "Content-Type": "text/javascript" }).end(BUNDLE);
    let body = "";
    request.on("data", chunk => (body += chunk)).on("end", () => arrive(request, body, response));
  });
  const sitePort = (site.address() as AddressInfo).port;
  const origin = `http://rt.test:${(service.address() as AddressInfo).port}`;

  function arrive(request: IncomingMessage, body: string, response: ServerResponse) {
    const path = request.url ?? "";
    if (request.method === "OPTIONS") {
      world.breaches.push(`preflight for ${path}`);
      return void response.writeHead(405).end();
    }
    if (world.fault) return world.fault(response);
    world.breaches.push(...violations(request, path, body));
    const message = JSON.parse(body) as Record<string, any>;
    const newest = newestSeq.get(message.page) ?? 0;
    if (message.seq <= newest) world.breaches.push(`seq ${message.seq} after ${newest}`);
    newestSeq.set(message.page, message.seq);
    const answered = `session-${world.arrivals.length + 1}`;
    const { settings, lease_when, link } = world;
    const mode = world.mode ?? (message.consent?.analytics === false ? "none" : "full");
    const isWaiting = message.want === "auto" && lease_when;
    world.arrivals.push({ path, origin: request.headers.origin, body: message, answered });
    reply(response, {
      v: 1,
      session: answered,
      session_id: "the-session",
      ...(path === "/v1/lease" && world.visitor && { visitor: world.visitor }),
      mode,
      ...settings,
      ...(isWaiting && { lease_when }),
      ...(link && { link }),
      beat_s: 30,
      hold_s: 180,
      targets: isWaiting ? world.targets.map(withoutNumber) : world.targets,
    });
  }

  const world: World = {
    arrivals: [],
    leases: () => world.arrivals.filter(({ path }) => path === "/v1/lease"),
    beats: () => world.arrivals.filter(({ path }) => path === "/v1/beat"),
    breaches: [],
    targets: [US],
    visitor: undefined,
    mode: undefined,
    settings: {},
    lease_when: undefined,
    link: undefined,
    fault: undefined,
    headers: {},
    tag: `<script async src="${origin}/rt.js" data-key="pk_demo"></script>`,
    service: origin,
    publishScript: (path, code) => void pages.set(path, code),
    publish(body, path = "/", host = "www.shop.test", head = "") {
      pages.set(path, `<!doctype html><html lang=en><head><title>Shop</title><link rel=icon href="data:,">${head}</head><body>${body}</body></html>`);
      return `http://${host}:${sitePort}${path}`;
    },
    close() {
      for (const server of [site, service]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
  return world;
}

function withoutNumber({ tracking: _, ...target }: Target): Target {
  return { ...target, tier: "original", reason: "not_wanted" };
}

/** Answers `body` so that any page may read it. */
export function reply(response: ServerResponse, body: unknown, status = 200): void {
  response
    .writeHead(status, { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*", "Cache-Control": "no-store" })
    .end(typeof body === "string" ? body : JSON.stringify(body));
}

function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  return new Promise(resolve => {
    const server = createServer(handler);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
