"""The documents of every provider against the provider's own Python package: each element and each
attribute must be one that the package writes, nested as it allows, and the whole must come out the same.

Reads the snapshots of `tests/it/call/documents.rs`; needs no service.
"""

import inspect
import json
import os
import re
import unittest
from xml.etree import ElementTree
from xml.etree.ElementTree import canonicalize

import plivo.xml
from bandwidth.models import bxml
from twilio.twiml.voice_response import VoiceResponse
from vonage_voice.models import connect_endpoints, ncco

SNAPSHOTS = os.path.join(os.path.dirname(__file__), "..", "it", "call", "snapshots")


def snapshot(name):
    path = os.path.join(SNAPSHOTS, f"it__call__documents__{name}.snap")
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n---\n", 1)[1].strip("\n").split("\n")


def documents(provider):
    """The one with everything, those that turn a call away, and those of every single thing that routing asks for."""
    yield from snapshot(provider)
    yield from snapshot(f"{provider}_reject")
    matrix = snapshot(f"{provider}_matrix")
    # A name, and below it the document; an empty one says nothing.
    assert len(matrix) >= 40, provider
    yield from filter(None, matrix[1::2])


def snake(name):
    return re.sub(r"([A-Z])", lambda found: "_" + found.group(1).lower(), name)


def value(text):
    return {"true": True, "false": False}.get(text, int(text) if text.isdigit() else text)


class Twiml(unittest.TestCase):
    """Twilio's package also writes what SignalWire and TeXML take over from it."""

    SUBJECTS = {"Number": "phone_number", "Sip": "sip_url", "Say": "message", "Play": "url", "Redirect": "url"}

    def rebuild(self, parent, element):
        for child in element:
            # The package has a method for each child that an element may hold.
            method = getattr(parent, child.tag.lower())
            attributes = {snake(name): text for name, text in child.attrib.items()}
            if child.text:
                attributes[self.SUBJECTS[child.tag]] = child.text
            known = set(inspect.signature(method).parameters)
            self.assertLessEqual(set(attributes), known, f"{child.tag} in {element.tag}")
            self.rebuild(method(**attributes), child)
        return parent

    def test_every_verb_is_one_of_the_package(self):
        for provider in ("twilio", "signalwire", "telnyx"):
            for text in documents(provider):
                with self.subTest(provider, text=text[:80]):
                    built = self.rebuild(VoiceResponse(), ElementTree.fromstring(text))
                    self.assertEqual(canonicalize(str(built)), canonicalize(text))


class Plivo(unittest.TestCase):
    def rebuilt(self, element):
        kind = getattr(plivo.xml, f"{element.tag}Element")
        attributes = {snake(name): value(text) for name, text in element.attrib.items()}
        content = [element.text] if element.text else []
        built = kind(*content, **attributes)
        for child in element:
            self.assertIn(child.tag, kind._nestable, element.tag)
            built.add(self.rebuilt(child))
        return built

    def test_every_element_is_one_of_the_package(self):
        for text in documents("plivo"):
            with self.subTest(text[:80]):
                built = self.rebuilt(ElementTree.fromstring(text)).to_string(pretty=False)
                self.assertEqual(canonicalize(built), canonicalize(text))


class Bandwidth(unittest.TestCase):
    def rebuilt(self, element):
        children = [self.rebuilt(child) for child in element]
        if element.tag == "Response":
            return bxml.Response(children)
        kind = getattr(bxml, element.tag)
        attributes = {snake(name): text for name, text in element.attrib.items()}
        known = list(inspect.signature(kind.__init__).parameters)
        self.assertLessEqual(set(attributes), set(known), element.tag)
        # Its first parameter is what it holds.
        if children:
            attributes[known[1]] = children
        elif element.text:
            attributes[known[1]] = element.text
        return kind(**attributes)

    def test_every_verb_is_one_of_the_package(self):
        for text in documents("bandwidth"):
            with self.subTest(text[:80]):
                built = self.rebuilt(ElementTree.fromstring(text)).to_bxml()
                self.assertEqual(canonicalize(built), canonicalize(text))


class Vonage(unittest.TestCase):
    ACTIONS = {
        "talk": ncco.Talk,
        "stream": ncco.Stream,
        "input": ncco.Input,
        "record": ncco.Record,
        "connect": ncco.Connect,
    }
    ENDPOINTS = {"phone": connect_endpoints.PhoneEndpoint, "sip": connect_endpoints.SipEndpoint}

    def test_every_action_is_one_of_the_package(self):
        for text in documents("vonage"):
            for action in json.loads(text):
                with self.subTest(action["action"]):
                    given = dict(action)
                    model = self.ACTIONS[given.pop("action")]
                    if "from" in given:
                        given["from_"] = given.pop("from")
                    self.assertLessEqual(set(given), set(model.model_fields))
                    for endpoint in given.get("endpoint", []):
                        known = self.ENDPOINTS[endpoint["type"]].model_fields
                        self.assertLessEqual(set(endpoint), set(known))
                    built = model(**given).model_dump(by_alias=True, exclude_none=True, mode="json")
                    self.assertEqual(built, action)


if __name__ == "__main__":
    unittest.main(verbosity=1)
