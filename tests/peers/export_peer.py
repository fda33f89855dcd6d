"""Exported tables read by pyarrow and pandas: what was sent over the API is in the files, with the types of docs/export.md.

RINGTRACE_BIN names the binary.
"""

import io
import json
import os
import pathlib
import subprocess
import time
import unittest
import urllib.request

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from service import Service, shop_with_key

KEY = "export-peer"
CALLS = 400
CONFIGURATION = shop_with_key(KEY)
PAGE = pathlib.Path(__file__).parents[2] / "docs" / "export.md"
# What the page calls a type, and what pyarrow must find.
TYPES = {
    "text": pa.string(), "text (UUID)": pa.string(), "timestamp, UTC": pa.timestamp("us", tz="UTC"), "date": pa.date32(),
    "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(), "double": pa.float64(),
    "boolean": pa.bool_(), "decimal(18, 4)": pa.decimal128(18, 4),
}


def documented(table):
    section = PAGE.read_text().split(f"\n## `{table}`\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return [(row[1].strip(" `"), TYPES[row[2].strip()]) for row in cells]


def random_calls():
    first = pd.Timestamp("2026-03-01T00:30:00Z")
    return pd.DataFrame({
        "id": [f"c{n}" for n in range(CALLS)],
        # The clocks change within these days.
        "started_at": [(first + pd.Timedelta(minutes=73 * n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(CALLS)],
        "caller": [f"+1415555{100 + n % 60:04d}" for n in range(CALLS)],
        "tracking_number": "+14155550199",
        "status": ["answered" if n % 3 else "no_answer" for n in range(CALLS)],
        "talk_s": [str(n) if n % 3 else "" for n in range(CALLS)],
        "campaign": [["spring", "=1+1", "naïve, \"quoted\" text", ""][n % 4] for n in range(CALLS)],
        "source": "google",
        "value": [f"{n / 4:.2f}" if n % 5 == 0 else "" for n in range(CALLS)],
    })


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service(CONFIGURATION)
        cls.sent = random_calls()
        headers = {"authorization": f"Bearer {KEY}", "content-type": "text/csv"}
        csv = cls.sent.to_csv(index=False).encode()
        status, _, text = cls.service.send("/v1/calls/import?site=shop", csv, headers)
        assert status == 200 and json.loads(text)["imported"] == CALLS, text
        end = time.monotonic() + 60
        while cls.parquet("calls").num_rows < CALLS:
            assert time.monotonic() < end
            time.sleep(0.2)

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    @classmethod
    def file(cls, query):
        request = urllib.request.Request(f"{cls.service.base}/v1/export?{query}", headers={"authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return io.BytesIO(answer.read())

    @classmethod
    def parquet(cls, table, more=""):
        return pq.read_table(cls.file(f"table={table}{more}"))

    def test_every_table_has_the_documented_columns_and_types(self):
        for table in ["sessions", "leases", "calls", "touches", "leads", "postbacks", "costs", "staffing"]:
            with self.subTest(table):
                schema = pq.read_schema(self.file(f"table={table}"))
                self.assertEqual([(field.name, field.type) for field in schema], documented(table))

    def check(self, calls):
        calls = calls.assign(moment=pd.to_datetime(calls.started_at, utc=True)).sort_values("moment").reset_index(drop=True)
        moments = pd.to_datetime(self.sent.started_at, utc=True)
        self.assertTrue((calls.moment == moments).all())
        local = moments.dt.tz_convert("America/New_York")
        self.assertTrue((calls.local_hour == local.dt.hour).all())
        self.assertTrue((calls.local_weekday == local.dt.dayofweek + 1).all())
        self.assertTrue((calls.local_date.astype(str) == local.dt.strftime("%Y-%m-%d")).all())
        self.assertTrue((calls.tracking_number == "+14155550199").all())
        self.assertEqual(calls.caller.nunique(), 60)
        self.assertTrue(calls.caller.str.fullmatch("[0-9a-f]{16}").all())
        sums = pd.to_numeric(calls.value.astype(str), errors="coerce").sum(), pd.to_numeric(calls.talk_s).sum()
        self.assertEqual(sums, (pd.to_numeric(self.sent.value).sum(), pd.to_numeric(self.sent.talk_s).sum()))
        return calls

    def test_parquet_has_what_was_sent(self):
        calls = self.check(self.parquet("calls").to_pandas())
        self.assertEqual(list(calls.campaign), list(self.sent.campaign))

    def test_csv_has_the_same(self):
        calls = self.check(pd.read_csv(self.file("table=calls&format=csv"), dtype={"tracking_number": str, "caller": str}, keep_default_na=False, na_values={"talk_s": [""], "value": [""]}))
        self.assertEqual(list(calls.campaign), ["'=1+1" if text == "=1+1" else text for text in self.sent.campaign])

    def test_the_command_writes_the_same_file(self):
        folder = self.service.folder.name
        environment = {**os.environ, "RINGTRACE_URL": self.service.base, "RINGTRACE_KEY": KEY}
        command = [os.environ["RINGTRACE_BIN"], "export", "calls", "--from=2026-03-03", "--to=2026-03-05", "--output=days.parquet"]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        days = pq.read_table(os.path.join(folder, "days.parquet")).to_pandas()
        local = pd.to_datetime(self.sent.started_at, utc=True).dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d")
        self.assertEqual(len(days), local.between("2026-03-03", "2026-03-05").sum())
        self.assertFalse(os.path.exists(os.path.join(folder, "days.parquet.part")))


if __name__ == "__main__":
    unittest.main()
