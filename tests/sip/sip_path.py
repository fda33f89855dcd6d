"""A real SIP path: sipp calls through Kamailio with the shipped example, which asks the service where
each call goes and reports its end. Visitors hold the numbers that are called.

RINGTRACE_BIN names the binary; kamailio and sipp must be installed (scripts/setup sip).
"""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "peers"))
from service import Service  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "..", "..", "docs", "examples", "kamailio.cfg")
TOKEN = "a-token-of-the-sip-path"
KEY = "rt_sip_path"
CALLS = int(os.environ.get("SIP_CALLS", "200"))
VISITORS = 10
POOL = [f"+141555501{n:02}" for n in range(10, 10 + VISITORS)]


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def configuration(busy, desk):
    numbers = json.dumps(POOL)
    return f"""
[server]
public_url = "http://127.0.0.1"
[limits]
api_per_minute = 6000
[[api_keys]]
name = "test"
sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"
scope = "admin"
[[sites]]
id = "sip"
key = "pk_sip"
origins = ["https://www.example.com"]
forward_to = "+18005550100"
targets = [{{ id = "main", number = "+18005550100", pool = "main" }}]
pools = [{{ id = "main", numbers = {numbers} }}]
[sites.telephony.kamailio]
token = "{TOKEN}"
[[sites.routing.rules]]
id = "everybody"
route = "desks"
[[sites.routing.routes]]
id = "desks"
kind = "dial"
order = "in_turn"
to = [{{ address = "sip:busy@127.0.0.1:{busy}" }}, {{ address = "sip:desk@127.0.0.1:{desk}" }}]
"""


def visit(service, visitor):
    """The number that a visitor of a campaign of their own is shown."""
    body = {
        "v": 1, "key": "pk_sip", "page": f"page-{visitor}", "seq": 1, "want": "now", "referrer": "",
        "url": f"https://www.example.com/?utm_source=ads&utm_medium=cpc&utm_campaign=c{visitor}",
    }
    headers = {
        "content-type": "text/plain;charset=UTF-8", "origin": "https://www.example.com",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    }
    status, _, text = service.send("/v1/lease", json.dumps(body).encode(), headers)
    assert status == 200, text
    return json.loads(text)["targets"][0]["tracking"]["number"]


def page_of(service, cursor):
    """A page of calls; a busy machine may not read one in the time that the service gives itself."""
    address = f"{service.base}/v1/calls?limit=25{cursor}"
    request = urllib.request.Request(address, headers={"authorization": f"Bearer {KEY}"})
    for _ in range(20):
        try:
            return json.load(urllib.request.urlopen(request, timeout=10))
        except urllib.error.HTTPError as refused:
            if refused.code != 503:
                raise
            time.sleep(0.5)
    raise TimeoutError("the list of calls")


def calls_of(service):
    found, cursor = [], ""
    while True:
        page = page_of(service, cursor)
        found += page["calls"]
        if "next" not in page:
            return found
        cursor = f"&cursor={page['next']}"


def sipp(folder, *arguments):
    log = open(os.path.join(folder, "sipp.log"), "a", encoding="utf-8")
    command = ["sipp", "-i", "127.0.0.1", "-nostdin", "-skip_rlimit", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def main():
    proxy, busy, desk, caller = (free_port() for _ in range(4))
    service = Service(configuration(busy, desk))
    running = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            campaign = {visit(service, visitor): f"c{visitor}" for visitor in range(VISITORS)}
            assert set(campaign) == set(POOL), "every visitor has a number of their own"
            with open(os.path.join(folder, "calls.csv"), "w", encoding="utf-8") as file:
                lines = [f"+1212555{n:04};{POOL[n % VISITORS]};" for n in range(CALLS)]
                file.write("\n".join(["SEQUENTIAL", *lines]) + "\n")
            running.append(sipp(folder, "-sf", f"{HERE}/busy.xml", "-p", busy, "-aa"))
            running.append(sipp(folder, "-sf", f"{HERE}/desk.xml", "-p", desk, "-aa"))
            definitions = {
                "RT_URL": f"{service.base}/v1/telephony/kamailio/sip", "RT_TOKEN": TOKEN,
            }
            defines = [f'{name}="{value}"' for name, value in definitions.items()]
            log = open(os.path.join(folder, "kamailio.log"), "w", encoding="utf-8")
            command = ["kamailio", "-f", EXAMPLE, "-DD", "-E", "-m", "64", "-M", "8", "-Y", folder,
                       "-P", os.path.join(folder, "pid"), "-l", f"udp:127.0.0.1:{proxy}"]
            for define in defines:
                command += ["-A", define]
            running.append(subprocess.Popen(command, stdout=log, stderr=log))
            time.sleep(3)
            calling = sipp(folder, "-sf", f"{HERE}/caller.xml", "-inf", "calls.csv", "-p", caller,
                           "-r", 20, "-m", CALLS, "-timeout", "90s", "-timeout_error", "-trace_err", "-error_file", "errors.log",
                           f"127.0.0.1:{proxy}")
            ended = calling.wait(120)
            end = time.monotonic() + 30
            while True:
                calls = calls_of(service)
                if sum(call["status"] == "answered" for call in calls) == CALLS or time.monotonic() > end:
                    break
                time.sleep(1)
            if ended != 0 or len(calls) != CALLS:
                print([(call["status"], call.get("talk_s")) for call in calls][:5])
                for name in ("kamailio.log", "sipp.log", "errors.log"):
                    if not os.path.exists(os.path.join(folder, name)):
                        continue
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                        print(re.sub(r"[^\x20-\x7e\n]", "", file.read())[-4000:])
            assert ended == 0, "sipp's calls failed"
            assert len(calls) == CALLS, len(calls)
            for call in calls:
                assert call["status"] == "answered", call
                assert call["attribution"]["campaign"] == campaign[call["tracking_number"]], call
                assert 1 <= call["talk_s"] <= 10, call
                assert call["route"][0]["rule"] == "everybody", call
                assert call["caller"]["region"] == "NY", call
            assert len({call["caller"]["number"] for call in calls}) == CALLS
            print(f"{CALLS} SIP calls: all routed, answered at the second desk, and joined to their visits")
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(20)
            service.stop()


if __name__ == "__main__":
    main()
