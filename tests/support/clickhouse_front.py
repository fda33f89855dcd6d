#!/usr/bin/env python3
"""ClickHouse's HTTP interface before its engine (chdb), as far as the tests need it.

    clickhouse_front.py FOLDER [PORT]

Prints the port of 127.0.0.1 that it listens on (a free one), keeps its data in FOLDER, and ends when its standard input does.
Understood: POST with a statement in the body, or in `query` with its data in the body; `database`, `default_format`; every
other parameter is a setting. Statements are worked on one after the other. Differences to a server: one user, no password.
"""

import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

# Parameters that are no settings.
NOT_SETTINGS = {"query", "database", "default_format"}
# Settings of the HTTP interface itself.
OF_HTTP = {"wait_end_of_query"}
ANSWERED = re.compile(r"\s*(--.*\n|\s)*(SELECT|WITH|SHOW|EXISTS|DESCRIBE)\b", re.IGNORECASE)


class Engine:
    """One session of the engine; it is no session for two threads."""

    def __init__(self, folder):
        self.session = Session(folder)
        self.lock = threading.Lock()
        self.changed = {}

    def run(self, statement, data, parameters):
        settings = {k: v for k, v in parameters.items() if k not in NOT_SETTINGS | OF_HTTP}
        with self.lock:
            self.session.query(f"USE `{parameters.get('database', 'default')}`")
            self.set({**{k: "DEFAULT" for k in self.changed if k not in settings}, **settings})
            if data:
                statement = statement + "\n" + data
            answer = self.session.query(statement, parameters.get("default_format", "TabSeparated"))
            # Of a statement without an answer the engine may tell that of an earlier one.
            return answer.bytes() if ANSWERED.match(statement) else b""

    def set(self, settings):
        for name, value in settings.items():
            if self.changed.get(name) == value:
                continue
            if not re.fullmatch(r"\w+", name):
                raise ValueError("Code: 115. no setting has such a name (UNKNOWN_SETTING)")
            quoted = value if value == "DEFAULT" else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
            self.session.query(f"SET {name} = {quoted}")
            self.changed[name] = value


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        statement, data = (parameters["query"], body) if "query" in parameters else (body, "")
        try:
            self.answer(200, self.engine.run(statement, data, parameters), {})
        except Exception as error:
            text = str(error)
            code = re.search(r"Code: (\d+)", text)
            self.answer(500, text.encode(), {"X-ClickHouse-Exception-Code": code.group(1) if code else "0"})

    def do_GET(self):
        self.answer(200, b"Ok.\n", {})

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    Front.engine = Engine(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = ThreadingHTTPServer(("127.0.0.1", port), Front)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
