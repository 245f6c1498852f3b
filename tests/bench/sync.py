"""
The published sync workload: three tablets worked offline on one audit, push at once and pull until all show the same.

Auditbook is `auditbook serve` over HTTP on loopback with SQLite, driven by pwa/bench/lean.ts. The peers are those of the folder that
AUDITBOOK_PEERS names (a copy of it, with what it measures installed): each is run by its own `common/run.py`, whose last line of output is JSON.
"""

import atexit
import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.bench.measuring import RUNS, CountingProxy, Figure, Say, peak_memory, processes_of, size_of
from tests.bench.node import run_program
from tests.e2e.serving import DEMO_PASSWORD, Server

GROUP = "sync, 2,000 field operations of 3 tablets"
LARGE = "sync, 20,000 field operations of 3 tablets"
PEERS = ("oplog-ref-gzip", "yjs-log", "actual", "pouchdb-ops", "rxdb", "tinybase")
PEOPLE = {"lena@example.org": "lead_auditor", "aron@example.org": "auditor", "mila@example.org": "auditor"}


def measure(say: Say) -> list[Figure]:
    peers = peers_folder(say)
    with tempfile.TemporaryDirectory() as folder:
        small = workload(peers, Path(folder), 2000)
        say("sync: Auditbook")
        ours = auditbook(small, RUNS)
        from tests.bench import tablets  # which knows this module

        in_browser = tablets.measure(say, small, ours)
        say("sync: Auditbook, ten times as much")
        large = auditbook(workload(peers, Path(folder), 20_000), RUNS)
    figures = [*alone(GROUP, ours), *in_browser, *alone(LARGE, large)]
    figures.append(Figure(LARGE, "memory of the server", large["memory"], "MB", "2,000 operations", ours["memory"]))
    if peers:
        for peer in PEERS:
            say(f"sync: {peer}")
            figures += beside(GROUP, peer, ours, run_peer(peers, peer, 2000, RUNS, say))
        say("sync: oplog-ref-gzip, ten times as much")
        figures += beside(LARGE, "oplog-ref-gzip", large, run_peer(peers, "oplog-ref-gzip", 20_000, RUNS, say))
    return figures


