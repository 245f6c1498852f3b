"""Until when an account was in the team of an audit, as the log says: whoever has left may still have its words and photos on a tablet."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from server.domain.fold import Entry, fold_log
from server.domain.operation import Operation
from server.domain.team import fold_team
from server.domain.vocabulary import OperationKind, Origin
from server.storage import Session, erasures
from server.storage import operation_log as log
from server.storage.tables.audit import Audit


def in_team_until(session: Session, row: Audit, account: str) -> int:
    """
    The number of the last entry that came while the account was in the team; 0 where it never was. What concerns this account is folded
    as it stood then, from the end backwards: who left is found after a few steps, whoever was never named at once.
    """
    entries, until = list(_about(_team_entries(session, row.id), account)), row.head_seq
    while entries:
        if account in fold_team(fold_log(entries), row.audit_id):
            return until
        last = entries.pop()
        if entries and _is_said_with(last, entries[-1]):
            # Without its verdict, what was set aside would count here.
            last = entries.pop()
        until = (last.seq or 1) - 1
    return 0


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


def _about(entries: list[Entry], account: str) -> Iterator[Entry]:
    """The birth of the audit, the members that ever named this account, and what the server said about either."""
    entries = _that_ever_counted(entries)
    names = {entry.operation.entity for entry in entries if _may_name(entry.operation, account)}
    judged = {f"operation/{entry.operation.digest}" for entry in entries if entry.operation.entity in names}
    return (entry for entry in entries if entry.operation.entity in names or entry.operation.entity in judged)


def _that_ever_counted(entries: list[Entry]) -> list[Entry]:
    """
    Without what was set aside when it came, and never let in since: whoever is in no team can send thousands of entries that name
    their own account.
    """
    said: dict[str, list[Entry]] = {}
    for word in filter(_is_verdict, entries):
        said.setdefault(word.operation.entity, []).append(word)

    def is_counted(entry: Entry) -> bool:
        words = said.get(f"operation/{entry.operation.digest}", [])
        is_let_in = any(word.operation.value.get("state") != "quarantined" for word in words)
        return not words or is_let_in or not _is_said_with(words[0], entry)

    named = {f"operation/{entry.operation.digest}" for entry in entries if not _is_verdict(entry) and is_counted(entry)}
    return [entry for entry in entries if {entry.operation.entity, f"operation/{entry.operation.digest}"} & named]


def _may_name(operation: Operation, account: str) -> bool:
    if operation.entity_kind != "team_member":
        return operation.entity_kind == "audit" and operation.chain.account == account
    said = operation.value.get("account") if isinstance(operation.value, dict) else operation.value
    return said == account


def _is_said_with(word: Entry, entry: Entry) -> bool:
    """The server said it right behind the entry, when that came."""
    is_next = word.seq is not None and entry.seq == word.seq - 1
    return is_next and _is_verdict(word) and word.operation.entity == f"operation/{entry.operation.digest}"


def _is_verdict(entry: Entry) -> bool:
    return entry.origin is Origin.SERVER and entry.operation.kind is OperationKind.VERDICT
