"""
Random logs, each from a seed: backed up at a random moment, restored, handed back. Everything is as it was, row by row.

A few in the ordinary run; `OLD_LOGS=500` tells so many, from the seed `START` on, and so does `make torture`.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from server.database import SERVER, reading, unit_of_work
from server.domain.fold import fold_log
from server.domain.operation import digest_of, erase_content
from server.domain.refusals import Refused
from server.identity.by_hand import block_installation, unblock_installation
from server.storage import accounts
from server.storage import operation_log as log
from server.storage.server_state import server_identity
from server.storage.tables.operation import Chain, Erasure, LoggedOperation
from server.sync.erase import erase_content_of
from server.sync.office import Change, append
from server.sync.restore import catch_up_with_register
from tests.devices import Device, new_audit
from tests.old_log import Backup, OldLog, back_up, hand_back, put_back, remember, remember_all
from tests.people import Cast, Person

START = int(os.environ.get("START", "1"))
MANY = range(START, START + int(os.environ.get("OLD_LOGS", "0")))
FEW = [41, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (4, 5, 9, 43, 55, 209, 214, 300, 382, 458))]
"""Each of them failed once."""
STEPS = 30


@dataclass
class Story:
    """What one seed tells. Every step draws from `chance` alone, so a seed tells the same each time."""

    cast: Cast
    chance: random.Random
    audit: str = ""
    tablets: list[Device] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """The steps so far, for whoever has to find out why."""

    def begin(self) -> None:
        """Lena begins the audit on her tablet; Aron has two; Otto is of another body, and comes upon it by chance."""
        hers = new_audit(self.cast.lena)
        hers.push()
        self.audit = hers.audit
        people = [self.cast.aron, self.cast.aron.enrol_another(), self.cast.lena.enrol_another(), self.cast.otto]
        self.tablets = [hers, *(Device(person, self.audit) for person in people)]

    def step(self) -> None:
        happens = self.chance.choices(list(HAPPENS), list(HAPPENS.values()))[0]
        self.said.append(f"{happens.__name__}: {happens(self)}")

    def tablet(self) -> Device:
        return self.chance.choice(self.tablets)

    # --- What a tablet does

    def write(self) -> str:
        tablet = self.tablet()
        for _ in range(self.chance.randint(1, 4)):
            self.chance.choices(list(WRITES), list(WRITES.values()))[0](self, tablet)
        return f"{self.name(tablet)} to {tablet.dseq}"

    def note(self, tablet: Device) -> None:
        number = self.chance.randrange(4)
        tablet.set(f"note/{number}", "text", f"{number} {self.chance.random()}")

    def finding(self, tablet: Device) -> None:
        tablet.add(
            f"finding/{self.chance.randrange(3)}",
            raised_at=f"2026-11-24T09:4{self.chance.randrange(3)}:07.250Z",
            raised_by=tablet.person.account,
        )

    def scope(self, tablet: Device) -> None:
        tablet.set(f"audit/{self.audit}", "scope", f"{self.chance.random()}")

    def odd_value(self, tablet: Device) -> None:
        tablet.set(f"audit/{self.audit}", "starts_on", "never")

    def nonsense(self, tablet: Device) -> None:
        tablet.keep(f"not json at all {self.chance.random()}")

    def half_read(self, tablet: Device) -> None:
        """Its header can be read."""
        tablet.make("set", "note/1", "text", 1)
        tablet.made[-1] = tablet.made[-1].replace('"val":1}', f'"val":1.{self.chance.randrange(10**6)}}}')
        tablet.prev = digest_of(tablet.made[-1].encode())
        tablet.heads.pop(("note/1", "text"), None)

    def of_tomorrow(self, tablet: Device) -> None:
        place = (f"audit/{self.audit}", "title")
        before = tablet.heads.get(place)
        tablet.make("set", *place, f"of tomorrow {self.chance.random()}", v=2)
        tablet.heads.pop(place) if before is None else tablet.heads.update({place: before})

    def of_another_kind(self, tablet: Device) -> None:
        tablet.make("annotate", "note/1", "text", f"{self.chance.random()}")
        tablet.heads.pop(("note/1", "text"), None)

    def member(self, tablet: Device) -> None:
        person = self.chance.choice([self.cast.aron, self.cast.paula])
        ref = f"team_member/{person.name.split()[0].lower()}"
        if self.chance.random() < 0.5:
            tablet.add(ref, account=person.account)
        tablet.set(ref, "role", self.chance.choice(["auditor", "audit_team_leader", "observer"]))

    def leaves(self, tablet: Device) -> None:
        tablet.make("del", f"team_member/{self.chance.choice(['aron', 'paula'])}", "deleted", True)

    def push(self) -> str:
        tablet = self.tablet()
        some = tablet.made[tablet.sent :][: self.chance.choice([1, 2, 500])]
        return self.sent(tablet, some, tablet.sent)

    def push_headers(self) -> str:
        tablet = self.tablet()
        some: list[Any] = tablet.made[tablet.sent :][: self.chance.choice([1, 3])]
        return self.sent(tablet, [hollow(one) if self.chance.random() < 0.7 else one for one in some], tablet.sent)

    def sent(self, tablet: Device, some: list[Any], since: int) -> str:
        if not some:
            return "nothing"
        answer = tablet.send(some)
        if answer.status_code == 200:
            tablet.sent = max(tablet.sent, since + len(some))
        elif answer.json["code"] == "chain.gap":
            tablet.sent = answer.json["facts"]["expected"] - 1
        return f"{self.name(tablet)} {since + 1} to {since + len(some)}: {answer.status_code} {answer.json.get('code', '')}"

    def push_again(self) -> str:
        tablet = self.tablet()
        if not tablet.made:
            return "nothing"
        since = self.chance.randrange(len(tablet.made))
        return self.sent(tablet, tablet.made[since:][: self.chance.choice([1, 2, 500])], since)

    def bring(self) -> str:
        """What another tablet made, whole or the headers alone, in one's own name."""
        tablet, other = self.chance.sample(self.tablets, 2)
        if not other.made:
            return "nothing"
        since = self.chance.randrange(len(other.made))
        some: list[Any] = other.made[since:][: self.chance.choice([1, 2, 5])]
        is_hollow = self.chance.random() < 0.3
        answer = tablet.send([hollow(one) for one in some] if is_hollow else some)
        return f"{self.name(tablet)} of {self.name(other)} {since + 1} to {since + len(some)} {is_hollow=}: {answer.status_code}"

    def carry(self) -> str:
        tablet, other = self.chance.sample(self.tablets, 2)
        if not other.made:
            return "nothing"
        since = self.chance.randrange(len(other.made))
        answer = other.carried_by(tablet.person, other.made[since:][: self.chance.choice([1, 2, 500])])
        return f"{self.name(tablet)} of {self.name(other)} from {since + 1}: {answer.status_code}"

    def clone(self) -> str:
        """A copy of a tablet as it was some time ago goes on by itself."""
        tablet = self.tablet()
        if not tablet.made:
            return "nothing"
        known = self.chance.randint(max(0, len(tablet.made) - 4), len(tablet.made))
        made = tablet.made[:known]
        prev = digest_of(made[-1].encode()) if made else "0" * 64
        self.tablets.append(Device(tablet.person, self.audit, known, prev, made=list(made), sent=known))
        return f"{self.name(tablet)} at {known} as {self.name(self.tablets[-1])}"

    # --- What people decide

    def release(self) -> str:
        aside = self.digests(LoggedOperation.verdict == log.QUARANTINED)
        if not aside:
            return "nothing"
        digest = self.chance.choice(aside)
        answer = self.cast.lena.post(f"/api/audits/{self.audit}/operations/{digest}/release")
        return f"{digest[:8]} {answer.status_code}"

    def office(self) -> str:
        aron = "team_member/aron"
        changes = [Change.add(aron, {"account": self.cast.aron.account}), Change(aron, "role", "auditor")]
        with unit_of_work(SERVER) as session:
            append(
                session, audit=self.audit, account=self.cast.paula.account, changes=changes[self.chance.randrange(2) :]
            )
        return "Aron"

    def erase(self) -> str:
        digest = self.chance.choice(self.digests(LoggedOperation.origin == "device"))
        with reading(SERVER) as session:
            roles = accounts.roles_of(session, self.cast.paula.account)
        try:
            erase_content_of(self.cast.paula.account, roles, self.audit, [digest], "Withdrawn.")
        except Refused as refused:
            return f"{digest[:8]} {refused.refusal.code}"
        return digest[:8]

    def block(self) -> str:
        person = self.chance.choice(self.tablets[1:]).person
        is_blocked = self.chance.random() < 0.5
        (block_installation if is_blocked else unblock_installation)(person.installation)
        return f"{person.name} {is_blocked=}"

    def digests(self, which: sa.ColumnElement[bool]) -> list[str]:
        table = LoggedOperation
        with reading(SERVER) as session:
            found = sa.select(table.digest).where(table.audit_id == self.audit, which).order_by(table.seq)
            return list(session.scalars(found))

    def name(self, tablet: Device) -> str:
        return f"tablet {self.tablets.index(tablet)} ({tablet.person.name.split()[0]})"


