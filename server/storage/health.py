"""What `auditbook doctor` asks the database."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.migrate import current_revision, latest_revision


def database_version(session: Session) -> str:
    """Which database this is, as it calls itself."""
    if session.get_bind().dialect.name == "postgresql":
        return f"PostgreSQL {session.scalar(sa.text('SHOW server_version'))}"
    return f"SQLite {session.scalar(sa.text('SELECT sqlite_version()'))}"


def complaint_about_role(session: Session) -> str | None:
    """Row-level security does not hold back a superuser, nor a role that may bypass it: then one wall is missing."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    is_above_walls = session.scalar(
        sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    )
    if is_above_walls:
        return "the role is a superuser or may bypass row-level security; use one that is neither"
    return None


def complaint_about_shape(session: Session) -> str | None:
    """What has to be done before this version can work with the database; None when nothing has."""
    current, latest = current_revision(session), latest_revision()
    if current is None:
        return "it is empty; `auditbook serve` fills it"
    if current != latest:
        return f"it stands at {current}, this version wants {latest}; `auditbook serve` brings it there"
    return None


def complaint_about_pages(session: Session) -> str | None:
    """What SQLite finds wrong with its file; PostgreSQL has tools of its own for that."""
    if session.get_bind().dialect.name != "sqlite":
        return None
    try:
        found = session.scalars(sa.text("PRAGMA quick_check(1)")).first()
    except sa.exc.DatabaseError as problem:
        return str(problem.orig)
    return None if found == "ok" else str(found)
