"""Until when an account was in the team of an audit, as its log here says."""

from collections.abc import Mapping
from dataclasses import replace

from server.domain.fold import Entry
from server.domain.membership import last_in_team
from server.storage import Session, erasures
from server.storage import operation_log as log
from server.storage.tables.audit import Audit


def in_team_until(session: Session, row: Audit, account: str) -> int:
    """The number of the last entry that came while the account was in the team; 0 where it never was."""
    return last_in_team(_team_entries(session, row.id), row.audit_id, account, row.head_seq)


def _team_entries(session: Session, audit: str) -> list[Entry]:
    """Whom an erased entry had named is in it as before, until the word that took it away."""
    named = erasures.members_named(session, audit)
    entries = [*log.load_team_entries(session, audit), *log.load_erasures_of(session, audit, named)]
    return sorted((_named_again(entry, named) for entry in entries), key=lambda entry: entry.seq or 0)


def _named_again(entry: Entry, named: Mapping[str, str]) -> Entry:
    account = named.get(entry.operation.digest)
    if account is None or not entry.operation.is_erased:
        return entry
    return replace(entry, operation=replace(entry.operation, value={"account": account}, is_erased=False))
