"""Reports against pandas: random calls, costs and staffing go in over the API, and every figure comes back as pandas
computes it from the same rows.

RINGTRACE_BIN names the binary; SEED another set of rows.
"""

import csv
import io
import json
import os
import random
import time
import unittest

import pandas as pd
from service import Service, shop_with_key

KEY = "reports-peer"
DAYS = 20
CALLS = 600
CONFIGURATION = shop_with_key(KEY)
SOURCES = [("google", "cpc", "spring"), ("google", "organic", ""), ("bing", "cpc", "autumn"), ("news", "email", "")]
STATUSES = ["answered"] * 6 + ["busy", "no_answer", "failed", "canceled", "voicemail"]
METRICS = [
    "calls", "unique_callers", "calls_per_caller", "answered_calls", "missed_calls", "completion_rate", "blocked_rate",
    "voicemail_rate", "average_speed_of_answer", "service_level", "average_call_duration",
    "qualified_leads", "qualified_rate", "conversions", "conversion_rate", "average_lead_score", "revenue",
    "revenue_per_call", "revenue_per_successful_call", "disposition_share",
]
MONEY = ["cost", "ad_spend", "cost_per_call", "cost_per_lead", "cost_per_conversion", "return_on_ad_spend", "roi"]


def table(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def random_calls(chance):
    zone = "America/New_York"
    # The clocks change within these days.
    first = pd.Timestamp("2026-03-01", tz=zone)
    for number in range(CALLS):
        source, medium, campaign = chance.choice(SOURCES)
        status = chance.choice(STATUSES)
        answered = status == "answered"
        told = chance.random() < 0.6
        at = first.tz_convert("UTC") + pd.Timedelta(seconds=chance.randrange(DAYS * 86_400))
        yield {
            "id": f"c{number}",
            "started_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "caller": f"+1415555{chance.randrange(100, 160):04d}",
            "tracking_number": "+14155550199",
            "status": status,
            "talk_s": chance.randrange(1, 900) if answered else "",
            "wait_s": chance.randrange(1, 60) if answered else "",
            "source": source,
            "medium": medium,
            "campaign": campaign,
            "agent": chance.choice(["ann", "bob"]) if answered else "",
            "disposition": chance.choice(["booked", "info", "wrong number"]) if answered and told else "",
            "qualified": chance.choice(["true", "false"]) if told else "",
            "converted": chance.choice(["true", "false"]) if told else "",
            "value": f"{chance.randrange(100, 90_000) / 100:.2f}" if told and answered else "",
            "lead_score": chance.randrange(0, 101) if told else "",
        }


def random_costs(chance):
    for day in range(DAYS):
        for source, medium, campaign in SOURCES[:3]:
            for kind in ("ad", "fee"):
                date = (pd.Timestamp("2026-03-01") + pd.Timedelta(days=day)).strftime("%Y-%m-%d")
                amount = f"{chance.randrange(0, 20_000) / 100:.2f}"
                yield {"date": date, "source": source, "medium": medium, "campaign": campaign, "kind": kind, "amount": amount}


def figures(calls, costs, everything):
    """The metrics of one group, by pandas; None where nothing was told."""
    count = len(calls)
    answered = calls[calls.status == "answered"]
    qualified, converted = calls.qualified == "true", calls.converted == "true"
    revenue = calls.value.sum(min_count=1)
    cost = costs.amount.sum(min_count=1)
    spend = costs[costs.kind == "ad"].amount.sum(min_count=1)
    told_qualified, told_converted = (calls.qualified != "").any(), (calls.converted != "").any()
    disposed = (calls.disposition != "").sum()

    def over(a, b):
        return None if not b or pd.isna(b) or a is None or pd.isna(a) else a / b

    return {
        "calls": count,
        "unique_callers": calls.caller.nunique(),
        "calls_per_caller": over(count, calls.caller.nunique()),
        "answered_calls": len(answered),
        "missed_calls": count - len(answered),
        "completion_rate": over(len(answered), count),
        "blocked_rate": over(calls.status.isin(["busy", "failed"]).sum(), count),
        "voicemail_rate": over((calls.status == "voicemail").sum(), count),
        "average_speed_of_answer": answered.wait_s.mean(),
        "service_level": over((answered.wait_s <= 20).sum(), count),
        "average_call_duration": answered.talk_s.mean(),
        "qualified_leads": qualified.sum() if told_qualified else None,
        "qualified_rate": over(qualified.sum(), count) if told_qualified else None,
        "conversions": converted.sum() if told_converted else None,
        "conversion_rate": over(converted.sum(), count) if told_converted else None,
        "average_lead_score": calls.lead_score.mean(),
        "revenue": revenue,
        "revenue_per_call": over(revenue, count),
        "revenue_per_successful_call": over(revenue, converted.sum()),
        "disposition_share": over(disposed, (everything.disposition != "").sum()),
        "cost": cost,
        "ad_spend": spend,
        "cost_per_call": over(cost, count),
        "cost_per_lead": over(cost, qualified.sum()),
        "cost_per_conversion": over(cost, converted.sum()),
        "return_on_ad_spend": over(revenue, spend),
        "roi": over(revenue - cost, cost),
    }


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        seed = int(os.environ.get("SEED", "1"))
        chance = random.Random(seed)
        cls.service = Service(CONFIGURATION)
        calls, costs = list(random_calls(chance)), list(random_costs(chance))
        cls.send("/v1/calls/import?site=shop", table(calls), "text/csv")
        for _ in range(2):  # What comes twice counts once.
            reply = cls.send("/v1/costs?site=shop", table(costs), "text/csv")
            assert reply["accepted"] == len(costs), reply
        cls.calls, cls.costs = pd.DataFrame(calls), pd.DataFrame(costs)
        for column in ("talk_s", "wait_s", "value", "lead_score"):
            cls.calls[column] = pd.to_numeric(cls.calls[column])
        cls.costs["amount"] = pd.to_numeric(cls.costs.amount)
        local = pd.to_datetime(cls.calls.started_at).dt.tz_convert("America/New_York")
        cls.calls["date"], cls.calls["hour"] = local.dt.strftime("%Y-%m-%d"), local.dt.hour
        cls.calls["weekday"] = local.dt.dayofweek + 1
        cls.calls["week"] = local.dt.strftime("%G-W%V")
        end = time.monotonic() + 60
        while cls.ask(["calls", "cost"])["totals"] != {"calls": CALLS, "cost": round(cls.costs.amount.sum(), 2)}:
            assert time.monotonic() < end, cls.ask(["calls", "cost"])["totals"]
            time.sleep(0.2)

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    @classmethod
    def send(cls, path, body, kind):
        headers = {"authorization": f"Bearer {KEY}", "content-type": kind}
        status, _, text = cls.service.send(path, body, headers)
        assert status == 200, text
        return json.loads(text)

    @classmethod
    def ask(cls, metrics, dimensions=(), **more):
        question = {
            "metrics": list(metrics), "dimensions": list(dimensions), "spam": "include",
            "from": "2026-02-28", "to": "2026-03-31", "limit": 10_000, **more,
        }
        return cls.send("/v1/reports/query", json.dumps(question).encode(), "application/json")

    def same(self, row, expected, metrics, about):
        for metric in metrics:
            told = row[metric]["value"] if isinstance(row[metric], dict) else row[metric]
            wanted = expected[metric]
            with self.subTest(metric=metric, about=about):
                if wanted is None or pd.isna(wanted):
                    self.assertIsNone(told)
                else:
                    self.assertAlmostEqual(told, float(wanted), places=6)

    def test_every_group_is_what_pandas_computes(self):
        for dimensions in (["source", "medium"], ["agent"], ["status"], ["disposition"], ["hour"],
                           ["weekday"], ["date"], ["week"], ["campaign", "status", "agent"]):
            answer = self.ask(METRICS, dimensions)
            groups = {key: rows for key, rows in self.calls.groupby(dimensions)}
            self.assertEqual(len(answer["rows"]), len(groups), dimensions)
            # Shares are of all rows that differ in nothing but the disposition.
            by_disposition = dimensions == ["disposition"]
            for row in answer["rows"]:
                key = tuple("" if row[name] is None else row[name] for name in dimensions)
                calls = groups[key]
                everything = self.calls if by_disposition else calls
                self.same(row, figures(calls, self.costs[:0], everything), METRICS, key)
            self.same(answer["totals"], figures(self.calls, self.costs, self.calls), METRICS, "totals")

    def test_money_by_source_and_day(self):
        for dimensions in (["source", "medium", "campaign"], ["date", "source"]):
            answer = self.ask(["calls"] + MONEY, dimensions)
            calls = dict(list(self.calls.groupby(dimensions)))
            costs = dict(list(self.costs.groupby(dimensions)))
            self.assertEqual(len(answer["rows"]), len(calls.keys() | costs.keys()))
            for row in answer["rows"]:
                key = tuple("" if row[name] is None else row[name] for name in dimensions)
                own = calls.get(key, self.calls[:0])
                self.same(row, figures(own, costs.get(key, self.costs[:0]), own), MONEY, key)
            self.same(answer["totals"], figures(self.calls, self.costs, self.calls), MONEY, "totals")

    def test_filters_are_those_of_pandas(self):
        calls = self.calls
        for filters, mask in (
            ({"dimension": "campaign", "prefix": "sp"}, calls.campaign.str.startswith("sp")),
            ({"dimension": "disposition", "regex": "(ook|nfo)"}, calls.disposition.str.contains("(?:ook|nfo)")),
            ({"dimension": "hour", "gte": 9, "lt": 17}, calls.hour.between(9, 16)),
            ({"not": {"dimension": "agent", "equals": "ann"}}, calls.agent != "ann"),
            ({"or": [{"dimension": "agent", "null": True}, {"dimension": "qualified", "equals": True}]},
             (calls.agent == "") | (calls.qualified == "true")),
            ({"dimension": "week", "in": ["2026-W10", "2026-W12"]}, calls.week.isin(["2026-W10", "2026-W12"])),
        ):
            answer = self.ask(METRICS, filters=filters)
            chosen = calls[mask]
            self.same(answer["totals"], figures(chosen, self.costs[:0], chosen), METRICS, filters)


if __name__ == "__main__":
    unittest.main(verbosity=1)
