#!/usr/bin/env python3
"""200 calls at a time, each with its whole life, for a minute: none may be lost, none may count twice.

Every caller sends what Twilio sends of one call (arrival, ringing, answer, the dial's end, the end), some of it
twice and in another order, and begins the next call. In the end the list of calls must have exactly the calls that
were acknowledged, each with its final status and its talk time, and so must the warehouse's totals.

    CALLERS=200 SECONDS=60 RINGTRACE_BIN=target/release/ringtrace benches/load/lifecycles.py
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from tools import BINARY, free_port, process

CALLERS = int(os.environ.get("CALLERS", "200"))
SECONDS = float(os.environ.get("SECONDS", "60"))
TOKEN = "0123456789abcdef0123456789abcdef"
TRACKING = "+14155550150"


def configuration(folder, port):
    key = hashlib.sha256(b"rt_bench").hexdigest()
    return f"""
data_folder = "{folder}/data"
[server]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
[log]
filter = "error"
[limits]
api_per_minute = 1000000
[[api_keys]]
name = "bench"
sha256 = "{key}"
scope = "admin"
[[sites]]
id = "bench"
key = "pk_bench"
origins = ["https://bench.example"]
forward_to = "+14155550111"
[[sites.static_numbers]]
number = "{TRACKING}"
source = "billboard"
[sites.telephony.twilio]
auth_token = "{TOKEN}"
"""


def signature(url, fields):
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Caller(threading.Thread):
    """Calls until `end`, one call after the other."""

    def __init__(self, number, port, end):
        super().__init__(daemon=True)
        self.number, self.port, self.end = number, port, end
        self.random = random.Random(number)
        self.calls, self.failures, self.times = {}, [], []

    def run(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        turn = 0
        while time.time() < self.end:
            self.call(f"CA{self.number:04d}{turn:06d}")
            turn += 1

    def call(self, sid):
        talked = self.random.choice([None, self.random.randint(1, 600)])
        call = {"CallSid": sid, "From": f"+1415{2_000_000 + self.number:07d}", "To": TRACKING}
        leg = {"CallSid": f"{sid}-leg", "ParentCallSid": sid}
        dial = "no-answer" if talked is None else "completed"
        story = [
            ("voice", {**call, "CallStatus": "ringing"}),
            ("leg", {**leg, "CallStatus": "ringing"}),
            ("dial", {**call, "DialCallStatus": dial, "DialCallDuration": str(talked or 0)}),
            ("status", {**call, "CallStatus": "completed", "CallDuration": str((talked or 0) + 10)}),
        ]
        if talked is not None:
            story.insert(2, ("leg", {**leg, "CallStatus": "in-progress"}))
        rest = story[1:] + [self.random.choice(story)]
        self.random.shuffle(rest)
        for event, fields in [story[0], *rest]:
            self.send(event, fields)
        self.calls[sid] = talked

    def send(self, event, fields):
        path = f"/v1/telephony/twilio/bench/{event}"
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(f"http://127.0.0.1:{self.port}{path}", fields),
        }
        began = time.time()
        self.connection.request("POST", path, urllib.parse.urlencode(fields), headers)
        answer = self.connection.getresponse()
        answer.read()
        self.times.append(time.time() - began)
        if answer.status not in (200, 204):
            self.failures.append((event, answer.status))


def ask(port, path):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"authorization": "Bearer rt_bench"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read().decode()


def settled(port, expected):
    """The list of calls once as many are over as were told, or after a minute."""
    end = time.time() + 60
    while True:
        lines = ask(port, "/v1/calls/export?site=bench&format=ndjson").splitlines()
        calls = [json.loads(line) for line in lines]
        over = sum(call["status"] in ("answered", "no_answer") for call in calls)
        if over >= expected or time.time() > end:
            return calls
        time.sleep(0.5)


def main():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        path = f"{folder}/bench.toml"
        with open(path, "w") as file:
            file.write(configuration(folder, port))
        with process([BINARY, "serve", "--config", path], f"http://127.0.0.1:{port}/readyz"):
            end = time.time() + SECONDS
            callers = [Caller(number, port, end) for number in range(CALLERS)]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            told = {sid: talked for caller in callers for sid, talked in caller.calls.items()}
            failures = [failure for caller in callers for failure in caller.failures]
            times = sorted(spent for caller in callers for spent in caller.times)
            calls = settled(port, len(told))
            verdict(told, calls, failures, times, port)


def verdict(told, calls, failures, times, port):
    listed = {}
    doubled = 0
    for call in calls:
        doubled += call["provider_call_id"] in listed
        listed[call["provider_call_id"]] = call
    lost = [sid for sid in told if sid not in listed]
    wrong = [
        sid
        for sid, talked in told.items()
        if sid in listed
        and (listed[sid]["status"], listed[sid].get("talk_s"))
        != (("no_answer", None) if talked is None else ("answered", talked))
    ]
    end = time.time() + 60
    reported = None
    while reported != len(told) and time.time() < end:
        time.sleep(0.5)
        reported = json.loads(ask(port, "/v1/reports/sources?site=bench"))["totals"]["calls"]
    p99 = times[int(len(times) * 0.99)] if times else 0
    print(f"{len(told)} calls, {len(times)} webhooks in {SECONDS:.0f} s by {CALLERS} callers "
          f"({len(told) / SECONDS:.0f} calls/s, p99 of a webhook {p99 * 1000:.0f} ms, the callers' own time included)")
    print(f"lost {len(lost)}, doubled {doubled}, wrong {len(wrong)}, refused {len(failures)}, in reports {reported}")
    if lost or doubled or wrong or failures or reported != len(told):
        print("examples:", lost[:3], wrong[:3], failures[:3])
        sys.exit(1)


if __name__ == "__main__":
    main()
