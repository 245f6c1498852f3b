"""`make run` when everything is set up, until it answers. Beside it: a bare Flask app in the same web server."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.bench.measuring import RUNS, Figure, Say
from tests.e2e.serving import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 300
FLOOR = "import flask; app = flask.Flask('floor'); app.add_url_rule('/api/state', view_func=lambda: {})"


def measure(say: Say) -> list[Figure]:
    say("start: make run")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "floor.py").write_text(FLOOR, encoding="utf-8")
        # The first start sets up and builds. The demonstration would be there already the second time.
        _ours(folder)
        ours = [_ours(folder) for _ in range(RUNS)]
        floor = [_floor(folder) for _ in range(RUNS)]
    beside = "bare Flask in gunicorn"
    return [Figure("start", "`make run` a second time, until it answers", ours, "s", beside, floor)]


def _ours(folder: str) -> float:
    port = free_port()
    return _seconds_until_it_answers(["make", "-s", "run", f"PORT={port}", f"DATA={folder}/data", "DEMO=0"], port, ROOT)


def _floor(folder: str) -> float:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-k", "gthread", "floor:app"]
    return _seconds_until_it_answers(command, port, Path(folder))


def _seconds_until_it_answers(command: list[str], port: int, folder: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITBOOK_")}
    began = time.perf_counter()
    server = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while time.perf_counter() - began < PATIENCE:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=5) as answer:
                    json.load(answer)
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{command[0]} did not answer within {PATIENCE} s.")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)
