"""
What has been answered survives a power cut, because the server asks its database to wait for the disk.

The files of other tests lie in memory and their PostgreSQL waits for nothing; what the server asks for stays the same.
"""

import pytest
import sqlalchemy as sa
from flask import Flask

from server.app import create_app
from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refused
from tests.conftest import close_database


def test_every_commit_waits_until_it_is_on_the_disk(config: Config):
    app = create_app(config)
    with app.app_context():
        for transaction in (unit_of_work, reading):
            with transaction(SERVER) as session:
                assert session.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
                assert session.execute(sa.text("PRAGMA synchronous")).scalar() == 2, "FULL"
        close_database(app)


def test_a_database_for_which_there_is_no_room_says_so_and_writes_nothing(config: Config):
    app = create_app(config)
    with app.app_context():
        with unit_of_work(SERVER) as session:
            session.execute(sa.text("CREATE TABLE sheet (words TEXT)"))
        with pytest.raises(Refused) as refused:
            _write_more_than_fits()
        with reading(SERVER) as session:
            assert session.execute(sa.text("SELECT count(*) FROM sheet")).scalar() == 0
        close_database(app)
    assert refused.value.refusal.code == "server.full"


def _write_more_than_fits() -> None:
    with unit_of_work(SERVER) as session:
        session.execute(sa.text("PRAGMA max_page_count = 10"))
        session.execute(sa.text("INSERT INTO sheet VALUES (zeroblob(100000))"))


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.slow)])
def test_postgresql_waits_as_its_operator_says(database: str, app: Flask):
    """The tests' own server is told not to wait. That must come from its configuration, never from what the application sends."""
    asked = "SELECT DISTINCT source FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
    for transaction in (unit_of_work, reading):
        with transaction(SERVER) as session:
            assert set(session.execute(sa.text(asked)).scalars()) <= {"default", "configuration file"}
