"""What the benches share: a free port, a load generator, a process that is ended in order."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BINARY = os.environ.get("RINGTRACE_BIN", str(ROOT / "target/release/ringtrace"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS = 64
BROWSER = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
           "Chrome/142.0.0.0 Safari/537.36")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def process(command, ready_url=None):
    """Runs `command`; waits until `ready_url` answers."""
    child = subprocess.Popen(command)
    try:
        end = time.time() + 60
        while ready_url:
            try:
                urllib.request.urlopen(ready_url, timeout=1).close()
                break
            except OSError:
                if time.time() > end or child.poll() is not None:
                    sys.exit(f"{command[0]} did not start")
                time.sleep(0.1)
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


@contextlib.contextmanager
def redis_server(folder):
    """A redis-server of its own with AOF everysec; gives the path of its socket."""
    path = f"{folder}/redis.sock"
    options = ["--port", "0", "--unixsocket", path, "--dir", str(folder), "--appendonly", "yes",
               "--appendfsync", "everysec", "--save", "", "--logfile", f"{folder}/redis.log"]
    with process(["redis-server", *options]):
        end = time.time() + 10
        while not os.path.exists(path):
            if time.time() > end:
                sys.exit("redis-server did not start")
            time.sleep(0.05)
        yield path


def processor_time(pid):
    """Seconds that a process and its redis-server child ran, each on its own, as (own, Redis)."""
    def ran(pid):
        nanoseconds = 0
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            # A thread may end while this looks.
            with contextlib.suppress(OSError):
                nanoseconds += int((thread / "schedstat").read_text().split()[0])
        return nanoseconds / 1e9
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    names = {child: pathlib.Path(f"/proc/{child}/comm").read_text().strip() for child in children}
    return ran(pid), sum(ran(child) for child, name in names.items() if name == "redis-server")


def wrk(base, file, seconds=SECONDS, rate=None):
    """Sends the requests of `file` for `seconds`, as fast as they are answered or about `rate` a second;
    requests a second, p50 and p99 in ms."""
    pause = 1000 * CONNECTIONS / rate if rate else 0
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(HERE / "replay.lua"), base, "--", str(file), f"{pause:.1f}"],
        capture_output=True, text=True, check=True).stdout
    line = next(line for line in out.splitlines() if line.startswith("RESULT"))
    requests, micros, errors, p50, p99 = (float(x) for x in line.split()[1:])
    if errors:
        sys.exit(f"{int(errors)} of {int(requests)} requests failed:\n{out}")
    return requests / micros * 1e6, p50 / 1000, p99 / 1000
