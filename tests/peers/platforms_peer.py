"""The ad platforms' own packages read the requests that the golden tests pin.

Google's protobuf classes parse our bodies, Meta's package makes the same row of the same facts, and Microsoft's schema
knows every field of ours.
"""

import hashlib
import json
import sys
from pathlib import Path

SNAPSHOTS = Path(__file__).parents[2] / "src/postback/destinations/tests/snapshots"


def request(name):
    """URL and body of a pinned request."""
    text = (SNAPSHOTS / f"ringtrace__postback__destinations__tests__golden__{name}.snap").read_text()
    _, _, pinned = text.split("---\n", 2)
    head, body = pinned.split("\n\n", 1)
    return head.split("\n")[0].split(" ", 1)[1], json.loads(body)


def google_data_manager():
    from google.ads.datamanager_v1 import IngestEventsRequest

    for name in ("told_google", "call_google"):
        _, body = request(name)
        for event in body["events"]:
            event.pop("callInfo", None)  # newer than the package
        parsed = IngestEventsRequest.from_json(json.dumps(body))
        assert len(parsed.events) == 1, name
        event = parsed.events[0]
        assert event.transaction_id == "att_01.qualified", event
        assert event.user_data.user_identifiers[0].phone_number, event
        assert parsed.encoding.name == "HEX" and parsed.destinations[0].product_destination_id == "777"


def google_ads():
    from google.ads.googleads.v26.services.types import (
        conversion_adjustment_upload_service as adjustments,
        conversion_upload_service as uploads,
    )

    for name, kind in (
        ("told_google-ads", uploads.UploadClickConversionsRequest),
        ("call_google_ads", uploads.UploadCallConversionsRequest),
        ("restated_google_ads", adjustments.UploadConversionAdjustmentsRequest),
        ("retracted_google_ads", adjustments.UploadConversionAdjustmentsRequest),
    ):
        url, body = request(name)
        assert "/customers/1234567890:upload" in url, url
        parsed = kind.from_json(json.dumps(body))
        assert parsed.partial_failure, name


def meta():
    from facebook_business.adobjects.serverside.action_source import ActionSource
    from facebook_business.adobjects.serverside.custom_data import CustomData
    from facebook_business.adobjects.serverside.event import Event
    from facebook_business.adobjects.serverside.user_data import UserData

    _, body = request("told_meta")
    row = body["data"][0]
    user, custom = row["user_data"], row["custom_data"]
    event = Event(
        event_name=row["event_name"],
        event_time=row["event_time"],
        event_id=row["event_id"],
        event_source_url=row["event_source_url"],
        action_source=ActionSource(row["action_source"]),
        user_data=UserData(
            phone="+1 415 555 0100",
            email="Jane.Doe@example.com",
            fbc=user["fbc"],
            fbp=user["fbp"],
            client_ip_address=user["client_ip_address"],
            client_user_agent=user["client_user_agent"],
        ),
        custom_data=CustomData(value=custom["value"], currency=custom["currency"]),
    )
    theirs = event.normalize()
    # The package writes currencies in lower case; Meta takes both.
    theirs["custom_data"]["currency"] = theirs["custom_data"]["currency"].upper()
    assert set(theirs) <= set(row) | {"opt_out"}, set(theirs) - set(row)
    for key in row:
        assert theirs[key] == row[key], (key, theirs[key], row[key])


def microsoft():
    import bingads

    wsdl = next(Path(bingads.__file__).parent.glob("v13/proxies/production/campaign*"))
    text = wsdl.read_text()
    for name, kind in (
        ("told_bing", "OfflineConversion"),
        ("restated_microsoft_ads", "OfflineConversionAdjustment"),
        ("retracted_microsoft_ads", "OfflineConversionAdjustment"),
    ):
        _, body = request(name)
        rows = next(iter(body.values()))
        start = text.index(f'<xs:complexType name="{kind}">')
        block = text[start : text.index("</xs:complexType>", start)]
        for field in rows[0]:
            assert f'name="{field}"' in block, (kind, field)


def hashes():
    """The hashes in the pinned rows are those of the caller's number."""
    number = "+14155550100"
    plus = hashlib.sha256(number.encode()).hexdigest()
    digits = hashlib.sha256(number[1:].encode()).hexdigest()
    for name, expected in (
        ("told_google", plus),
        ("told_tiktok", plus),
        ("told_reddit", plus),
        ("told_x", plus),
        ("told_meta", digits),
        ("told_snap", digits),
        ("told_pinterest", digits),
        ("told_microsoft-uet", digits),
    ):
        assert expected in json.dumps(request(name)[1]), name


def main():
    for check in (google_data_manager, google_ads, meta, microsoft, hashes):
        check()
        print(f"{check.__name__}: fine")


if __name__ == "__main__":
    sys.exit(main())