def workload(peers: Path | None, folder: Path, count: int) -> Path:
    """The published file where it is there, else one of the same shape."""
    published = peers / f"workload/ops-{count}.json" if peers else None
    return published if published and published.is_file() else same_shape(folder / f"{count}.json", count // 2000)


def peers_folder(say: Say) -> Path | None:
    given = os.environ.get("AUDITBOOK_PEERS", "")
    if given and (Path(given) / "common/run.py").is_file():
        return Path(given).resolve()
    why = f"{given} has no common/run.py" if given else "AUDITBOOK_PEERS names no folder"
    say(f"sync: no peers, as {why}; a workload of the same shape is made, and only floors stand beside Auditbook")
    return None


def alone(group: str, ours: dict[str, list[float]]) -> list[Figure]:
    return [
        Figure(group, "operations that Auditbook makes of it", ours["operations"], ""),
        Figure(group, "push, three at once", ours["push_s"], "s"),
        Figure(group, "pull, three at once", ours["pull_s"], "s"),
        Figure(group, "pull of everything by a new tablet", ours["fresh_pull_s"], "s"),
    ]


def beside(group: str, peer: str, ours: dict[str, list[float]], theirs: dict[str, list[float]] | None) -> list[Figure]:
    if theirs is None:
        return []
    names = {
        "total_s": ("push and pull, three at once", "s"),
        "server_cpu_s": ("processor time of the server", "s"),
        "up": ("bytes up", "kB"),
        "down": ("bytes down", "kB"),
        "disk": ("bytes on the server's disk", "kB"),
        "memory": ("memory of the server", "MB"),
    }
    return [Figure(group, what, ours[key], unit, peer, theirs[key]) for key, (what, unit) in names.items()]


# --- Auditbook


def auditbook(ops: Path, runs: int) -> dict[str, list[float]]:
    """What each of `runs` gave, each on a server of its own; the bytes are those of one more run, through the proxy."""
    direct = [session(ops, through_proxy=False) for _ in range(runs)]
    counted = session(ops, through_proxy=True)
    return {key: [run[key] for run in direct] for key in direct[0]} | {key: [counted[key]] for key in ("up", "down")}


def session(ops: Path, *, through_proxy: bool) -> dict[str, float]:
    with serving() as server:
        proxy = CountingProxy(server.port)
        with proxy.running():
            processes = processes_of(server.pid)
            done = run_program(
                "lean",
                OPS=str(ops),
                ADDRESS=f"http://127.0.0.1:{proxy.port if through_proxy else server.port}",
                WIRE=proxy.report if through_proxy else "",
                PEOPLE=",".join(PEOPLE),
                PASSWORD=DEMO_PASSWORD,
                PROCESSES=",".join(map(str, processes)),
            )
        if not done["agree"] or done["aside"]:
            raise SystemExit(f"The tablets do not agree, so nothing was measured: {done}")
        memory = max(map(peak_memory, processes))
        database = [file for file in server.data.glob("auditbook.sqlite3*") if not file.name.endswith("-shm")]
        disk = sum(file.stat().st_size for file in database)
    return {
        **done,
        "total_s": done["push_s"] + done["pull_s"],
        "up": done["up"] / 1000,
        "down": done["down"] / 1000,
        "disk": disk / 1000,
        "memory": memory,
    }


@contextmanager
def serving() -> Iterator[Server]:
    """A server of its own, with the people of the workload in a database that holds nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        data = shutil.copytree(_peopled(), Path(folder) / "data")
        with Server(data, AUDITBOOK_DEMO="0") as server:
            yield server


@cache
def _peopled() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="auditbook-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = Server(folder, AUDITBOOK_DEMO="0")
    for email, role in PEOPLE.items():
        name = email.partition("@")[0]
        server.runs("account", "create", email, "--name", name, "--role", role, typed=f"{DEMO_PASSWORD}\n")
    return folder


# --- Peers


def run_peer(peers: Path, peer: str, count: int, runs: int, say: Say) -> dict[str, list[float]] | None:
    """What the peer's own runner says; None where it does not run on this machine."""
    command = ["python3", "common/run.py", peer, str(count), "--runs", str(runs)]
    try:
        done = subprocess.run(command, cwd=peers, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        say(f"sync: {peer} took too long and is left out")
        return None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        say(f"sync: {peer} does not run here and is left out: {said[-1] if said else done.returncode}")
        return None
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        "total_s": said["wall_all"],
        "server_cpu_s": [said["server_cpu_s"]],
        "up": [said["up_bytes"] / 1000],
        "down": [said["down_bytes"] / 1000],
        "memory": [said["server_rss_mb"]],
        "disk": [size_of(peers / "data" / peer) / 1000],
    }


# --- A workload of the same shape, for a machine without the peers


def same_shape(file: Path, scale: int) -> Path:
    """400 answers and 60 findings of three tablets, edited until 2,000 field operations are there; each tenth edit is a colleague's."""
    chance = random.Random(20_261_127)
    words = "label missing on extinguisher near bay door record signed by supervisor calibration overdue sample".split()
    steps: list[dict[str, str]] = []

    def step(tablet: int, entity: str, field: str) -> None:
        length = 9 if field in ("answer", "severity", "clause", "due", "status") else 30 + chance.randrange(60)
        text = " ".join(chance.choices(words, k=20))[:length].strip()
        steps.append({"dev": f"dev{tablet}", "ent": entity, "fld": field, "val": text})

    answers, findings = 400 * scale, 60 * scale
    for number in range(answers):
        step(number % 3, f"resp:{number}", "answer")
    for number in range(findings):
        for field in ("title", "severity", "clause", "descr"):
            step(number % 3, f"find:{number}", field)
    while len(steps) < 2000 * scale:
        shift = 1 + chance.randrange(2) if chance.random() < 0.1 else 0
        if chance.random() < 0.8:
            number = chance.randrange(answers)
            step((number + shift) % 3, f"resp:{number}", chance.choice(("note", "note", "answer")))
        else:
            number = chance.randrange(findings)
            step((number + shift) % 3, f"find:{number}", chance.choice(("descr", "severity", "due", "status", "title")))
    file.write_text(json.dumps(steps), encoding="utf-8")
    return file
