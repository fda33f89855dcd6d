"""The peers under the same load: what one would write in Node and in Python with the same scripts."""

import json
import pathlib
import subprocess
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tools import HERE, ROOT, free_port, process, redis_server, wrk

SCRIPTS = str(ROOT / "src/lease/lua")
PEERS = {
    "fastify": ["node", str(HERE / "peers/fastify.mjs")],
    "fastapi": [str(HERE / "peers/.venv/bin/python"), str(HERE / "peers/fastapi_peer.py")],
}


def seed(path, numbers):
    """Puts free numbers into the peers' pool."""
    lines = "".join(f"ZADD rt:{{peer}}:pool:free 0 +1415{2_000_000 + i:07d}\n" for i in range(numbers))
    subprocess.run(["redis-cli", "-s", path], input=lines, text=True, capture_output=True, check=True)


def requests(folder, sessions):
    """Files with the requests: the leases that are then renewed, the renewals, and new leases."""
    def line(route, session, seq):
        body = json.dumps({"session": session, "page": "bench-page", "seq": seq}, separators=(",", ":"))
        return f"{route}\ttext/plain\t\t{body}\n"

    names = [str(uuid.uuid4()) for _ in range(sessions)]
    (folder / "first").write_text("".join(line("/v1/lease", name, 1) for name in names))
    with (folder / "renew").open("w") as out:
        for seq in range(2, 52):
            out.writelines(line("/v1/beat", name, seq) for name in names)
    with (folder / "take").open("w") as out:
        out.writelines(line("/v1/lease", str(uuid.uuid4()), 1) for _ in range(100_000))


def measure(folder, numbers, sessions):
    """Requests a second of each peer: {peer: {"renew": …, "take": …}}."""
    rates = {}
    for peer, command in PEERS.items():
        own = folder / peer
        own.mkdir()
        requests(own, sessions)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with redis_server(own) as path:
            seed(path, numbers)
            with process([*command, str(port), path, SCRIPTS], f"{base}/healthz"):
                # Every session takes its number before it is renewed.
                wrk(base, own / "first", 2)
                rates[peer] = {work: wrk(base, own / work)[0] for work in ("renew", "take")}
    return rates
