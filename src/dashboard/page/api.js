// Requests to the service's API, with the key of whoever looks.

/** An error as the service tells it (RFC 9457), or one that kept the service from being asked. */
export class Problem extends Error {
  constructor({ id, status = 0, title, detail = "", request = "" }) {
    super(detail || title);
    Object.assign(this, { id, status, title, detail, request });
  }
}

const UNREACHABLE = {
  id: "unreachable",
  title: "The server cannot be reached",
  detail: "Check the connection and whether Ringtrace is running, then try again.",
};

async function problemOf(response) {
  const request = response.headers.get("x-request-id") ?? "";
  const body = await response.json().catch(() => ({}));
  return new Problem({
    id: body.id ?? "unknown",
    status: response.status,
    title: body.title ?? `The server answered ${response.status}`,
    detail: body.detail ?? "",
    request,
  });
}

/** The API as one key sees it. */
export class Api {
  #key;

  constructor(key) {
    this.#key = key;
  }

  /** The sites this key may see: `[{ id, name, time_zone, currency }]`. */
  async sites(signal) {
    return (await this.#get("/v1/sites", signal)).json();
  }

  /** One report: `{ report, sites, from, to, time_zone, rows, totals }`. */
  async report(name, question, signal) {
    return (await this.#get(this.#address(name, question), signal)).json();
  }

  /** The same report as a CSV file. */
  async csv(name, question) {
    return (await this.#get(`${this.#address(name, question)}&format=csv`)).blob();
  }

  #address(name, { site, from, to }) {
    const params = new URLSearchParams({ from, to });
    if (site) params.set("site", site);
    return `/v1/reports/${name}?${params}`;
  }

  async #get(address, signal) {
    const headers = { Authorization: `Bearer ${this.#key}` };
    const response = await fetch(address, { headers, signal, cache: "no-store" }).catch((error) => {
      throw error.name === "AbortError" ? error : new Problem(UNREACHABLE);
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}
