"""The fold of a log in both languages. Beside it: the same bytes through the language's own JSON, the last value of each field in a dictionary."""

import json
import tempfile
from pathlib import Path

from server.domain.fold import Entry, fold_log, read_entry
from server.domain.vocabulary import Origin
from tests.bench.logs import write_audit
from tests.bench.measuring import RUNS, Figure, Say, milliseconds, timed
from tests.bench.node import run_program
from tests.devices import WALL
from tests.reports.sample import sample_device

SIZES = (3_000, 30_000)
FLOOR = "JSON and a dictionary"


def measure(say: Say) -> list[Figure]:
    figures: list[Figure] = []
    for size in SIZES:
        say(f"fold: {size:,} entries")
        device = sample_device()
        write_audit(device, size)
        group = f"fold of {size:,} entries"
        lines = [(text, "device", number, WALL) for number, text in enumerate(device.made, start=1)]
        figures += _in_python(group, device.made)
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.json"
            log.write_text(json.dumps(lines), encoding="utf-8")
            said = run_program("fold", LOG=str(log), RUNS=str(RUNS))
        read, fold, floor = (milliseconds(said[key]) for key in ("read_s", "fold_s", "floor_s"))
        figures += [
            Figure(group, "Node: reading", read, "ms", FLOOR, floor),
            Figure(group, "Node: fold", fold, "ms", FLOOR, floor),
        ]
    return figures


def _in_python(group: str, texts: list[str]) -> list[Figure]:
    data = [text.encode() for text in texts]
    entries: list[Entry] = []

    def read() -> None:
        entries[:] = [
            entry
            for number, one in enumerate(data, start=1)
            if (entry := read_entry(one, Origin.DEVICE, number, WALL)) is not None
        ]

    def floor() -> None:
        last = {}
        for one in data:
            header, _, content = one.partition(b"\n")
            envelope = json.loads(header)
            last[envelope["ent"], envelope["fld"]] = json.loads(content)["val"]

    floor_ms = milliseconds(timed(floor))
    return [
        Figure(group, "Python: reading", milliseconds(timed(read)), "ms", FLOOR, floor_ms),
        Figure(group, "Python: fold", milliseconds(timed(lambda: fold_log(entries))), "ms", FLOOR, floor_ms),
    ]
