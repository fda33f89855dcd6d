"""Loads the tables in <folder>/*.csv into SQLite and asks it <folder>/questions.json, each once; tells milliseconds as JSON.

A question that SQLite does not understand is left out.
"""

import csv
import json
import pathlib
import sqlite3
import sys
import time

folder = pathlib.Path(sys.argv[1])
database = sqlite3.connect(folder / "peer.sqlite")
database.execute("PRAGMA journal_mode = OFF")
database.execute("PRAGMA synchronous = OFF")
database.execute("PRAGMA cache_size = -1000000")
WORDS = {"": None, "true": 1, "false": 0}
for path in sorted(folder.glob("*.csv")):
    with open(path, newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        columns = ", ".join(f'"{name}" NUMERIC' for name in names)
        database.execute(f"CREATE TABLE {path.stem} ({columns})")
        places = ", ".join("?" for _ in names)
        values = ([WORDS.get(cell, cell) for cell in row] for row in rows)
        database.executemany(f"INSERT INTO {path.stem} VALUES ({places})", values)
    database.execute(f"CREATE INDEX {path.stem}_by_day ON {path.stem} (site, local_date)")
    path.unlink()
database.commit()
database.execute("ANALYZE")
took = {}
for name, statements in json.loads((folder / "questions.json").read_text()).items():
    try:
        started = time.perf_counter()
        for statement in statements:
            database.execute(statement["text"], statement["bound"]).fetchall()
        took[name] = (time.perf_counter() - started) * 1e3
    except sqlite3.OperationalError as error:
        print(f"{name}: {error}", file=sys.stderr)
json.dump(took, sys.stdout)
