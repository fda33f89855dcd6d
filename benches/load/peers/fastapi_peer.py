"""What one would write in Python: FastAPI and redis-py on uvloop, one process, the same Lua scripts as
Ringtrace. It verifies no token and classifies no visit, so it has less to do."""

import json
import pathlib
import sys

import redis.asyncio
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

port, socket, scripts = sys.argv[1:]
lua = {name: (pathlib.Path(scripts) / f"{name}.lua").read_text() for name in ("gestures", "pool", "beat", "acquire")}
plan = json.loads((pathlib.Path(__file__).parent / "keys.json").read_text())
client = redis.asyncio.Redis(unix_socket_path=socket, decode_responses=True)
registered = {
    "beat": client.register_script(lua["gestures"] + "\n" + lua["beat"]),
    "acquire": client.register_script("\n".join([lua["gestures"], lua["pool"], lua["acquire"]])),
}
HEADERS = {"access-control-allow-origin": "http://bench.example", "cache-control": "no-store"}
app = FastAPI()


def filled(text, asked):
    return text.replace("@session", asked["session"]).replace("@page", asked["page"]).replace("@seq", str(asked["seq"]))


async def call(name, request):
    asked = json.loads(await request.body())
    keys = ["rt:{peer}:" + filled(key, asked) for key in plan[name]["keys"]]
    answer = await registered[name](keys=keys, args=[filled(arg, asked) for arg in plan[name]["args"]])
    number, tier = (answer[0] if name == "beat" else answer).split(" ")[:2]
    target = {"id": "main", "tier": tier, "tracking": {"number": number}}
    return JSONResponse({"v": 1, "beat_s": 30, "hold_s": 180, "targets": [target]}, headers=HEADERS)


@app.get("/healthz")
async def healthz():
    return "ok"


@app.post("/v1/beat")
async def beat(request: Request):
    return await call("beat", request)


@app.post("/v1/lease")
async def lease(request: Request):
    return await call("acquire", request)


uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", access_log=False)
