"""Somebody else holds what a push needs: it waits, or it is told to come again and has left nothing. Real locks of real databases."""

import threading
import time
from typing import Any

import pysqlite3
import pytest
import sqlalchemy as sa
from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.storage.tables.operation import LoggedOperation
from tests.devices import Device, new_audit, states
from tests.people import Person

pytestmark = pytest.mark.slow

ATTEMPTS = 5


class Push(threading.Thread):
    """Of what this tablet has not sent, on a line of its own."""

    def __init__(self, app: Flask, person: Person, device: Device):
        super().__init__(daemon=True)
        self._app, self._device = app, device
        self._token = person.api.get_cookie("auditbook").value
        self.answer: Any = None

    def run(self) -> None:
        with self._app.app_context():
            api = self._app.test_client()
            api.set_cookie("auditbook", self._token)
            self.answer = self._device.send(self._device.made[self._device.sent :], api=api)

    def answered(self) -> Any:
        self.join(30)
        assert not self.is_alive()
        return self.answer


def count() -> int:
    with reading(SERVER) as session:
        return session.query(LoggedOperation).count()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_push_that_postgresql_ends_in_a_deadlock_left_nothing_and_is_stored_once_when_it_comes_again(
    database, app: Flask, config: Config, lena
):
    device = new_audit(lena)
    device.push()
    engine = sa.create_engine(config.database_url)
    with engine.connect() as other, engine.connect() as watching:
        for _ in range(ATTEMPTS):
            device.add_finding("Gauges")
            before = count()
            push = Push(app, lena, device)
            if _deadlock(push, other, watching):
                break
            # On a slow machine it is the other one that PostgreSQL ends.
            assert states(push.answered()) == ["stored"] * 2
            device.sent = len(device.made)
    engine.dispose()
    answer = push.answered()
    assert (answer.status_code, answer.json["code"]) == (503, "server.busy")
    assert count() == before
    assert states(device.push()) == ["stored"] * 2
    device.pull()
    assert device.is_safe()


def _deadlock(push: Push, other: sa.Connection, watching: sa.Connection) -> bool:
    """Whether the push was the one to be ended. Of tables, since rows are shown to nobody who does not say for whom (the wall)."""
    other.execute(sa.text("SET lock_timeout = '20s'"))
    other.execute(sa.text("LOCK TABLE chain IN EXCLUSIVE MODE"))
    push.start()
    deadline = time.monotonic() + 20
    while not watching.execute(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
        watching.rollback()
        assert push.is_alive() and time.monotonic() < deadline, push.answer
        time.sleep(0.02)
    watching.rollback()
    try:
        # The push holds the audit and waits for the chain; this one holds the chain and asks for the audit.
        other.execute(sa.text("LOCK TABLE audit IN EXCLUSIVE MODE"))
    except sa.exc.OperationalError:
        return False
    finally:
        other.rollback()
    return True


def test_a_push_waits_while_another_program_writes_to_sqlite(app: Flask, config: Config, lena):
    device = new_audit(lena)
    device.push()
    device.add_finding("Gauges")
    before = count()
    other = pysqlite3.connect(str(config.data_folder / "auditbook.sqlite3"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    push = Push(app, lena, device)
    push.start()
    time.sleep(0.3)
    assert push.is_alive() and count() == before, "readers do not wait"
    other.execute("ROLLBACK")
    other.close()
    assert states(push.answered()) == ["stored"] * 2
    device.pull()
    assert device.is_safe()
