"""What this server is: its epoch, and its own name in the chains that it writes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.identifiers import new_id
from server.storage.tables.audit import Audit
from server.storage.tables.server import ServerState


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    epoch: str
    installation: str
    former: frozenset[str] = frozenset()
    """By which names it has written before restores."""


def server_identity(session: Session) -> ServerIdentity:
    """Who this server is. `ensure_server_identity` has run before, when the database was prepared."""
    row = session.execute(sa.select(ServerState.epoch, ServerState.installation, ServerState.former)).one()
    return ServerIdentity(row.epoch, row.installation, frozenset(json.loads(row.former)))


def ensure_server_identity(session: Session) -> ServerIdentity:
    """Give a new database its epoch and its installation id; an existing one keeps them."""
    row = session.get(ServerState, 1)
    if row is None:
        row = ServerState(id=1, epoch=new_id(), installation=new_id(), former="[]", asked_version=None)
        session.add(row)
        session.flush()
    return ServerIdentity(row.epoch, row.installation, frozenset(json.loads(row.former)))


def last_backup_at(session: Session) -> int | None:
    """When the snapshot of the last whole backup was taken; None where there was none."""
    return session.scalar(sa.select(ServerState.backed_up_at))


def lock_server_state(session: Session) -> None:
    """For what only one process may do at a time when several start at once."""
    session.get_one(ServerState, 1, with_for_update=True)


def version() -> str:
    """Which Auditbook this is, as it was installed; `unreleased` where it runs from a bare folder."""
    try:
        return metadata.version("auditbook")
    except metadata.PackageNotFoundError:
        return "unreleased"


def asked_version(session: Session) -> str | None:
    """The version that last asked again what an older one could not read; None where none did yet."""
    return session.scalar(sa.select(ServerState.asked_version))


def note_asked_version(session: Session, version: str) -> None:
    session.get_one(ServerState, 1).asked_version = version
    session.flush()


def log_key(session: Session) -> str | None:
    """The name of the key with which the server signed in this epoch; None where it has not been served yet."""
    return session.scalar(sa.select(ServerState.log_key))


def note_log_key(session: Session, name: str) -> None:
    session.get_one(ServerState, 1).log_key = name
    session.flush()


def begin_new_epoch(session: Session, key: str | None = None) -> str:
    """
    After a backup was restored: every tablet compares what it has with what is here, and sends what is lacking.

    `key` is the name of the one that signs in the new epoch; None for a command that signs nothing. The server writes under another
    name from here on: tablets may know entries of its old chains that the backup has not.
    """
    row = session.get_one(ServerState, 1)
    note_former(session, [row.installation])
    # Here each log ends in the backup: what comes from now on may have come before already.
    first = sa.func.coalesce(Audit.first_restored_seq, Audit.head_seq)
    session.execute(sa.update(Audit).values(restored_seq=Audit.head_seq, first_restored_seq=first))
    row.epoch, row.installation, row.log_key = new_id(), new_id(), key
    session.flush()
    return row.epoch


def note_former(session: Session, installations: Iterable[str]) -> None:
    """Names by which it has written before."""
    row = session.get_one(ServerState, 1)
    row.former = json.dumps(sorted({*json.loads(row.former), *installations}))
    session.flush()
