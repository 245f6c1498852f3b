"""Until when somebody was in the team: the same as folding the whole log as it stood at each entry, over random logs, each from its seed."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from server.domain import membership
from server.domain.fold import Entry, fold_log
from server.domain.membership import last_in_team
from server.domain.operation import ChainKey, Operation
from server.domain.team import fold_team
from server.domain.vocabulary import OperationKind, Origin

AUDIT = "a1"
PEOPLE = ("lena", "aron", "mara")
SET_ASIDE, LET_IN = {"state": "quarantined"}, {"state": "applied"}


class Log:
    """What may stand in one: members of one account, births by others, what was set aside and let in, deleted, taken back and erased."""

    def __init__(self, seed: int):
        self.chance, self.entries, self.made, self.seq = random.Random(seed), list[Entry](), 0, 0
        if self.chance.random() < 0.9:
            self.says(OperationKind.ADD, f"audit/{AUDIT}", "born", {})
        for _ in range(self.chance.randint(1, 20)):
            self.chance.choice(
                [self.names, self.names, self.changes, self.changes, self.judges, self.erases, self.begins]
            )()
        self.head = self.seq + self.chance.randint(0, 2)

    def says(self, kind: OperationKind, entity: str, field: str, value: Any, bases: Sequence[str] = ()) -> None:
        self._put(self._operation(kind, entity, field, value, self.chance.choice(PEOPLE), bases), Origin.DEVICE)
        if self.chance.random() < 0.3:
            self._judge(self.entries[-1], SET_ASIDE)

    def names(self) -> None:
        born = self.chance.choice([*({"account": person} for person in PEOPLE), {"account": None}, {}])
        self.says(OperationKind.ADD, self._member(), "born", born)

    def changes(self) -> None:
        member = self._member()
        seen = [one.operation.digest for one in self._said() if one.operation.entity == member]
        field, value, kind = self.chance.choice(
            [
                ("role", "auditor", OperationKind.SET),
                ("name", "N", OperationKind.SET),
                ("account", self.chance.choice(PEOPLE), OperationKind.SET),
                ("account", self.chance.choice(PEOPLE), OperationKind.RESOLVE),
                ("deleted", True, OperationKind.DELETE),
                ("deleted", True, OperationKind.DELETE),
                ("deleted", False, OperationKind.SET),
            ]
        )
        self.says(kind, member, field, value, [digest for digest in seen if self.chance.random() < 0.8])

    def begins(self) -> None:
        self.says(OperationKind.ADD, f"audit/{AUDIT}", "born", {})

    def judges(self) -> None:
        if said := self._said():
            self._judge(self.chance.choice(said), self.chance.choice([SET_ASIDE, LET_IN]))

    def erases(self) -> None:
        """Of whoever was named nothing is known any more."""
        if said := self._said():
            entry = self.chance.choice(said)
            erased = replace(entry, operation=replace(entry.operation, value=None, is_erased=True))
            self.entries[self.entries.index(entry)] = erased
            what = f"operation/{entry.operation.digest}"
            self._put(self._operation(OperationKind.ERASURE, what, "erasure", {}, "server"), Origin.SERVER)

    def _judge(self, entry: Entry, word: dict[str, str]) -> None:
        what = f"operation/{entry.operation.digest}"
        is_next = entry is self.entries[-1]
        self._put(self._operation(OperationKind.VERDICT, what, "verdict", word, "server"), Origin.SERVER, is_next)

    def _said(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.origin is Origin.DEVICE]

    def _member(self) -> str:
        return f"team_member/m{self.chance.randint(1, 3)}"

    def _put(self, operation: Operation, origin: Origin, is_next: bool = False) -> None:
        """Between two of these there may be entries that have nothing to do with the team."""
        self.seq += 1 if is_next else self.chance.choice([1, 1, 3])
        self.entries.append(Entry(operation, origin, self.seq, self.seq * 10))

    def _operation(
        self, kind: OperationKind, entity: str, field: str, value: Any, by: str, bases: Sequence[str] = ()
    ) -> Operation:
        self.made += 1
        digest = hashlib.sha256(str(self.made).encode()).hexdigest()
        hlc = f"{self.made:015d}-00000000"
        chain = ChainKey(f"tablet of {by}", by, AUDIT)
        return Operation(
            b"",
            digest,
            chain,
            self.made,
            "",
            self.made,
            "s",
            self.made,
            hlc,
            "e",
            0,
            entity,
            field,
            tuple(bases),
            kind,
            value,
            {},
        )


def entry_by_entry(log: Log, account: str) -> int:
    """The plain way: the whole log as it stood at each number, the last one first."""
    for seq in range(log.head, 0, -1):
        until_here = [entry for entry in log.entries if (entry.seq or 0) <= seq]
        if not _is_cut(log.entries, seq) and account in fold_team(fold_log(until_here), AUDIT):
            return seq
    return 0


def _is_cut(entries: Sequence[Entry], seq: int) -> bool:
    """Whether the server's word on the entry with this number, said with it, would be missing."""
    by_seq = {entry.seq: entry.operation for entry in entries}
    here, behind = by_seq.get(seq), by_seq.get(seq + 1)
    if here is None or behind is None:
        return False
    return behind.kind is OperationKind.VERDICT and behind.entity == f"operation/{here.digest}"


def differing(seeds: range) -> Iterator[tuple[int, str]]:
    for seed in seeds:
        log = Log(seed)
        for account in (*PEOPLE, "nobody"):
            if last_in_team(log.entries, AUDIT, account, log.head) != entry_by_entry(log, account):
                yield seed, account


def test_it_is_what_folding_the_log_entry_by_entry_says():
    assert list(differing(range(30))) == []


@pytest.mark.slow
def test_it_is_what_folding_the_log_entry_by_entry_says_of_many_logs():
    assert list(differing(range(30, 230))) == []


def test_some_of_these_logs_were_left_in_the_middle():
    """Or the tests above would show nothing."""
    left = [
        account
        for log in map(Log, range(100))
        for account in PEOPLE
        if 0 < last_in_team(log.entries, AUDIT, account, log.head) < log.head
    ]
    assert len(left) >= 10


def test_it_takes_no_longer_for_each_deletion_of_whoever_has_left(monkeypatch):
    log = Log(0)
    log.chance, log.entries, log.seq = random.Random(), [], 0
    monkeypatch.setattr(log, "_judge", lambda *_: None)
    log.says(OperationKind.ADD, f"audit/{AUDIT}", "born", {})
    log.says(OperationKind.ADD, "team_member/m1", "born", {"account": "nobody"})
    for _ in range(200):
        heads = [log.entries[1].operation.digest, log.entries[-1].operation.digest]
        log.says(OperationKind.DELETE, "team_member/m1", "deleted", True, heads)
    folded = list[int]()

    def counted(entries: Sequence[Entry]) -> Any:
        folded.append(len(entries))
        return fold_log(entries)

    monkeypatch.setattr(membership, "fold_log", counted)
    assert last_in_team(log.entries, AUDIT, "nobody", log.seq) >= (log.entries[1].seq or 0)
    assert sum(folded) < 1000
