"""The service against the Python packages of Plivo, Vonage and Telnyx: what they sign or take for signed must
pass, and what they refuse must be refused. Where a package takes too much, the service must not.
"""

import base64
import hashlib
import json
import time
import unittest
from urllib.parse import urlencode

import jwt
import telnyx
from nacl.signing import SigningKey
from plivo.utils import signature_v3
from service import Service
from vonage_jwt import verify_signature

PUBLIC = "https://calls.example.com:8443"
SITE = "peer"
SECRET = "0123456789abcdef0123456789abcdef"
TELNYX = SigningKey(bytes(range(32)))
TELNYX_KEY = base64.b64encode(bytes(TELNYX.verify_key)).decode()

CONFIGURATION = f"""
[server]
public_url = "{PUBLIC}"
[[sites]]
id = "{SITE}"
key = "pk_peer"
forward_to = "+14155550111"
[[sites.telephony.plivo]]
auth_token = "the token of another account"
[[sites.telephony.plivo]]
auth_token = "{SECRET}"
[sites.telephony.vonage]
signature_secret = "{SECRET}"
[sites.telephony.telnyx]
public_key = "{TELNYX_KEY}"
"""


def setUpModule():
    global service
    service = Service(CONFIGURATION)


def tearDownModule():
    service.stop()


def path(provider, event, query=""):
    return f"/v1/telephony/{provider}/{SITE}/{event}{query}"


class Plivo(unittest.TestCase):
    nonces = iter(range(10**19, 10**20))

    def signed(self, method, target, pairs, token=SECRET):
        """Status of a request that the package signed."""
        nonce = str(next(self.nonces))
        fields = {}
        for name, value in pairs:
            fields.setdefault(name, []).append(value)
        url = PUBLIC + target
        if method == "GET":
            base = signature_v3.construct_get_url(url, {})
        else:
            base = signature_v3.construct_post_url(url, fields)
        signature = signature_v3.get_signature_v3(token.encode(), base.decode(), nonce.encode()).decode()
        headers = {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce}
        return service.send(target, urlencode(pairs).encode(), headers, method)

    def call(self, uuid, *more):
        return [("CallUUID", uuid), ("From", "14155550100"), ("To", "14155550199"), *more]

    def test_forms_of_every_kind_pass(self):
        forms = {
            "repeated names": [("Tag", "b"), ("Tag", "a"), ("tag", "c")],
            "empty values": [("CallerName", ""), ("A", "")],
            "unicode": [("CallerName", "Zoë Müller 🦀"), ("Größe", "é\u0301")],
            "what forms escape": [("Note", "a+b c&d=e%20f;g\r\nh"), ("X-PH-A", "<&>'\"\\")],
        }
        for number, (kind, more) in enumerate(forms.items()):
            for query in ("", "?b=2&a=1", "?site=x%20y&b=%2B1"):
                with self.subTest(kind, query=query):
                    pairs = self.call(f"form{number}", *more)
                    status, kind_of, body = self.signed("POST", path("plivo", "voice", query), pairs)
                    self.assertEqual((status, kind_of), (200, "application/xml"), body)
                    self.assertIn("<Number>14155550111</Number>", body)

    def test_a_get_has_its_fields_in_the_address(self):
        query = "?" + urlencode(self.call("get"))
        self.assertEqual(self.signed("GET", path("plivo", "voice", query), [])[0], 200)
        self.assertEqual(self.signed("GET", path("plivo", "voice", query), [], "other")[0], 403)

    def test_what_the_package_refuses_is_refused(self):
        self.assertEqual(self.signed("POST", path("plivo", "voice"), self.call("bad"), "another token")[0], 403)
        target, nonce = path("plivo", "voice"), "12345678901234567890"
        base = signature_v3.construct_post_url(PUBLIC + target, dict(self.call("bad")))
        signature = signature_v3.get_signature_v3(SECRET.encode(), base.decode(), nonce.encode()).decode()
        headers = {"x-plivo-signature-v3": signature, "x-plivo-signature-v3-nonce": nonce}
        for pairs in (self.call("bad", ("Extra", "1")), self.call("worse"), []):
            valid = signature_v3.validate_v3_signature(
                "POST", PUBLIC + target, nonce, SECRET, signature, dict(pairs)
            )
            self.assertFalse(valid)
            self.assertEqual(service.send(target, urlencode(pairs).encode(), headers)[0], 403)


