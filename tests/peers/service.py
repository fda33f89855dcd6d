"""The service in a folder and on a port of its own, and a way to send it webhooks.

RINGTRACE_BIN names the binary.
"""

import hashlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


def shop_with_key(key):
    """A configuration with one site, `shop` in New York, and a key that may do everything."""
    return f"""
[server]
public_url = "http://127.0.0.1:1"
[limits]
api_per_minute = 60000
[[api_keys]]
name = "peer"
sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"
scope = "admin"
[[sites]]
id = "shop"
key = "pk_shop"
time_zone = "America/New_York"
forward_to = "+18005550100"
"""


class Service:
    """Runs with `configuration`; its server table comes first and gets what it listens on."""

    def __init__(self, configuration):
        self.folder = tempfile.TemporaryDirectory()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        text = configuration.replace("[server]", f'[server]\nlisten = "127.0.0.1:{port}"\nworkers = 1', 1)
        text = f'data_folder = "data"\n[log]\nfilter = "off"\n{text}'
        with open(os.path.join(self.folder.name, "ringtrace.toml"), "w", encoding="utf-8") as file:
            file.write(text)
        # A machine that does other things, too, must not make a call blind.
        environment = {**os.environ, "RINGTRACE__LIMITS__WEBHOOK_WAIT": "2s"}
        command = [os.environ["RINGTRACE_BIN"], "serve", "--config", "ringtrace.toml"]
        self.process = subprocess.Popen(command, cwd=self.folder.name, env=environment)
        end = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{self.base}/readyz", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.folder.cleanup()

    def send(self, target, body, headers, method="POST"):
        """Status, content type and text of the reply."""
        body = None if method == "GET" else body
        request = urllib.request.Request(self.base + target, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.headers.get("content-type"), answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers.get("content-type"), refused.read().decode()
