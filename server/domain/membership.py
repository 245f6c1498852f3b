"""Until when somebody was in the team, from the log alone: whoever has left may still have its words and photos on a tablet."""

from collections.abc import Iterator, Sequence

from server.domain.fold import Entry, can_replace, fold_log
from server.domain.operation import Operation
from server.domain.team import fold_team
from server.domain.vocabulary import OperationKind, Origin


def last_in_team(entries: Sequence[Entry], audit: str, account: str, head: int) -> int:
    """
    The number of the last entry of a log up to `head` that came while the account was in the team; 0 where it never was. `entries`: at
    least what says who is in the team, with the verdicts on it, in the order of their numbers.

    What concerns this account is folded as it stood then, from the end backwards: who left is found after a few steps, whoever was never
    named at once.
    """
    left, until = list(_about(entries, account)), head
    replaced = _replaced_at(left)
    while left:
        shown = [entry for entry in left if replaced.get(entry.operation.digest, len(left)) >= len(left)]
        if account in fold_team(fold_log(shown), audit):
            return until
        last = left.pop()
        if left and _is_said_with(last, left[-1]):
            # Without its verdict, what was set aside would count here.
            last = left.pop()
        until = (last.seq or 1) - 1
    return 0


def _replaced_at(entries: Sequence[Entry]) -> dict[str, int]:
    """
    Where in the list the first entry stands that replaces this one, by digest: with that, it shows nothing. Only where no verdict was
    ever given on either.
    """
    judged = {entry.operation.entity_id for entry in entries if _is_verdict(entry)}
    plain = {entry.operation.digest: entry.operation for entry in entries if entry.operation.digest not in judged}
    replaced: dict[str, int] = {}
    for index, entry in enumerate(entries):
        for base in entry.operation.bases if entry.operation.digest in plain else ():
            if base in plain and can_replace(entry.operation, plain[base]):
                replaced.setdefault(base, index)
    return replaced


def _about(entries: Sequence[Entry], account: str) -> Iterator[Entry]:
    """The birth of the audit, the members that ever named this account, and what the server said about either."""
    entries = _that_ever_counted(entries)
    names = {entry.operation.entity for entry in entries if _may_name(entry.operation, account)}
    judged = {f"operation/{entry.operation.digest}" for entry in entries if entry.operation.entity in names}
    return (entry for entry in entries if entry.operation.entity in names or entry.operation.entity in judged)


def _that_ever_counted(entries: Sequence[Entry]) -> list[Entry]:
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