class Vonage(unittest.TestCase):
    BODY = json.dumps({"conversation_uuid": "CON-1", "from": "14155550100", "to": "14155550199"}).encode()
    ids = iter(range(10**6))

    def claims(self, body, **more):
        claims = {"iat": int(time.time()), "jti": f"jti-{next(self.ids)}", "iss": "Vonage"}
        claims["payload_hash"] = hashlib.sha256(body).hexdigest()
        return {**claims, **more}

    def send(self, token, body=BODY):
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return service.send(path("vonage", "voice"), body, headers)

    def token(self, claims, secret=SECRET, algorithm="HS256"):
        return jwt.encode(claims, secret, algorithm)

    def test_what_is_signed_passes(self):
        token = self.token(self.claims(self.BODY))
        self.assertTrue(verify_signature(token, SECRET))
        status, kind, body = self.send(token)
        self.assertEqual((status, kind), (200, "application/json"), body)
        self.assertEqual(json.loads(body)[0]["endpoint"][0]["number"], "14155550111")

    def test_what_the_package_lets_through_is_refused(self):
        old = self.claims(self.BODY, iat=int(time.time()) - 400)
        for claims in (self.claims(b"another body"), old, self.claims(self.BODY, iss="Somebody")):
            token = self.token(claims)
            self.assertTrue(verify_signature(token, SECRET))
            self.assertEqual(self.send(token)[0], 403)

    def test_other_keys_and_algorithms_are_refused(self):
        claims = self.claims(self.BODY)
        self.assertFalse(verify_signature(self.token(claims, "x" * 32), SECRET))
        for token in (
            self.token(claims, "x" * 32),
            self.token(claims, algorithm="HS512"),
            jwt.encode(claims, None, "none"),
        ):
            self.assertEqual(self.send(token)[0], 403)


class Telnyx(unittest.TestCase):
    def event(self, at):
        payload = {
            "call_control_id": "v3:x", "call_session_id": "s1", "call_leg_id": "a", "connection_id": "1",
            "direction": "incoming", "from": "+14155550100", "to": "+14155550199", "state": "parked",
        }
        data = {"record_type": "event", "event_type": "call.initiated", "id": "e1", "occurred_at": at, "payload": payload}
        return json.dumps({"data": data})

    def headers(self, body, stamp, key=TELNYX):
        signature = key.sign(f"{stamp}|{body}".encode()).signature
        return {
            "telnyx-timestamp": str(stamp),
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        }

    def taken_by_the_package(self, body, headers):
        client = telnyx.Telnyx(api_key="x", public_key=TELNYX_KEY)
        try:
            client.webhooks.unwrap(body, headers=headers)
            return True
        except ValueError:
            return False

    def test_package_and_service_agree(self):
        now = int(time.time())
        body = self.event(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))
        good = self.headers(body, now)
        cases = {
            "good": (body, good, 204),
            "old": (body, self.headers(body, now - 400), 403),
            "ahead": (body, self.headers(body, now + 400), 403),
            "another key": (body, self.headers(body, now, SigningKey.generate()), 403),
            "another body": (body.replace("0100", "0101"), good, 403),
            "another time": (body, {**good, "telnyx-timestamp": str(now + 1)}, 403),
        }
        for name, (sent, headers, expected) in cases.items():
            with self.subTest(name):
                lower = {**headers, **{key.title(): value for key, value in headers.items()}}
                self.assertEqual(self.taken_by_the_package(sent, lower), expected == 204)
                status = service.send(path("telnyx", "event"), sent.encode(), headers)[0]
                self.assertEqual(status, expected)

    def test_texml_is_signed_alike(self):
        form = urlencode({"CallSid": "v3:y", "From": "+14155550100", "To": "+14155550199"})
        headers = self.headers(form, int(time.time()))
        status, _, body = service.send(path("telnyx", "voice"), form.encode(), headers)
        self.assertEqual(status, 200)
        self.assertIn('callerId="+14155550100"', body)


if __name__ == "__main__":
    unittest.main(verbosity=1)
