"""The service against Twilio's own Python package: what that signs must pass, what it would not must
fail, and the TwiML must equal the document that it writes for the same verbs.

RINGTRACE_BIN names the binary; the service gets a folder and a port of its own.
"""

import hashlib
import json
import unittest
from urllib.parse import urlencode
from xml.etree.ElementTree import canonicalize

from service import Service
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial, VoiceResponse

TOKEN = "0123456789abcdef0123456789abcdef"
FORWARD_TO = "+14155550111"
TRACKING = "+14155550150"
# The world's address differs from the one that is listened on, as behind a proxy.
PUBLIC = "https://calls.example.com:8443"
SITE = "zoe-s_site"

CONFIGURATION = """
[server]
public_url = "{public}"
[[sites]]
id = "{site}"
name = "Zoë's <\\"Best\\"> & Söhne ]]> <!-- &#0; 🦀"
key = "pk_peer"
forward_to = "{forward_to}"
ring_timeout = "17s"
[[sites.static_numbers]]
number = "{tracking}"
source = "A <&> \\"B\\""
[sites.telephony.twilio]
auth_token = "{token}"
"""


class Repeated(dict):
    """A form with repeated names, as Django hands it to the package."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs

    def getlist(self, name):
        return [value for key, value in self.pairs if key == name]


def setUpModule():
    global service
    service = Service(
        CONFIGURATION.format(public=PUBLIC, site=SITE, forward_to=FORWARD_TO, tracking=TRACKING, token=TOKEN)
    )


def tearDownModule():
    service.stop()


def path(event, query=""):
    return f"/v1/telephony/twilio/{SITE}/{event}{query}"


def post(target, body, signature, kind="application/x-www-form-urlencoded", settings=None):
    headers = {"content-type": kind, "x-twilio-signature": signature, "host": "10.0.0.7"}
    if settings:
        headers["x-twilio-webhooks-signature-settings"] = settings
    return service.send(target, body, headers)


def send(target, pairs, algorithm=None):
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + target, Repeated(pairs), algorithm)
    settings = f"key=webhooks_sharedkey_01,algorithm={algorithm}" if algorithm else None
    return post(target, urlencode(pairs).encode(), signature, settings=settings)


def call(sid, *more):
    return [("CallSid", sid), ("From", "+14155550123"), ("To", TRACKING), *more]


class Signatures(unittest.TestCase):
    def test_forms_of_every_kind_pass(self):
        forms = {
            "repeated names": [("Tag", "b"), ("Tag", "a"), ("Tag", "b"), ("tag", "c")],
            "empty values": [("CallerName", ""), ("FromCity", ""), ("", "")],
            "unicode": [("CallerName", "Zoë Müller 🦀"), ("FromCity", "København"), ("Größe", "é\u0301")],
            "what forms escape": [("Note", "a+b c&d=e%20f;g\r\nh"), ("SipHeader_X-A", "<&>'\"\\")],
            "a value that looks like names": [("A", "BC"), ("AB", "C"), ("Z", " leading and trailing ")],
        }
        for number, (kind, more) in enumerate(forms.items()):
            with self.subTest(kind):
                status, _, body = send(path("voice"), call(f"CAform{number}", *more))
                self.assertEqual(status, 200, body)
                self.assertIn(FORWARD_TO, body)

    def test_queries_and_the_other_hash_pass(self):
        self.assertEqual(send(path("voice", "?b=2&a=1%20x"), call("CAquery"))[0], 200)
        self.assertEqual(send(path("voice"), call("CAhash"), "HMAC_SHA256")[0], 200)

    def test_the_package_accepts_what_we_accept_with_and_without_port(self):
        bare = PUBLIC.removesuffix(":8443")
        for url in (bare, f"{bare}:443"):
            signature = RequestValidator(TOKEN).compute_signature(url + path("voice"), dict(call("CAport")))
            self.assertTrue(RequestValidator(TOKEN).validate(PUBLIC.replace(":8443", "") + path("voice"), dict(call("CAport")), signature))
            self.assertEqual(post(path("voice"), urlencode(call("CAport")).encode(), signature)[0], 200)

    def test_json_is_covered_by_its_hash(self):
        body = json.dumps({"CallSid": "CAjson", "CallerName": "Zoë"}, ensure_ascii=False).encode()
        target = path("voice", f"?bodySHA256={hashlib.sha256(body).hexdigest()}")
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + target, {})
        self.assertTrue(RequestValidator(TOKEN).validate(PUBLIC + target, body.decode(), signature))
        status, _, answer = post(target, body, signature, "application/json")
        self.assertEqual(status, 200, answer)
        self.assertIn(FORWARD_TO, answer, "a caller on the line is forwarded, readable or not")
        self.assertEqual(post(target, body + b" ", signature, "application/json")[0], 403)

    def test_what_the_package_refuses_is_refused(self):
        good = call("CAbad", ("Tag", "a"), ("CallerName", ""))
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path("voice"), Repeated(good))
        changed = {
            "a value": [*good[:-1], ("CallerName", "x")],
            "one field more": [*good, ("Extra", "1")],
            "one field less": good[1:],
            "another repeated value": [*good, ("Tag", "b")],
            "nothing": [],
        }
        for what, pairs in changed.items():
            with self.subTest(what):
                valid = RequestValidator(TOKEN).validate(PUBLIC + path("voice"), Repeated(pairs), signature)
                self.assertFalse(valid)
                self.assertEqual(post(path("voice"), urlencode(pairs).encode(), signature)[0], 403)
        body = urlencode(good).encode()
        for event, said in (("dial", signature), ("voice", ""), ("voice", "é".encode().decode("latin-1"))):
            self.assertEqual(post(path(event), body, said)[0], 403)
        self.assertEqual(post(path("voice"), body, signature, settings="algorithm=HMAC_MD5")[0], 403)


class Documents(unittest.TestCase):
    def test_the_forward_equals_what_the_package_writes(self):
        status, kind, body = send(path("voice"), call("CAtwiml"))
        self.assertEqual((status, kind), (200, "text/xml; charset=utf-8"))
        dial = Dial(timeout=17, answer_on_bridge=True, action=PUBLIC + path("dial"), method="POST")
        dial.number(
            FORWARD_TO,
            status_callback=PUBLIC + path("leg"),
            status_callback_method="POST",
            status_callback_event="ringing answered completed",
        )
        expected = VoiceResponse()
        expected.append(dial)
        self.assertEqual(canonicalize(body), canonicalize(str(expected)))

    def test_hostile_fields_do_not_reach_the_document(self):
        _, _, plain = send(path("voice"), call("CAplain"))
        hostile = "\"/></Number></Dial><Dial>+1900</Dial><!-- ]]> & \x00 🦀"
        pairs = [("CallSid", hostile), ("From", hostile), ("To", hostile), ("CallerName", hostile)]
        status, _, body = send(path("voice"), pairs)
        self.assertEqual(status, 200)
        self.assertEqual(canonicalize(body), canonicalize(plain))

    def test_the_end_of_a_dial_is_answered_with_nothing_to_do(self):
        status, _, body = send(path("dial"), call("CAend", ("DialCallStatus", "completed")))
        self.assertEqual(status, 200)
        self.assertEqual(canonicalize(body), canonicalize(str(VoiceResponse())))


if __name__ == "__main__":
    unittest.main(verbosity=1)
