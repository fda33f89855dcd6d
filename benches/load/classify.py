"""A log of page views through `ringtrace classify --stdin`, and the same through a loop in Python."""

import csv
import json
import pathlib
import random
import subprocess
import time

from tools import BINARY, HERE, ROOT

LINES = 1_000_000
PEER_LINES = 20_000


def write_log(path, lines):
    """A seeded log: real browsers' agents, listed and unknown referrers, ad clicks, campaigns, and
    programs, in varying addresses."""
    draw = random.Random(7)
    rows = (ROOT / "tests/fixtures/agents/browsers.tsv").read_text().splitlines()
    agents = [row.split("\t")[-1] for row in rows if not row.startswith("#")]
    with (ROOT / "config/sources_matomo.csv").open() as text:
        listed = list(csv.DictReader(line for line in text if not line.startswith("#")))
    hosts = [row["host"].replace("{}", "de") for row in listed]
    with path.open("w") as out:
        for i in range(lines):
            query = draw.choice((
                "", "", "", f"?utm_source=news-{i % 90}&utm_medium=email&utm_campaign=c{i % 700}",
                f"?gclid=EAIaIQobChMI{i:020d}&utm_source=google&utm_medium=cpc", f"?fbclid=IwAR{i:030d}", f"?id={i}&page=2",
            ))
            referrer = draw.choice((
                "", f"https://{draw.choice(hosts)}/search?q=plumber+{i % 1000}", "https://www.google.com/",
                f"https://site{i % 5000}.example/article", "https://www.example.com/home",
            ))
            agent = "Mozilla/5.0 (compatible; Googlebot/2.1)" if i % 20 == 0 else draw.choice(agents)
            out.write(json.dumps({"url": f"https://www.example.com/products/{i % 3000}/{query}", "referrer": referrer,
                                  "user_agent": agent}) + "\n")


def measure(folder):
    """Lines a second of both: (ours, Python)."""
    log, few = pathlib.Path(folder) / "log.ndjson", pathlib.Path(folder) / "few.ndjson"
    write_log(log, LINES)
    write_log(few, PEER_LINES)
    with log.open() as lines, open("/dev/null", "w") as out:
        started = time.perf_counter()
        subprocess.run([BINARY, "classify", "--stdin"], stdin=lines, stdout=out, check=True)
        ours = LINES / (time.perf_counter() - started)
    python = HERE / "peers/.venv/bin/python"
    found = subprocess.run([python, HERE / "peers/referers.py", few], capture_output=True, text=True, check=True).stdout
    count, seconds = found.split()
    return ours, int(count) / float(seconds)
