#!/usr/bin/env python3
"""Makes config/sources_matomo.csv and config/sources_ga4.csv from the upstream lists.

    scripts/update_sources.py MATOMO_FOLDER MATOMO_COMMIT GA4_CSV GA4_COMMIT

MATOMO_FOLDER is a checkout of github.com/matomo-org/searchengine-and-social-list, GA4_CSV the file
seeds/ga4_source_categories.csv of github.com/Velir/dbt-ga4. Needs PyYAML. What is left out of a
list, and why, is written into the header of its file.
"""

import csv
import io
import re
import sys
import urllib.parse
from pathlib import Path

import yaml

CONFIG = Path(__file__).resolve().parent.parent / "config"

# The source that reports show for a label, where `source` would not find the right one.
SOURCES = {
    "Google Shopping": "google shopping",
    "Hacker News": "ycombinator",
    "Le Chat": "mistral",
    "Vkontakte": "vk",
    "You": "you.com",
}
# Labels that begin with one of these are services of one source.
FAMILIES = {"Google": "google", "Bing": "bing", "Yahoo!": "yahoo", "Yandex": "yandex"}

# Matomo calls them networks, Google Analytics 4 video platforms.
VIDEO = {"YouTube", "Vimeo"}

SECOND_LEVEL = {"co", "com", "edu", "ne", "net", "or", "org"}


def parents(host):
    """The host and every name that it is below of."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def stem(host):
    """`pinterest` for `at.pinterest.com` and `pinterest.com.au`."""
    labels = host.split(".")
    if len(labels) > 2 and labels[-2] in SECOND_LEVEL:
        return labels[-3]
    return labels[-2] if len(labels) > 1 else ""


def ga4_name(host, kind, ga4):
    """The name under which Google Analytics 4 lists the host, if it does as the same kind."""
    host = host.split("/")[0].replace("{}", "com")
    for name in [stem(host), *parents(host)]:
        if ga4.get(name) == kind:
            return name
    return None


def source(label, host, kind, ga4):
    """What reports show: the spelling of Google Analytics 4 when it has one."""
    if label in SOURCES:
        return SOURCES[label]
    for family, name in FAMILIES.items():
        if label == family or label.startswith(family + " "):
            return name
    lower = label.lower()
    for name in [lower, re.sub(r"\.[a-z]+$", "", lower)]:
        if name in ga4:
            return name
    return ga4_name(host, kind, ga4) or lower


def pattern(url):
    """Without the scheme of an app (the list spells it without its colon) and what follows it."""
    url = url.strip().rstrip("/")
    return url.removeprefix("android-app//").split("/")[0] if "android-app" in url else url


def terms(params):
    """Parameter names as they are, expressions as /…/ without the escapes that PHP needs."""
    kept = [p.replace("\\/", "/") if p.startswith("/") else p.strip() for p in params or []]
    return " ".join(p for p in kept if p)


def write(name, header, columns, rows):
    out = io.StringIO()
    for line in header:
        out.write(f"# {line}".rstrip() + "\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    (CONFIG / name).write_text(out.getvalue(), encoding="utf-8")
    print(f"{name}: {len(rows)} lines")


def matomo(folder, ga4):
    def load(name):
        return yaml.safe_load((folder / name).read_text(encoding="utf-8"))

    rows, left_out = {}, []

    def add(host, *rest):
        if host in rows:
            if rows[host][1] != rest[1]:
                left_out.append(f"{host} as {rest[1]} (it is {rows[host][1]})")
            return
        rows[host] = (host, *rest)

    engines = [
        (urllib.parse.unquote(label), entry)
        for label, entries in load("SearchEngines.yml").items()
        for entry in entries
    ]
    engine_terms = {
        pattern(url): terms(entry.get("params")) for _, entry in engines for url in entry["urls"]
    }

    def term_of(host):
        return engine_terms.get(host) or engine_terms.get("www." + host) or ""

    assistants = {}
    for label, hosts in load("AIAssistants.yml").items():
        for host in hosts:
            assistants[host] = label
            add(host, "ai", label, source(label, host, "ai", ga4), term_of(host), "")
    networks = {}
    for label, hosts in load("Socials.yml").items():
        label = urllib.parse.unquote(label)
        for host in hosts:
            networks[host] = label
            kind = "video" if label in VIDEO else "social"
            add(host, kind, label, source(label, host, kind, ga4), "", "")
    for label, entry in engines:
        charsets = " ".join(c for c in entry.get("charsets", []) if c.lower() != "utf-8")
        for url in entry["urls"]:
            host = pattern(url)
            stronger = next((p for p in parents(host) if p in assistants), None)
            network = next((p for p in parents(host) if networks.get(p) == label), None)
            if stronger or network:
                left_out.append(f"{host} as an engine (see {stronger or network})")
                continue
            if re.search(r"\.\{\}\.", host):
                # `images.{}.ask.com`: the name behind the braces must say the same.
                behind = host.split("{}.")[1]
                if not any(urls == behind and name == label
                           for name, e in engines for urls in e["urls"]):
                    sys.exit(f"{host}: braces in the middle need {behind} as a line of its own")
                left_out.append(f"{host} ({behind} says the same)")
                continue
            add(host, "search", label, source(label, host, "search", ga4),
                terms(entry.get("params")), charsets)
    return sorted(rows.values(), key=lambda row: (row[1], row[2].lower(), row[0])), left_out


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    folder, matomo_commit, ga4_csv, ga4_commit = sys.argv[1:]
    with open(ga4_csv, encoding="utf-8", newline="") as file:
        ga4 = {
            row["source"].lower(): row["source_category"].removeprefix("SOURCE_CATEGORY_").lower()
            for row in csv.DictReader(file)
        }
    rows, left_out = matomo(Path(folder), ga4)
    write(
        "sources_matomo.csv",
        [
            "Search engines, networks and AI assistants by host. Made by scripts/update_sources.py, do not edit.",
            f"Origin: github.com/matomo-org/searchengine-and-social-list at {matomo_commit} (CC0-1.0).",
            "host: {} is a country's code in front (de.example.com) or a country's top level behind (example.co.uk).",
            "terms: the parameters that carry the search term, /…/ an expression over path and query.",
            "charsets: in which a term may be written besides UTF-8.",
            "Left out:",
            *(f"  {line}" for line in left_out),
        ],
        ["host", "kind", "label", "source", "terms", "charsets"],
        rows,
    )
    write(
        "sources_ga4.csv",
        [
            "Sources by kind, as Google Analytics 4 groups them. Made by scripts/update_sources.py, do not edit.",
            f"Origin: seeds/ga4_source_categories.csv of github.com/Velir/dbt-ga4 at {ga4_commit} (MIT, see NOTICE),",
            "which restates the list that Google publishes with support.google.com/analytics/answer/9756891.",
            "source: in lower case. name: the short name of the same source, when the list has one for a host.",
        ],
        ["source", "kind", "name"],
        sorted((name, kind, short_name(name, kind, ga4)) for name, kind in ga4.items()),
    )


def short_name(name, kind, ga4):
    """The shorter name that the list has for this host, empty when none."""
    known = ga4_name(name, kind, ga4)
    return known if known and known != name else ""


if __name__ == "__main__":
    main()
