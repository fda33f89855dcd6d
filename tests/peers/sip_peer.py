"""Real calls: sipp dials tracking numbers through Kamailio, which runs the example of the documentation, asks
the service by HTTP where each call goes, and reports how it ended.

RINGTRACE_BIN names the binary; sipp and kamailio are on the PATH.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from service import Service

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parents[1] / "docs/examples/kamailio.cfg"
CALLS = 200
TOKEN = "a-token-for-kamailio"
KEY = "rt_demo"
# Callers from here on find everybody busy.
BUSY_FROM = 180

# A desk that is always busy is asked first.
BUSY_DESK = "+14155550112"

NUMBERS = ",".join(f'"+1510555{n:04}"' for n in range(CALLS))
CONFIGURATION = f"""
[server]
[limits]
snippet_per_minute = 100000
snippet_burst = 100000
[[api_keys]]
name = "test"
sha256 = "70386ebe35c3060bef709a52ef7f6802b7cfbda498ce17eb40b3621c67050e7f"
scope = "admin"
[[sites]]
id = "peer"
key = "pk_peer"
origins = ["https://www.example.com"]
consent = "granted"
forward_to = "+14155550111"
[[sites.targets]]
id = "main"
number = "+18005550100"
pool = "main"
[[sites.pools]]
id = "main"
numbers = [{NUMBERS}]
[sites.telephony.kamailio]
token = "{TOKEN}"
[[sites.routing.rules]]
id = "everybody"
route = "desks"
[[sites.routing.routes]]
id = "desks"
kind = "dial"
order = "in_turn"
to = [{{ address = "{BUSY_DESK}" }}, {{ address = "+14155550111" }}]
"""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Telephone(unittest.TestCase):
    """An agent to be called, and Kamailio, which asks at `asks_at`."""

    @classmethod
    def ring_up(cls, asks_at):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.proxy, agent = free_port(), free_port()
        text = EXAMPLE.read_text(encoding="utf-8")
        for shown, real in {
            "udp:203.0.113.10:5060": f"udp:127.0.0.1:{cls.proxy}",
            "203.0.113.20:5060": f"127.0.0.1:{agent}",
            "https://calls.example.com/v1/telephony/kamailio/SITE": f"{asks_at}/v1/telephony/kamailio/peer",
            "the-token-of-the-site": TOKEN,
        }.items():
            assert text.count(shown) == 1, f"the example has {shown} {text.count(shown)} times"
            text = text.replace(shown, real)
        (cls.folder / "kamailio.cfg").write_text(text, encoding="utf-8")
        cls.start("kamailio", "-DD", "-E", "-f", cls.folder / "kamailio.cfg", "-P", cls.folder / "kamailio.pid",
                  "-Y", cls.folder, "-w", cls.folder)
        cls.start("sipp", "-sf", HERE / "sip/agent.xml", "-i", "127.0.0.1", "-p", str(agent), "-nostdin", "-mp", str(free_port()))

    @classmethod
    def start(cls, *command):
        log = open(cls.folder / f"{command[0]}.log", "wb")
        cls.addClassCleanup(log.close)
        # A terminal is nothing that a test has.
        environment = {**os.environ, "TERM": "dumb"}
        child = subprocess.Popen(command, cwd=cls.folder, stdout=log, stderr=log, env=environment)

        def stop():
            child.send_signal(signal.SIGTERM if command[0] == "kamailio" else signal.SIGKILL)
            child.wait(10)

        cls.addClassCleanup(stop)

    def dial(self, pairs):
        """Each caller dials a number; fails unless every call was answered or found busy."""
        (self.folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{caller};{number}\n" for caller, number in pairs), encoding="utf-8")
        calls = str(len(pairs))
        command = ["sipp", f"127.0.0.1:{self.proxy}", "-sf", HERE / "sip/caller.xml", "-inf", "callers.csv", "-i", "127.0.0.1",
                   "-p", str(free_port()), "-r", "40", "-m", calls, "-l", calls, "-nostdin", "-timeout", "60s"]
        played = subprocess.run(command, cwd=self.folder, capture_output=True, env={**os.environ, "TERM": "dumb"}, timeout=90)
        log = (self.folder / "kamailio.log").read_text(encoding="utf-8", errors="replace")
        self.assertEqual(played.returncode, 0, f"{played.stderr.decode()[-2000:]}\n{log[-2000:]}")


class RealCalls(Telephone):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(CONFIGURATION)
        cls.addClassCleanup(cls.service.stop)
        cls.ring_up(cls.service.base)

    def lease(self, n):
        """A visitor is shown a number: the id of the session, and the number."""
        body = json.dumps({
            "v": 1, "key": "pk_peer", "page": f"page-{n:04}", "seq": 1, "want": "now",
            "url": f"https://www.example.com/?utm_source=source-{n % 7}&utm_medium=cpc",
        })
        headers = {"content-type": "text/plain", "origin": "https://www.example.com", "user-agent":
                   "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"}
        status, _, text = self.service.send("/v1/lease", body.encode(), headers)
        self.assertEqual(status, 200, text)
        reply = json.loads(text)
        return reply["session_id"], reply["targets"][0]["tracking"]["number"]

    def calls(self):
        found, query = [], ""
        while True:
            request = urllib.request.Request(f"{self.service.base}/v1/calls?site=peer&limit=100{query}")
            request.add_header("authorization", f"Bearer {KEY}")
            with urllib.request.urlopen(request, timeout=5) as answer:
                page = json.load(answer)
            found += page["calls"]
            if not page.get("next"):
                return found
            query = f"&cursor={page['next']}"

    def test_every_call_is_forwarded_joined_and_ended(self):
        shown = [self.lease(n) for n in range(CALLS)]
        callers = [f"+1212{558 if n < BUSY_FROM else 559}{n:04}" for n in range(CALLS)]
        self.dial([(caller, number) for caller, (_, number) in zip(callers, shown)])

        end = time.monotonic() + 20
        calls = self.calls()
        while time.monotonic() < end and not (len(calls) == CALLS and all("ended_at" in call for call in calls)):
            time.sleep(0.2)
            calls = self.calls()
        self.assertEqual(len(calls), CALLS)
        by_caller = {call["caller"]["number"]: call for call in calls}
        for n, caller in enumerate(callers):
            call = by_caller[caller]
            session, number = shown[n]
            with self.subTest(caller=caller):
                self.assertEqual(call["tracking_number"], number)
                self.assertEqual(call["attribution"]["session"].replace("-", ""), session)
                self.assertGreater(call["attribution"]["confidence"], 0.5)
                self.assertEqual(call["status"], "answered" if n < BUSY_FROM else "busy")
                if n < BUSY_FROM:
                    self.assertIn(call["talk_s"], (1, 2))
                self.assertEqual([step["targets"] for step in call["route"]], [[BUSY_DESK, "+14155550111"]])


class NobodyAsked(Telephone):
    @classmethod
    def setUpClass(cls):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            cls.ring_up(f"http://127.0.0.1:{closed.getsockname()[1]}")

    def test_without_an_answer_callers_get_through_all_the_same(self):
        self.dial([(f"+1212558{n:04}", "+15105550000") for n in range(5)])


if __name__ == "__main__":
    unittest.main()