WRITES: dict[Callable[[Story, Device], None], int] = {
    Story.note: 6, Story.finding: 2, Story.scope: 1, Story.odd_value: 1, Story.nonsense: 3, Story.of_tomorrow: 2,
    Story.of_another_kind: 1, Story.half_read: 1, Story.member: 1, Story.leaves: 1,
}  # fmt: skip
HAPPENS: dict[Callable[[Story], str], int] = {
    Story.write: 12, Story.push: 10, Story.push_headers: 2, Story.push_again: 4, Story.bring: 4, Story.carry: 2,
    Story.clone: 2, Story.release: 2, Story.office: 1, Story.erase: 2, Story.block: 1,
}  # fmt: skip


def hollow(text: str) -> dict[str, str]:
    header, content_sha256 = erase_content(text.encode())
    return {"header": header.decode(), "content_sha256": content_sha256}


@dataclass(frozen=True)
class Kept:
    """All that the server knows of an audit's log."""

    rows: dict[str, dict[str, Any]]
    chains: set[tuple[Any, ...]]
    erased: set[str]
    shown: Any

    @classmethod
    def of(cls, audit: str) -> "Kept":
        table = LoggedOperation
        with reading(SERVER) as session:
            rows = session.execute(sa.select(table.__table__).where(table.audit_id == audit).order_by(table.seq))
            of_chains = sa.select(Chain.installation, Chain.account, Chain.tip_dseq, Chain.tip_digest)
            ends = session.execute(of_chains.where(Chain.audit_id == audit, Chain.tip_dseq > 0))
            erased = session.scalars(sa.select(Erasure.digest).where(Erasure.audit_id == audit))
            view = fold_log(log.load_entries(session, audit))
            shown = {
                ref: (entity.born, {name: (one.value, one.is_disputed) for name, one in entity.fields.items()})
                for ref, entity in view.entities.items()
            }
            aside = {digest: why["code"] for digest, why in view.quarantined.items()}
            return cls(
                {row["digest"]: dict(row) for row in rows.mappings()},
                {tuple(row) for row in ends},
                set(erased),
                (shown, aside),
            )

    def differences(self, other: "Kept", more: str | None) -> Iterator[str]:
        """`more`: the installation of a server that had something to say in between."""
        for digest, row in self.rows.items():
            again = other.rows.get(digest)
            if again is None:
                yield f"{row['seq']} is not there"
                continue
            for name, value in row.items():
                if name == "is_of_old_log":
                    continue
                if again[name] != value and (more is None or name not in ("seq", "hash")):
                    yield f"{row['seq']} {name}: {value!r} -> {again[name]!r}"
        for digest in other.rows.keys() - self.rows.keys():
            row = other.rows[digest]
            if row["sent_by_installation"] != more:
                yield f"more at {row['seq']}: {row['data'].decode()}"
        chains = {chain for chain in other.chains if chain[0] != more}
        if self.chains != chains:
            yield f"chains: {self.chains - chains} -> {chains - self.chains}"
        if self.erased != other.erased:
            yield f"erasures: {self.erased} -> {other.erased}"
        if self.shown != other.shown:
            yield f"fold: {self.shown} -> {other.shown}"


