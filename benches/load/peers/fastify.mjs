// What one would write in Node: fastify and ioredis, one process, the same Lua scripts as Ringtrace. It
// verifies no token and classifies no visit, so it has less to do.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { Redis } from "ioredis";

const [port, socket, scripts] = process.argv.slice(2);
const lua = (...names) => names.map((name) => readFileSync(`${scripts}/${name}.lua`, "utf8")).join("\n");
const plan = JSON.parse(readFileSync(new URL("keys.json", import.meta.url), "utf8"));
const redis = new Redis({ path: socket, enableAutoPipelining: true });
redis.defineCommand("beat", { lua: lua("gestures", "beat"), numberOfKeys: plan.beat.keys.length });
redis.defineCommand("acquire", { lua: lua("gestures", "pool", "acquire"), numberOfKeys: plan.acquire.keys.length });

const filled = (text, asked) => text.replace("@session", asked.session).replace("@page", asked.page).replace("@seq", asked.seq);
const call = (name, asked) =>
  redis[name](
    ...plan[name].keys.map((key) => `rt:{peer}:${filled(key, asked)}`),
    ...plan[name].args.map((arg) => filled(arg, asked)),
  );
const reply = (answer) => {
  const [number, tier] = answer.split(" ");
  return { v: 1, beat_s: 30, hold_s: 180, targets: [{ id: "main", tier, tracking: { number } }] };
};

const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser("text/plain", { parseAs: "string" }, (_, body, done) => done(null, JSON.parse(body)));
app.addHook("onSend", async (_, answer) => {
  answer.header("access-control-allow-origin", "http://bench.example").header("cache-control", "no-store");
});
app.get("/healthz", async () => "ok");
app.post("/v1/beat", async (request) => reply((await call("beat", request.body))[0]));
app.post("/v1/lease", async (request) => reply(await call("acquire", request.body)));
await app.listen({ port: Number(port), host: "127.0.0.1" });
