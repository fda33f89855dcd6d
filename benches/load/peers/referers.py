"""What one would write in Python to classify a log: referer-parser, urllib and a user agent's first word. Reads
the lines that `ringtrace classify --stdin` reads; prints how many and in how many seconds."""

import json
import sys
import time
import urllib.parse

from referer_parser import Referer


def classify(line):
    view = json.loads(line)
    referer = Referer(view["referrer"], view["url"])
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(view["url"]).query)
    return json.dumps({
        "source": query.get("utm_source", [referer.referer])[0],
        "medium": query.get("utm_medium", [referer.medium])[0],
        "campaign": query.get("utm_campaign", [""])[0],
        "term": referer.search_term,
        "gclid": query.get("gclid", [""])[0],
        "mobile": "Mobi" in view["user_agent"],
    })


started = time.perf_counter()
with open(sys.argv[1]) as lines, open("/dev/null", "w") as out:
    count = 0
    for line in lines:
        out.write(classify(line) + "\n")
        count += 1
print(count, time.perf_counter() - started)
