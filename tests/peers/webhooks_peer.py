"""The official Standard Webhooks library receives what we send, and signs what we receive.

A call told by a signed generic webhook makes events; each message must pass the library's own check, and a changed one
must not.
"""

import base64
import hashlib
import http.server
import json
import threading
import time
from datetime import datetime, timezone

from service import Service
from standardwebhooks import Webhook, WebhookVerificationError

OUT = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
IN = "whsec_" + base64.b64encode(b"a key of the telephone system...").decode()
EVENTS = ["call.started", "call.ended"]

CONFIGURATION = """[server]
[postback]
allow_private_targets = true
[[api_keys]]
name = "peer"
sha256 = "{key}"
scope = "admin"
[[sites]]
id = "one"
key = "pk"
forward_to = "+14155550111"
[sites.telephony.generic]
secret = "{secret_in}"
[[sites.static_numbers]]
number = "+14155550150"
source = "billboard"
[[sites.destinations]]
id = "crm"
kind = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret = "{secret_out}"
events = {events}
"""


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what comes."""

    received = []

    def do_POST(self):  # the name that the library wants
        body = self.rfile.read(int(self.headers["content-length"]))
        Receiver.received.append((dict(self.headers.items()), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def tell(service, message, name):
    """Sends a generic webhook that the library signed."""
    body, now = json.dumps(message), datetime.now(timezone.utc)
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(IN).sign(name, now, body),
    }
    status, _, text = service.send("/v1/telephony/generic/one/event", body.encode(), headers)
    assert status < 300, (status, text)


def trial(service):
    asked = json.dumps({"site": "one", "destination": "crm"}).encode()
    headers = {"authorization": "Bearer rt_peer", "content-type": "application/json"}
    status, _, text = service.send("/v1/postbacks/test", asked, headers)
    assert status == 200 and json.loads(text)["outcome"] == "accepted", (status, text)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service = Service(CONFIGURATION.format(
        key=hashlib.sha256(b"rt_peer").hexdigest(), secret_in=IN, secret_out=OUT,
        port=server.server_port, events=json.dumps(EVENTS)))
    try:
        trial(service)
        call = {"call_id": "g1", "from": "+14155550100", "to": "+14155550150"}
        tell(service, {"event": "received", **call}, "m1")
        tell(service, {"event": "ended", "cause": "answered", "talk_ms": 95_000, **call}, "m2")
        end = time.monotonic() + 20
        while len(Receiver.received) < 1 + len(EVENTS) and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        service.stop()
    kinds = []
    for headers, body in Receiver.received:
        headers = {name.lower(): value for name, value in headers.items()}
        kinds.append(Webhook(OUT).verify(body, headers)["type"])
        try:
            Webhook(OUT).verify(body.replace(b"one", b"two", 1), headers)
            raise AssertionError("a changed message is let through")
        except WebhookVerificationError:
            pass
    assert sorted(kinds) == sorted(["conversion.created", *EVENTS]), kinds
    print(f"{len(kinds)} messages verified by the official library")


main()
