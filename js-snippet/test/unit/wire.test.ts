import assert from "node:assert/strict";
import { afterEach, describe, it, mock } from "node:test";
import { isReply, post, type Reply, type ViewMessage } from "../../src/wire.ts";
import { US } from "../targets.ts";

const REPLY: Reply & { v: 1 } = { v: 1, session: "s1", beat_s: 30, hold_s: 180, targets: [US] };
const MESSAGE: ViewMessage = { v: 1, key: "pk_demo", page: "k3J9aaaa", seq: 1, want: "auto", url: "https://www.example.com/", referrer: "" };

afterEach(() => mock.restoreAll());

function answer(body: string, status = 200) {
  return mock.method(globalThis, "fetch", async () => new Response(body, { status }));
}

describe("a reply", () => {
  it("is read when it has what the contract promises, whatever else it has", () => {
    assert.ok(isReply(REPLY));
    assert.ok(isReply({ ...REPLY, visitor: "v1", later: { more: true } }));
    assert.ok(isReply({ ...REPLY, targets: [] }));
    assert.ok(isReply({ ...REPLY, session: undefined }), "no session was opened");
  });

  const broken: [string, unknown][] = [
    ["nothing", null],
    ["text", "ok"],
    ["another version", { ...REPLY, v: 2 }],
    ["an empty session", { ...REPLY, session: "" }],
    ["an endless session", { ...REPLY, session: "s".repeat(513) }],
    ["no pace", { ...REPLY, beat_s: 0 }],
    ["no targets", { ...REPLY, targets: undefined }],
    ["a broken target", { ...REPLY, targets: [null] }],
    ["a number that is none", { ...REPLY, targets: [{ ...US, tracking: { ...US.tracking, number: "javascript:1" } }] }],
    ["a missing written form", { ...REPLY, targets: [{ ...US, tracking: { ...US.tracking, national: undefined } }] }],
  ];
  for (const [name, body] of broken) {
    it(`is refused as a whole: ${name}`, async () => {
      answer(JSON.stringify(body));
      assert.equal(await post("https://rt.example.com/v1/lease", MESSAGE), "failed");
    });
  }
});

describe("sending", () => {
  it("is a simple request without credentials that outlives the page", async () => {
    const fetched = answer(JSON.stringify(REPLY));
    assert.deepEqual(await post("https://rt.example.com/v1/lease", MESSAGE), REPLY);
    const [url, request] = fetched.mock.calls[0]!.arguments as unknown as [string, RequestInit];
    assert.equal(url, "https://rt.example.com/v1/lease");
    assert.deepEqual(request.headers, { "Content-Type": "text/plain;charset=UTF-8" });
    assert.equal(request.credentials, "omit");
    assert.equal(request.keepalive, true);
    assert.deepEqual(JSON.parse(request.body as string), MESSAGE);
  });

  it("tells what may be tried again from what may not", async () => {
    for (const [status, expected] of [[500, "failed"], [503, "failed"], [429, "failed"], [408, "failed"], [403, "refused"], [404, "refused"], [400, "refused"]] as const) {
      mock.restoreAll();
      answer("{}", status);
      assert.equal(await post("https://rt.example.com/v1/lease", MESSAGE), expected, String(status));
    }
  });

  it("never rejects", async () => {
    mock.method(globalThis, "fetch", async () => Promise.reject(new TypeError("network")));
    assert.equal(await post("https://rt.example.com/v1/beat", MESSAGE), "failed");
    mock.restoreAll();
    answer("<html>");
    assert.equal(await post("https://rt.example.com/v1/beat", MESSAGE), "failed");
  });
});
