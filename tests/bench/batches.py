"""
One batch pushed and one page pulled, on both databases, in an empty audit and behind a long log. Beside them, in the same process and with
the same bytes: a bare Flask route that takes the body, and an append to SQLite that outlives a power cut as ours does.
"""

import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3
import sqlalchemy as sa
import structlog
from flask import Flask, request

from server.app import create_app
from server.config import Config
from server.database import db
from server.storage.migrate import migrate
from server.web.serve import freeze_what_is_loaded
from tests.bench.logs import write_audit
from tests.bench.measuring import Figure, Say, milliseconds, seconds, timed
from tests.devices import Device, in_short, new_audit, verdicts
from tests.people import Person, assemble_cast
from tests.postgresql import NOT_WAITED_FOR, Databases, own_server

RUNS = 7
BATCH, PAGE, LONG = 500, 500, 20_000
APPEND, ROUTE = "append to SQLite", "bare Flask route"


def measure(say: Say) -> list[Figure]:
    figures: list[Figure] = []
    floors: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        say("batches: SQLite")
        with _server(Config(data=f"{folder}/sqlite", demo="0", worker="0")) as app:
            figures += _both("SQLite", app, Path(folder), floors)
        say("batches: PostgreSQL")
        with own_server(parent=None) as address:
            wait_for_the_disk(address)
            databases = Databases(address)
            config = Config(data=f"{folder}/postgresql", database_url=databases.make(), demo="0", worker="0")
            with _server(config) as app:
                figures += _both("PostgreSQL", app, Path(folder), floors)
            databases.drop_all()
    return figures


@contextmanager
def _server(config: Config) -> Iterator[Flask]:
    config.data_folder.mkdir(parents=True)
    app = create_app(config)
    # A line for each request belongs on a server, not into the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with app.app_context():
        migrate()
        yield app
        db.engine.dispose()


def wait_for_the_disk(address: str) -> None:
    """The tests' server does not, and then an append costs nothing."""
    engine = sa.create_engine(
        sa.make_url(address).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        for setting in NOT_WAITED_FOR:
            connection.exec_driver_sql(f"ALTER SYSTEM RESET {setting}")
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def _both(database: str, app: Flask, folder: Path, floors: dict[str, list[float]]) -> list[Figure]:
    group = f"one request, {database}"
    lena = assemble_cast(app).lena
    empty, bodies = _written(lena, BATCH * (RUNS + 1))
    long, late_bodies = _written(lena, LONG + BATCH * (RUNS + 1))
    for body in late_bodies[: -RUNS - 1]:
        _send(long, body)
    late_bodies = late_bodies[-RUNS - 1 :]
    # As the server does; and what was written for this must not make the collector's rounds longer.
    freeze_what_is_loaded()
    _send(empty, bodies[0])
    _send(long, late_bodies[0])
    push, late_push = [], []
    for body, late_body in zip(bodies[1:], late_bodies[1:], strict=True):
        push.append(1000 * seconds(lambda body=body: _send(empty, body)))
        late_push.append(1000 * seconds(lambda body=late_body: _send(long, body)))
    pull = milliseconds(timed(lambda: empty.ask_page(PAGE), RUNS))
    long.cursor = LONG
    late_pull = milliseconds(timed(lambda: long.ask_page(PAGE), RUNS))
    if not floors:
        floors |= {APPEND: _append(empty, folder / "floor.sqlite3"), ROUTE: _route(bodies[1:])}
    return [
        *(
            Figure(group, f"push of {BATCH} operations", push, "ms", beside, floors[beside])
            for beside in (APPEND, ROUTE)
        ),
        Figure(group, f"the same behind {LONG:,} entries", late_push, "ms", "an empty audit", push),
        Figure(group, f"pull of {PAGE} entries", pull, "ms", ROUTE, floors[ROUTE]),
        Figure(group, f"the same behind {LONG:,} entries", late_pull, "ms", "an empty audit", pull),
    ]


def _written(author: Person, count: int) -> tuple[Device, list[bytes]]:
    """A tablet with so many operations in one audit, and the requests that bring them."""
    device = new_audit(author)
    write_audit(device, count - len(device.made))
    return device, [json.dumps(in_short(device.batch(part))).encode() for part in _parts(device.made, BATCH)]


def _parts(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts) - size + 1, size)]


def _send(device: Device, body: bytes) -> None:
    answer = device.send_body(body)
    refused = [one for one in verdicts(answer) if one["verdict"] != "stored"]
    if refused:
        raise SystemExit(f"The server did not take what was to be measured: {refused[0]}")


# --- Floors


def _append(device: Device, file: Path) -> list[float]:
    """The bytes and their digests, one transaction a batch, nothing else."""
    connection = pysqlite3.connect(str(file))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, digest BLOB UNIQUE, data BLOB)")

    def append(part: list[str]) -> None:
        rows = [(hashlib.sha256(text.encode()).digest(), text.encode()) for text in part]
        with connection:
            connection.executemany("INSERT INTO entry (digest, data) VALUES (?, ?)", rows)

    took = [seconds(lambda part=part: append(part)) for part in _parts(device.made, BATCH)]
    connection.close()
    return milliseconds(took[1:])


def _route(bodies: list[bytes]) -> list[float]:
    """Takes the body, reads it as JSON and counts it."""
    app = Flask("floor")

    @app.post("/operations")
    def take() -> dict[str, Any]:
        return {"count": len(json.loads(request.get_data())["operations"]), "at": time.time()}

    api = app.test_client()
    api.post("/operations", data=bodies[0])
    return milliseconds([seconds(lambda body=body: api.post("/operations", data=body)) for body in bodies])