def hand_all_back(person: Person, old: OldLog, known: int, chance: random.Random) -> int:
    """As a tablet does, in parts of random sizes: from receipt to receipt, some of which were kept. How many stretches it took."""
    ends = [end for end in old.receipts if end > known]
    ends = [*(end for end in ends[:-1] if chance.random() < 0.3), ends[-1]]
    hollow_there = remember(person, old.audit) if known else None
    lacking = [
        whole
        for whole, there in zip(old.operations, hollow_there.operations if hollow_there else [], strict=False)
        if isinstance(whole, str) and not isinstance(there, str)
    ]
    for after, end in zip([known, *ends], ends, strict=False):
        begin = None if after == known else old.receipts[after]
        hand_stretch_back(person, old, after, end, lacking, chance, begin)
        lacking = []
    return len(ends)


def hand_stretch_back(
    person: Person, old: OldLog, after: int, end: int, lacking: list[str], chance: random.Random, begin: Any
) -> None:
    """`lacking`: texts of which the server has the header alone; they go first."""
    following: int | None = after + 1
    while following is not None:
        most = chance.choice([1, 2, 7, 500])
        while True:
            part = [*lacking, *old.operations[following - 1 : min(end, following - 1 + most)]]
            answer = hand_back(person, old, after, part, until=end, begin=begin)
            if answer.status_code == 200:
                break
            assert answer.json["code"] == "sync.stretch_incomplete", answer.json
            most += 1
        following, lacking = answer.json["next"], []


@pytest.mark.parametrize("seed", MANY or FEW)
def test_whatever_stood_in_the_log_comes_back_as_it_was(app, cast, seed):
    chance = random.Random(seed)
    story = Story(cast, chance)
    story.begin()
    at = chance.randrange(STEPS)
    backup: Backup = {}
    known = 0
    for number in range(STEPS):
        if number == at:
            backup = back_up()
            known = len(story.digests(sa.true()))
            story.said.append(f"back up at {known}")
        story.step()
    for person in {tablet.person.installation: tablet.person for tablet in story.tablets}.values():
        unblock_installation(person.installation)
    before = Kept.of(story.audit)
    old = remember_all(cast.lena, story.audit, lambda: chance.choice([3, 10, 1000]))
    assert len(old.entries) == len(before.rows)
    put_back(backup)
    is_erased_first = chance.random() < 0.5
    if is_erased_first:
        catch_up_with_register()
    stretches = hand_all_back(cast.lena, old, known, chance) if known < len(old.entries) else 0
    with reading(SERVER) as session:
        more = server_identity(session).installation if is_erased_first or stretches > 1 else None
    found = list(before.differences(Kept.of(story.audit), more))
    assert not found, "\n".join([*story.said, *found])
