"""The wall between workspaces: in the session on both databases, and once more in PostgreSQL itself."""

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

import server.storage.tables
from server.database import SERVER, Base, Scope, WorkspaceOwned, reading, unit_of_work
from server.storage import audits
from server.storage import operation_log as log
from server.storage.blobs import BlobKey
from server.storage.evidence import add_blob, find_blob, stored_hashes
from server.storage.evidence_store import EvidenceFiles
from server.storage.tables.audit import Audit
from server.storage.tables.evidence import Blob
from tests.devices import new_audit

ROOT = Path(__file__).resolve().parents[2]
WALLED = sorted(
    (mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, WorkspaceOwned)),
    key=lambda table: table.__tablename__,
)
assert server.storage.tables is not None


@pytest.fixture
def both_sides(cast):
    """One audit on each side."""
    ours, theirs = new_audit(cast.lena), new_audit(cast.otto)
    ours.push()
    theirs.push()
    return ours.audit, theirs.audit


def test_a_transaction_sees_its_own_side_only(database, cast, both_sides):
    ours, theirs = both_sides
    with reading(Scope(frozenset({cast.ours}))) as session:
        assert session.scalars(sa.select(Audit.id)).all() == [ours]
        assert session.get(Audit, theirs) is None
        assert log.read_page(session, theirs, 0, 10) == []
        assert len(log.read_page(session, ours, 0, 10)) == 3
    with reading(Scope(frozenset({cast.ours, cast.theirs}))) as session:
        assert set(session.scalars(sa.select(Audit.id))) == set(both_sides)
    with reading(Scope(frozenset())) as session:
        assert session.scalars(sa.select(Audit.id)).all() == []
    with reading(SERVER) as session:
        assert set(session.scalars(sa.select(Audit.id))) == set(both_sides)


def test_a_transaction_changes_its_own_side_only(database, cast, both_sides):
    with unit_of_work(Scope(frozenset({cast.ours}))) as session:
        session.execute(sa.update(Audit).values(title="changed"))
    with reading(SERVER) as session:
        titles = {audit.workspace_id: audit.title for audit in session.scalars(sa.select(Audit))}
    assert titles == {cast.ours: "changed", cast.theirs: "Stage 2 Musterwerk"}


def test_the_lock_of_the_other_side_cannot_be_taken(database, cast, both_sides):
    with unit_of_work(Scope(frozenset({cast.ours}))) as session:
        assert audits.lock_audit(session, both_sides[1]) is None


def test_no_evidence_of_ours_hangs_on_an_audit_of_theirs(database, cast, both_sides):
    with pytest.raises(IntegrityError):
        with unit_of_work(Scope(frozenset({cast.ours}))) as session:
            add_blob(session, BlobKey(cast.ours, both_sides[1], "0" * 64), 1, "image/jpeg", 1)


def test_evidence_is_found_with_its_audit_only(database, config, cast, both_sides):
    another = new_audit(cast.lena)
    another.push()
    keys = [BlobKey(cast.ours, audit, "0" * 64) for audit in (both_sides[0], another.audit)]
    blobs = EvidenceFiles(config).blobs
    for key in keys:
        blobs.path(key).parent.mkdir(parents=True)
        blobs.path(key).touch()
    with unit_of_work(Scope(frozenset({cast.ours}))) as session:
        add_blob(session, keys[0], 1, "image/jpeg", 1)
        assert find_blob(session, blobs, keys[1]) is None
        assert stored_hashes(session, blobs, cast.ours, another.audit, ["0" * 64]) == {}
        add_blob(session, keys[1], 1, "image/png", 2)
        found = [find_blob(session, blobs, key) for key in keys]
        assert [blob.media_type for blob in found] == ["image/jpeg", "image/png"]
        assert stored_hashes(session, blobs, cast.ours, another.audit, ["0" * 64, "1" * 64]) == {"0" * 64: False}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
class TestPostgresql:
    """What the session would let through, the database stops: raw SQL and rows for the other side."""

    def test_every_table_behind_the_wall_has_its_policy(self, database, app):
        with reading(SERVER) as session:
            rows = session.execute(
                sa.text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname")
            )
            assert list(rows.scalars()) == [table.__tablename__ for table in WALLED]

    def test_raw_sql_sees_one_side(self, database, cast, both_sides):
        with reading(Scope(frozenset({cast.ours}))) as session:
            assert session.execute(sa.text("SELECT count(*) FROM audit")).scalar() == 1
            assert session.execute(sa.text("SELECT count(*) FROM operation")).scalar() == 3
        with reading(Scope(frozenset())) as session:
            assert session.execute(sa.text("SELECT count(*) FROM audit")).scalar() == 0

    def test_who_says_nothing_sees_nothing(self, database, cast, both_sides):
        from server.database import db

        with db.engine.connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM audit")).scalar() == 0

    def test_nothing_is_written_on_the_other_side(self, database, cast, both_sides):
        with pytest.raises(DBAPIError, match="row-level security"):
            with unit_of_work(Scope(frozenset({cast.ours}))) as session:
                add_blob(session, BlobKey(cast.theirs, both_sides[1], "0" * 64), 1, "image/jpeg", 1)
        with reading(SERVER) as session:
            assert session.scalars(sa.select(Blob)).all() == []

    def test_nothing_is_moved_to_the_other_side(self, database, cast, both_sides):
        with pytest.raises(DBAPIError):
            with unit_of_work(Scope(frozenset({cast.ours}))) as session:
                session.execute(sa.text("UPDATE audit SET workspace_id = :to"), {"to": cast.theirs})

    def test_the_scope_ends_with_the_transaction(self, database, cast, both_sides):
        from server.database import db

        with reading(SERVER):
            pass
        with db.engine.connect() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM audit")).scalar() == 0


ALLOWED = {
    "server/storage/health.py": "asks for the version of the database",
    "server/storage/snapshot.py": "says what it is to the database as a whole, for a copy of all of it",
    "server/storage/migrate.py": "switches foreign keys off while tables change",
}
"""Where raw SQL stands all the same, and why it touches no row."""


@pytest.mark.slow
def test_no_code_goes_around_the_session():
    """Raw SQL and Core on a table's `__table__` are not narrowed to the scope, so they stand nowhere."""
    found = []
    for path in sorted((ROOT / "server").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_text = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("text", "exec_driver_sql")
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("sa", "sqlalchemy", "connection")
            )
            is_core = isinstance(node, ast.Attribute) and (
                node.attr == "__table__" or ast.unparse(node).endswith("metadata.tables")
            )
            if (is_text or is_core) and name not in ALLOWED:
                found.append(f"{name}:{node.lineno}")
    assert [where for where in found if not where.startswith(TABLE_DEFINITIONS)] == []


TABLE_DEFINITIONS = ("server/storage/tables/", "server/database.py")
"""Partial indexes are written as SQL; the engine is prepared with it."""
