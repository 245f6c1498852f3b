"""
A story of an audit in which everything goes wrong, told from a seed: people, tablets, a network, a server, and a checker at the end.

A seed gives a plan: a list of steps, each a rule and a number to choose by. A step that makes no sense any more does nothing, so a plan
stays one when steps are taken out of it, and the shortest that still fails is found by taking out as many as possible.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask

from server.database import SERVER, reading, unit_of_work
from server.domain.closings import closings_of
from server.domain.operation import digest_of
from server.domain.record import closing_record
from server.domain.refusals import Refused
from server.domain.vocabulary import Role, WorkspaceKind
from server.identity.by_hand import block_installation, unblock_installation
from server.sealing.canonical import canonical_bytes
from server.storage import accounts
from server.storage.clock import as_instant
from server.storage.identifiers import new_id
from server.storage.workspaces import add_workspace
from server.sync.erase import erase_content_of
from server.sync.office import Change as OfficeChange
from server.sync.office import append
from tests.torture.disputes import count_disputes
from tests.torture.handover import Handover
from tests.torture.invariants import (
    Broken,
    ServerSeen,
    Stored,
    Story,
    TabletLog,
    TabletSeen,
    check,
    entries_of,
    lying_still,
    plain,
    view_of,
)
from tests.torture.machine import BEGIN, Fault, Machine, PowerCut, ruled
from tests.torture.network import FAULTS, Answer, Network, Request, Unreachable
from tests.torture.store import Change, Store, read_brought, two_lines
from tests.torture.tablet import Died, Stopped, Tablet

Step = tuple[str, int]
Part = TypeVar("Part")
YEAR = 365 * 86_400_000
FIELDS = ("title", "requirement", "failure", "objective_evidence")
QUIET_ROUNDS = 12
PASSPHRASE = "lusab-babad-gutih-tugad"

RULES: dict[str, int] = {
    "write": 30,
    "delete": 5,
    "contest": 12,
    "resolve": 14,
    "tell": 3,
    "draw": 4,
    "note": 8,
    "photo": 10,
    "sync": 40,
    "sync on a bad line": 30,
    "late requests arrive": 6,
    "tablet clock jumps": 4,
    "server clock steps back": 2,
    "time passes": 8,
    "back up": 5,
    "restore": 4,
    "clone": 3,
    "copy of last week": 3,
    "back to last week": 3,
    "tablet destroyed": 2,
    "somebody else takes the tablet": 4,
    "removed from the team": 3,
    "back in the team": 4,
    "leaves the workspace": 1,
    "joins the workspace": 2,
    "block": 3,
    "let in": 4,
    "newer app": 3,
    "erase": 4,
    "release": 5,
    "office writes": 4,
    "bring for a colleague": 3,
    "seal": 4,
    "begin another audit": 3,
    "log key lost": 1,
    "put back and not told": 3,
    "take out by hand": 5,
    "take in by hand": 8,
    "brought to the server": 3,
    "drowns with a file left": 3,
    "withdraw": 7,
    "make room": 10,
    "only the reader has it": 4,
}
"""How often each is chosen, against the others."""
NOTED = {"observed_at": as_instant(BEGIN)}
WRITING = ("write", "delete", "resolve", "note", "photo", "newer app", "seal", "bring for a colleague")
"""What somebody who only reads along does not do."""


def plan_of(seed: int, steps: int = 60) -> list[Step]:
    chance = random.Random(seed)
    names = chance.choices(list(RULES), weights=list(RULES.values()), k=steps)
    return [(name, chance.getrandbits(48)) for name in names]


@dataclass
class Told:
    """How a story went."""

    broken: list[Broken] = field(default_factory=list)
    operations: int = 0
    requests: int = 0
    deaths_of_server: int = 0
    deaths_of_tablet: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    disputes: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    withdrawn: int = 0
    freed: int = 0
    by_hand: int = 0
    """Entries that were taken out by hand."""
    lost_and_told: int = 0
    heads: dict[str, str] = field(default_factory=dict)
    """By audit the running hash in which it ended: the same seed ends in the same."""


@dataclass
class Copy:
    """Of a whole tablet, as an image of it has it."""

    name: str
    stores: dict[str, Store]
    account: str


@dataclass
class Handed:
    """A file that lies around: whoever has it can take it in, also when its tablet is no more."""

    handover: Handover
    is_taken_in: bool = False

    @property
    def digests(self) -> set[tuple[str, str]]:
        """Audit and digest of what it holds beside the log."""
        return {
            (audit.id, read_brought(sent).digest)
            for audit in self.handover.audits
            for batch in audit.batches
            for sent in batch["operations"]
        }

    @property
    def authors(self) -> set[tuple[str, str]]:
        """Account and digest of the same."""
        return {
            (batch["account"], read_brought(sent).digest)
            for audit in self.handover.audits
            for batch in audit.batches
            for sent in batch["operations"]
        }


class Simulator:
    def __init__(self, machine: Machine, seed: int):
        self.machine = machine
        self.chance = random.Random(seed ^ 0x5EED)
        self.network = Network(self)
        self.tablets: list[Tablet] = []
        self.copies: list[Copy] = []
        self.audits: list[str] = []
        self.made: dict[str, str] = {}
        self.gone: set[str] = set()
        self.gone_files: set[tuple[str, str]] = set()
        self.pictures: dict[str, bytes] = {}
        self.handed: list[Handed] = []
        self.carried: set[tuple[str, str]] = set()
        self.withdrawn: set[tuple[str, str]] = set()
        self.freed: set[tuple[str, str]] = set()
        self.broken: list[Broken] = []
        """What was seen in the middle of the story."""
        self.told = Told()
        self._tokens: dict[tuple[str, str], str | None] = {}
        """Sessions of who has put a tablet aside, once everybody takes turns."""
        self.walls: dict[str, int] = {}
        self._there: dict[str, set[str]] = {}
        self.last_words: set[str] = set()
        self._last_word = 0
        self._assemble()

    # --- The cast

    def _assemble(self) -> None:
        now = self.machine.clock.now
        with unit_of_work(SERVER) as session:
            self.workspace = add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Nordcert", now=now)
            self.people = {
                name: accounts.add_account(
                    session, email=f"{name}@example.org", name=name.title(), language="en", password_hash="!", now=now
                )
                for name in ("lena", "aron", "mara", "paula", "ruth")
            }
        self.roles: dict[str, tuple[Role, ...]] = {
            "lena": (Role.LEAD_AUDITOR,),
            "aron": (Role.AUDITOR,),
            "mara": (Role.AUDITOR,),
            "paula": (Role.PROGRAMME_MANAGER,),
            # She reads along and writes nothing.
            "ruth": (Role.AUDITOR,),
        }
        for name, roles in self.roles.items():
            self.machine.set_roles(self.workspace, self.people[name], *roles)
        names = (
            ("lena's", "lena"),
            ("aron's", "aron"),
            ("mara's", "mara"),
            ("lena's second", "lena"),
            ("ruth's", "ruth"),
        )
        for name, account in names:
            tablet = self._new_tablet(name)
            tablet.give_to(self.people[account])
        lena = self.tablets[0]
        audit = self._begin_audit(lena)
        for name in ("aron", "mara", "ruth"):
            self._write(lena, audit, _member(self.people[name], name))
        lena.sync()

    def _new_tablet(self, name: str) -> Tablet:
        # Aron has not updated his app for a while.
        tablet = Tablet(name, self.network, new_id, self.machine.sign_in, is_short=not name.startswith("aron's"))
        self.tablets.append(tablet)
        self.walls[name] = 0
        return tablet

    def _begin_audit(self, tablet: Tablet) -> str:
        audit = new_id()
        self.audits.append(audit)
        ref = f"audit/{audit}"
        self._write(
            tablet,
            audit,
            [
                Change("add", ref, "born", {"workspace": self.workspace, "type": "stage_2"}),
                Change("set", ref, "reference", f"A-{len(self.audits)}"),
            ],
        )
        return audit

    # --- The far end of the network

    def deliver(self, request: Request, cut: int | None = None, fault: tuple[str, int] | None = None) -> Answer:
        self.machine.fault = None if fault is None else Fault(*fault)
        try:
            answer = self.machine.request(
                request.method, request.path, request.headers, request.body, request.token, cut
            )
        except PowerCut as cut_off:
            raise Unreachable from cut_off
        return Answer(answer.status_code, dict(answer.headers), answer.data)

    # --- One step

    def step(self, rule: str, number: int) -> None:
        chance = random.Random(number)
        tablet = chance.choice(self.tablets)
        method: Callable[[Tablet, random.Random], bool | None] = getattr(self, "do_" + rule.replace(" ", "_"))
        self.machine.clock.now += chance.randrange(1, 60_000)
        if rule in WRITING and tablet.account == self.people["ruth"]:
            return
        if method(tablet, chance) is not False:
            self.told.rules[rule] += 1

    def _wall(self, tablet: Tablet) -> int:
        return self.machine.clock.now + self.walls[tablet.name]

    def _write(self, tablet: Tablet, audit: str, changes: Sequence[Change], file: bytes | None = None) -> list[str]:
        texts = tablet.write(audit, list(changes), self._wall(tablet), self.chance, file)
        for text in texts:
            self._note_made(tablet, audit, text)
        return texts

    def _note_made(self, tablet: Tablet, audit: str, text: str) -> None:
        digest = digest_of(text.encode())
        self.made[digest] = text
        tablet.saved.add((audit, digest))
        self.told.operations += 1

    def _audit(self, tablet: Tablet, chance: random.Random) -> str | None:
        """One that this tablet has heard of for whoever holds it."""
        known = [audit for audit in self.audits if tablet.store.rows.get(audit)]
        return chance.choice(known) if known else None

    def _finding(self, tablet: Tablet, audit: str, chance: random.Random) -> str | None:
        found = [ref for ref in sorted(tablet.store.view(audit).entities) if ref.startswith("finding/")]
        return chance.choice(found) if found else None

    def do_write(self, tablet: Tablet, chance: random.Random) -> bool | None:
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        finding = self._finding(tablet, audit, chance)
        changes = []
        if finding is None or chance.random() < 0.3:
            # Few names, so that two tablets raise the same one.
            finding = f"finding/f{chance.randrange(6)}"
            born = {"raised_at": as_instant(BEGIN), "raised_by": chance.choice(["m1", "m1", "m2"])}
            changes.append(Change("add", finding, "born", born))
        for _ in range(chance.choice([1, 1, 2, 4, 9])):
            changes.append(Change("set", finding, chance.choice(FIELDS), f"said {chance.randrange(8)}"))
        self._write(tablet, audit, changes)
        return None

    def do_delete(self, tablet: Tablet, chance: random.Random) -> bool | None:
        audit = self._audit(tablet, chance)
        finding = None if audit is None else self._finding(tablet, audit, chance)
        if audit is None or finding is None:
            return False
        if chance.random() < 0.3:
            self._write(tablet, audit, [Change("set", finding, "deleted", False)])
        else:
            self._write(tablet, audit, [Change("del", finding, "deleted", True)])
        return None

    def do_contest(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """Two tablets say different things of one field, or one deletes what the other edits, before either hears of it."""
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        finding = self._finding(tablet, audit, chance)
        born = []
        if finding is None:
            finding = f"finding/f{chance.randrange(6)}"
            born = [Change("add", finding, "born", {"raised_at": as_instant(BEGIN), "raised_by": "m1"})]
        rest = [one for one in self.tablets if one is not tablet]
        if not any(self._knows(one, audit) for one in rest):
            self._hear_of_it(chance, tablet, *rest)
        others = [one for one in rest if self._knows(one, audit)]
        if not others:
            return False
        other, name = chance.choice(others), chance.choice(FIELDS)
        is_deleted = chance.random() < 0.2
        mine = Change("del", finding, "deleted", True) if is_deleted else Change("set", finding, name, _said(chance, 0))
        self._write(tablet, audit, [*born, mine])
        self._write(other, audit, [Change("set", finding, name, _said(chance, 1))])
        self._hear_of_it(chance, tablet, other)
        return None

    def do_resolve(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """
        On a tablet that shows a dispute, this one before others: in one tap, or by a third value. Sometimes somebody who has not heard
        of it edits or settles the same field meanwhile.
        """
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        others = [one for one in self.tablets if one is not tablet and self._knows(one, audit)]
        chance.shuffle(others)
        shown = ((one, found) for one in (tablet, *others) if (found := self._disputed_on(one, audit)))
        settling, disputed = next(shown, (tablet, []))
        if not disputed:
            return False
        ref, name, values = chance.choice(disputed)
        racing = [one for one in (tablet, *others) if one is not settling]
        is_raced = bool(racing) and chance.random() < 0.5
        self._write(settling, audit, [_settling(ref, name, values, chance)])
        if is_raced:
            late = chance.choice(racing)
            knows = any((ref, name) == (of, field) for of, field, _ in self._disputed_on(late, audit))
            change = Change("set", ref, name, chance.choice([*values, _said(chance, 2)]))
            if name == "deleted":
                change = Change("set", ref, FIELDS[0], _said(chance, 2))
            self._write(late, audit, [_settling(ref, name, values, chance) if knows else change])
            self._hear_of_it(chance, settling, late)
        return None

    def _knows(self, tablet: Tablet, audit: str) -> bool:
        return bool(tablet.store.rows.get(audit))

    def _disputed_on(self, tablet: Tablet, audit: str) -> list[tuple[str, str, list[Any]]]:
        """What a tablet shows as disputed: the thing, the field, and its values."""
        found = []
        for ref, entity in sorted(tablet.store.view(audit).entities.items()):
            for name, shown in entity.fields.items():
                if shown.is_disputed:
                    found.append((ref, name, [head.value for head in shown.heads if not head.is_erased]))
            if entity.is_deletion_disputed:
                found.append((ref, "deleted", []))
        return found

    def _hear_of_it(self, chance: random.Random, *tablets: Tablet) -> None:
        """Mostly they come online soon, one after the other; the first of them once more, or not."""
        if chance.random() < 0.8:
            self.network.begin({})
            for tablet in (*tablets, tablets[0]):
                self._sync(tablet)

    def do_note(self, tablet: Tablet, chance: random.Random) -> bool | None:
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        ref = f"note/n{chance.randrange(10**6)}"
        changes = [
            Change("add", ref, "born", {"observed_at": as_instant(BEGIN)}),
            Change("set", ref, "text", f"heard {chance.randrange(100)}"),
        ]
        self._write(tablet, audit, changes)
        return None

    def do_photo(self, tablet: Tablet, chance: random.Random) -> bool | None:
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        # Few pictures, so that two tablets send the same one.
        picture = random.Random(chance.randrange(5)).randbytes(chance.choice([0, 1, 700, 1024, 5000]))
        withdrawn = sorted(name for of, name in self.withdrawn if of == audit)
        if withdrawn and chance.random() < 0.5:
            picture = self.pictures[chance.choice(withdrawn)]
        name, ref = hashlib.sha256(picture).hexdigest(), f"evidence/{UUID(int=chance.getrandbits(128), version=4)}"
        self.pictures[name] = picture
        born = {
            "kind": "photo",
            "sha256": name,
            "size": len(picture),
            "media_type": "image/jpeg",
            "source": "system_camera",
            "file_name": None,
            "captured_at": as_instant(BEGIN),
        }
        self._write(tablet, audit, [Change("add", ref, "born", born)], picture)
        return None

    def do_tell(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """Evidence without a file: what was seen, heard, or read at the client's."""
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        ref = f"evidence/{UUID(int=chance.getrandbits(128), version=4)}"
        nothing = dict.fromkeys(("sha256", "size", "media_type", "source", "file_name"))
        kind = chance.choice(["document", "record", "interview", "observation"])
        told = {"kind": kind, **nothing, "captured_at": as_instant(BEGIN)}
        changes = [Change("add", ref, "born", told), Change("set", ref, "caption", f"seen {chance.randrange(8)}")]
        self._write(tablet, audit, changes)
        return None

    def do_draw(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """On a photo: an arrow, what covers a face, or all of it taken back. Which earlier photo it shows again is a field like it."""
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        born = [(entity.id, entity.born or {}) for entity in tablet.store.view(audit).of_kind("evidence")]
        photos = [name for name, facts in born if facts.get("kind") == "photo"]
        if not photos:
            return False
        points = [[chance.randrange(4000), chance.randrange(4000)], [5000 + chance.randrange(4000), 9000]]
        arrow = {"kind": "arrow", "colour": "red", "points": points, "text": None}
        cover = {"kind": "redact", "colour": None, "points": points, "text": None}
        ref = f"evidence/{chance.choice(photos)}"
        changes = [Change("set", ref, "annotation", chance.choice([[], [arrow], [cover], [arrow, cover]]))]
        if chance.random() < 0.3:
            changes.append(Change("set", ref, "retakes", chance.choice(photos)))
        self._write(tablet, audit, changes)
        return None

    def do_sync(self, tablet: Tablet, _chance: random.Random) -> None:
        self.network.begin({})
        self._sync(tablet)

    def do_sync_on_a_bad_line(self, tablet: Tablet, chance: random.Random) -> None:
        faults = {chance.randrange(1, 12): (chance.choice(FAULTS), chance.getrandbits(24)) for _ in range(3)}
        self.network.begin(faults)
        tablet.dies_at = chance.choice([0, 0, chance.randrange(1, 20)])
        self._sync(tablet)
        self.network.begin({})

    def _sync(self, tablet: Tablet) -> None:
        try:
            tablet.sync()
        except Died:
            self.told.deaths_of_tablet += 1
        tablet.dies_at = 0
        if tablet.problem == "account.sign_in_needed":
            tablet.token = self.machine.sign_in(tablet.account)

    def do_late_requests_arrive(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        if not self.network.late:
            return False
        self.network.deliver_late(chance)
        return None

    def do_tablet_clock_jumps(self, tablet: Tablet, chance: random.Random) -> None:
        self.walls[tablet.name] = chance.choice(
            [0, YEAR, 10 * YEAR, -10 * YEAR, 3_600_000, -3_600_000, -self.machine.clock.now]
        )

    def do_server_clock_steps_back(self, _tablet: Tablet, chance: random.Random) -> None:
        """Somebody sets it, or it is put right: by seconds, an hour, a day."""
        self.machine.clock.now -= chance.choice([2000, 90_000, 3_600_000, 86_400_000])

    def do_time_passes(self, _tablet: Tablet, chance: random.Random) -> None:
        self.machine.clock.now += chance.choice([1000, 3_600_000, 86_400_000, 7 * 86_400_000])

    def do_back_up(self, _tablet: Tablet, _chance: random.Random) -> None:
        self.machine.back_up()

    def do_restore(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        if not self.machine.backups:
            return False
        # Mostly the last one; sometimes one that had been put back before.
        last = len(self.machine.backups) - 1
        self._put_back(chance.choice([last, last, chance.randrange(last + 1)]), chance, is_told=True)
        return None

    def do_put_back_and_not_told(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        """The database from a copy of the disk, and the server is started as if nothing had been: no new epoch."""
        if not self.machine.backups:
            return False
        self._put_back(len(self.machine.backups) - 1, chance, is_told=False)
        return None

    def _put_back(self, which: int, chance: random.Random, *, is_told: bool) -> None:
        self.machine.restore(which, is_told=is_told, is_disk_lost=chance.random() < 0.6)
        self.network.cut_hand_backs = set() if chance.random() < 0.5 else None
        for name, roles in self.roles.items():
            self.machine.set_roles(self.workspace, self.people[name], *roles)
        self._note_gone()
        self.broken += lying_still(self._story(), self.machine.seen(), self.withdrawn)

    def do_only_the_reader_has_it(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        """
        What came after the backup is on her tablet alone, since its author's drowned. She hands it back, which does not get through,
        and is put out of the team.
        """
        lena, audit = self.tablets[0], self.audits[0]
        reader = next((one for one in self.tablets if one.name == "ruth's"), None)
        tablets = [one for one in self.tablets if one not in (lena, reader) and one.account != self.people["ruth"]]
        if reader is None or not tablets:
            return False
        tablet = chance.choice(tablets)
        self._put_into_the_hand_of(reader, self.people["ruth"])
        self.network.begin({})
        for one in (tablet, reader):
            self._sync(one)
        if any(audit not in one.store.listed for one in (tablet, reader)):
            return False
        self.machine.back_up()
        self._write(tablet, audit, [Change("add", f"note/r{chance.randrange(10**6)}", "born", NOTED)])
        for one in (tablet, reader):
            self._sync(one)
        self.do_drowns_with_a_file_left(tablet, chance)
        self._put_back(len(self.machine.backups) - 1, chance, is_told=chance.random() < 0.6)
        self.network.cut_hand_backs = set()
        # The restored server has forgotten the session.
        reader.token = self.machine.sign_in(reader.account)
        self._sync(reader)
        if chance.random() < 0.7:
            self._sync(lena)
            self._write(lena, audit, [Change("del", f"team_member/{self.people['ruth']}", "deleted", True)])
            self._sync(lena)
        return None

    # --- What becomes of tablets

    def do_clone(self, tablet: Tablet, _chance: random.Random) -> bool | None:
        if len(self.tablets) >= 7:
            return False
        twin = self._new_tablet(f"{tablet.name}, cloned {len(self.tablets)}")
        self._put_on(twin, self._copied(tablet))
        return None

    def do_copy_of_last_week(self, tablet: Tablet, _chance: random.Random) -> None:
        self.copies.append(self._copied(tablet))

    def do_back_to_last_week(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        if not self.copies:
            return False
        copy = chance.choice(self.copies)
        tablet = next((one for one in self.tablets if one.name == copy.name), None)
        if tablet is None:
            return False
        self._put_on(tablet, copy)
        self._note_gone()
        return None

    def do_tablet_destroyed(self, tablet: Tablet, _chance: random.Random) -> bool | None:
        if len(self.tablets) < 3 or tablet is self.tablets[0]:
            return False
        self.tablets.remove(tablet)
        self._note_gone()
        return None

    def do_somebody_else_takes_the_tablet(self, tablet: Tablet, chance: random.Random) -> None:
        tablet.give_to(self.people[chance.choice(sorted(self.people))])

    @staticmethod
    def _copied(tablet: Tablet) -> Copy:
        return Copy(tablet.name, {who: store.copied() for who, store in tablet.stores.items()}, tablet.account)

    def _put_on(self, tablet: Tablet, copy: Copy) -> None:
        tablet.stores = {who: store.copied() for who, store in copy.stores.items()}
        tablet.account = copy.account
        tablet.token = self.machine.sign_in(copy.account)
        tablet.saved = {
            (audit, digest)
            for store in tablet.stores.values()
            for audit, rows in store.rows.items()
            for digest, row in rows.items()
            # What this person wrote in the office was made on no tablet.
            if row.chain is not None and row.chain.account == store.account and digest in self.made
        }

    def _note_gone(self) -> None:
        """What nobody has any more cannot come back; a backup or a copy of a tablet may bring some of it again."""
        stores = [store for tablet in self.tablets for store in tablet.stores.values()]
        seen = self.machine.seen()
        here = {entry.digest for log in seen.logs.values() for entry in log.entries}
        here |= self.machine.held_digests()
        here |= {d for store in stores for rows in store.rows.values() for d, row in rows.items() if not row.is_hidden}
        here |= {digest for handed in self.handed for _, digest in handed.digests}
        self.gone |= set(self.made) - here
        files = set(seen.files) | {key for store in stores for key in store.uploads}
        files |= {key for handed in self.handed for key in handed.handover.evidence}
        for text in self.made.values():
            if '"kind":"add"' in text and isinstance(value := _value(text), dict) and value.get("media_type"):
                key = (json.loads(text.partition("\n")[0])["chain"]["audit"], value["sha256"])
                if key not in files:
                    self.gone_files.add(key)

    # --- Rights

    def do_removed_from_the_team(self, tablet: Tablet, chance: random.Random) -> bool | None:
        who = self.people[chance.choice(["aron", "mara", "ruth"])]
        audit = self._audit(tablet, chance)
        if audit is None or tablet.account in (who, self.people["ruth"]):
            return False
        self._write(tablet, audit, [Change("del", f"team_member/{who}", "deleted", True)])
        return None

    def do_back_in_the_team(self, tablet: Tablet, chance: random.Random) -> bool | None:
        who = chance.choice(["aron", "mara", "paula", "ruth"])
        audit = self._audit(tablet, chance)
        if audit is None or tablet.account == self.people["ruth"]:
            return False
        ref = f"team_member/{self.people[who]}"
        role = chance.choice(["auditor", "auditor", "technical_expert", "audit_team_leader"])
        if tablet.store.view(audit).entity(ref) is None:
            changes = _member(self.people[who], who)
        else:
            changes = [Change("set", ref, "deleted", False), Change("set", ref, "role", role)]
        self._write(tablet, audit, changes)
        return None

    def do_leaves_the_workspace(self, _tablet: Tablet, chance: random.Random) -> None:
        self._set_roles(chance.choice(["aron", "mara"]), ())

    def do_joins_the_workspace(self, _tablet: Tablet, chance: random.Random) -> None:
        self._set_roles(chance.choice(["aron", "mara"]), (Role.AUDITOR,))

    def _set_roles(self, name: str, roles: tuple[Role, ...]) -> None:
        self.roles[name] = roles
        self.machine.set_roles(self.workspace, self.people[name], *roles)

    def do_block(self, tablet: Tablet, _chance: random.Random) -> None:
        block_installation(tablet.store.installation)

    def do_let_in(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        blocked = self.machine.blocked()
        if not blocked:
            return False
        unblock_installation(chance.choice(blocked))
        return None

    def do_release(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        """By Lena, of something that is aside."""
        audit = chance.choice(self.audits)
        aside = self.machine.aside(audit)
        if not aside:
            return False
        digest = chance.choice(aside)
        path = f"/api/audits/{audit}/operations/{digest}/release"
        token = self.machine.sign_in(self.people["lena"])
        self.deliver(Request("POST", path, {"Content-Type": "application/json"}, b"", token))
        return None

    def do_erase(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        """By Paula, as programme manager."""
        audit = chance.choice(self.audits)
        log = self.machine.seen().logs.get(audit)
        if log is None:
            return False
        entry = chance.choice(log.entries)
        with reading(SERVER) as session:
            roles = accounts.roles_of(session, self.people["paula"])
        try:
            erase_content_of(self.people["paula"], roles, audit, [entry.digest], "Withdrawn.")
        except Refused:
            return False
        return None

    def do_office_writes(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        audit = chance.choice(self.audits)
        if audit not in self.machine.seen().logs:
            return False
        who = chance.choice(["aron", "mara"])
        ref = f"team_member/{self.people[who]}"
        changes = [OfficeChange(f"audit/{audit}", "title", f"Title {chance.randrange(5)}")]
        if chance.random() < 0.4:
            changes.append(OfficeChange(ref, "name", who.title()))
        with unit_of_work(SERVER) as session:
            append(session, audit=audit, account=self.people["paula"], changes=changes)
        return None

    # --- By hand

    def do_take_out_by_hand(self, tablet: Tablet, _chance: random.Random) -> bool | None:
        return None if self._take_out(tablet) else False

    def do_drowns_with_a_file_left(self, tablet: Tablet, _chance: random.Random) -> bool | None:
        """What everybody on it had recorded and not sent is in the files, and nowhere else."""
        if len(self.tablets) < 3 or tablet is self.tablets[0]:
            return False
        for account in sorted(tablet.stores):
            tablet.account = account
            self._take_out(tablet)
        return self.do_tablet_destroyed(tablet, _chance)

    def _take_out(self, tablet: Tablet) -> bool:
        handover = tablet.take_out()
        if handover is None:
            return False
        handed = Handed(handover)
        self.handed.append(handed)
        self.told.by_hand += len(handed.digests)
        return True

    def do_take_in_by_hand(self, tablet: Tablet, chance: random.Random) -> bool | None:
        if not self.handed:
            return False
        self._take_in(tablet, chance.choice(self.handed))
        return None

    def do_brought_to_the_server(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        if not self.handed:
            return False
        self._import(chance.choice(self.handed))
        return None

    def _vouch(self) -> None:
        """
        What is held since nobody knew the tablet that wrote it, which drowned: its author takes the file in, or whoever runs the
        server says whose it was.
        """
        held = self.machine.held_digests()
        for handed in self.handed:
            for account in sorted({account for account, digest in handed.authors if digest in held}):
                tablets = [tablet for tablet in self.tablets if account in tablet.stores]
                if tablets and self.chance.random() < 0.5:
                    tablet = self.chance.choice(tablets)
                    self._put_into_the_hand_of(tablet, account)
                    if self._take_in(tablet, handed):
                        continue
                self.machine.import_by_hand(handed.handover.written(PASSPHRASE), PASSPHRASE, vouch_for=account)

    def _take_in(self, tablet: Tablet, handed: Handed) -> bool:
        """True where all of it was."""
        refused = {audit for audit, why in tablet.take_in(handed.handover).items() if why is not None}
        self.carried |= {(audit, digest) for audit, digest in handed.digests if audit not in refused}
        handed.is_taken_in = handed.is_taken_in or not refused
        return not refused

    def _import(self, handed: Handed) -> None:
        taken = self.machine.import_by_hand(handed.handover.written(PASSPHRASE), PASSPHRASE)
        refused = {done.audit for done in taken if done.refused}
        self.carried |= {(audit, digest) for audit, digest in handed.digests if audit not in refused}
        handed.is_taken_in = handed.is_taken_in or not refused

    # --- Evidence that goes

    def do_withdraw(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        """By Paula, as programme manager; the server may die in it."""
        pieces = [
            (audit, entity.id)
            for audit, log in self.machine.seen().logs.items()
            for entity in view_of(log).of_kind("evidence")
            if entity.born is not None
        ]
        if not pieces:
            return False
        audit, evidence = chance.choice(pieces)
        body = json.dumps({"evidence": evidence, "reason": "Withdrawn."}).encode()
        request = Request(
            "POST",
            f"/api/audits/{audit}/erasures",
            {"Content-Type": "application/json"},
            body,
            self.machine.sign_in(self.people["paula"]),
        )
        fault = chance.choice([None, None, ("commit", 1), ("committed", 1), ("statement", chance.randrange(1, 60))])
        try:
            answer = self.deliver(request, fault=fault)
        except Unreachable:
            return None
        if answer.status != 200:
            return False
        self.withdrawn |= {(audit, name) for name in answer.json["evidence"]}
        self.broken += lying_still(self._story(), self.machine.seen(), self.withdrawn)
        return None

    def do_make_room(self, _tablet: Tablet, chance: random.Random) -> bool | None:
        """Where there is some to be had."""
        tablets = [one for one in self.tablets if one.store.files_on_server()]
        if not tablets:
            return False
        tablet = chance.choice(tablets)
        self.network.begin({})
        is_everything = chance.random() < 0.4
        try:
            freed = tablet.make_room(is_everything)
        except (Unreachable, Stopped):
            return False
        for audit, name in freed:
            if not self.machine.is_on_disk(audit, name):
                self.broken.append(Broken("I10", f"evidence {name[:8]} was freed, and the server does not have it"))
            if not is_everything and not self.machine.is_backed_up(audit, name):
                self.broken.append(Broken("I10", f"evidence {name[:8]} was freed, and no backup has it"))
        self.freed |= set(freed)
        self.told.freed += len(freed)
        return None if freed else False

    # --- What tablets do to the log

    def do_newer_app(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """It writes what this server cannot read, or cannot place."""
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        if chance.random() < 0.6:
            name = f"field_of_{chance.randrange(2028, 2031)}"
            self._write(tablet, audit, [Change("set", f"note/n{chance.randrange(5)}", name, "new")])
            return None
        store = tablet.store
        key = next((key for key in store.own_chains(audit) if key.installation == store.installation), None)
        tip = None if key is None else store.chains[key]
        header = {
            "v": 2,
            "chain": {"installation": store.installation, "account": store.account, "audit": audit},
            "dseq": (tip.dseq if tip else 0) + 1,
            "prev": tip.digest if tip else "0" * 64,
            "more": chance.randrange(1000),
        }
        text = two_lines(header, "as nobody here writes", "A" * 22)
        store.keep_text(audit, text)
        self._note_made(tablet, audit, text)
        return None

    def do_bring_for_a_colleague(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """An export of one tablet, sent in from another."""
        other = chance.choice(self.tablets)
        audit = self._audit(other, chance)
        if audit is None or other is tablet:
            return False
        brought = [row.data for row in other.store.of_audit(audit).values() if row.waiting is not None][:5]
        if not brought:
            return False
        mine = {"installation": tablet.store.installation, "account": tablet.account}
        announced = {"dseq": 0, "digest": "0" * 64}
        body = {"protocol": 1, **mine, "announced": announced, "head_signature": None, "operations": brought}
        self.network.begin({})
        try:
            tablet._ask_checked(f"/api/audits/{audit}/operations", body)
        except (Unreachable, Stopped):
            return False
        return None

    def do_seal(self, tablet: Tablet, chance: random.Random) -> bool | None:
        """A closing meeting, offline, while others hold unsent work."""
        audit = self._audit(tablet, chance)
        if audit is None:
            return False
        store = tablet.store
        view, log = store.view(audit), store.log(audit)
        if log.is_partial:  # Who has left the team does not close its audit.
            return False
        if any(shown.is_disputed for entity in view.entities.values() for shown in entity.fields.values()):
            return False
        said_at = as_instant(max(0, min(self._wall(tablet), 4 * 10**12)))
        frozen = {
            "at": said_at,
            "installation": store.installation,
            "account": store.account,
            "app": "torture",
            "schema": 1,
            "salt": "B" * 22,
            "zone": "Europe/Berlin",
            "log": {"epoch": log.epoch, "seq": log.seq, "hash": log.hash},
        }
        counting = closings_of(view).counting
        supersedes = None if counting is None else counting.sha256
        record = canonical_bytes(
            closing_record(
                view,
                audit,
                store.basis(audit, frozen),
                supersedes=supersedes,
                reason=None if supersedes is None else "once more",
                catalogues=[],
            )
        )
        sha256, ref = hashlib.sha256(record).hexdigest(), f"closing_record/c{chance.randrange(10**6)}"
        self._write(tablet, audit, [Change("add", ref, "born", {"record": record.decode(), "sha256": sha256})])
        seal: dict[str, Any] = {
            "purpose": "closing",
            "audit": audit,
            "sha256": sha256,
            "signatures": [],
            "supersedes": supersedes,
            "sealed_at": said_at,
            "installation": store.installation,
            "account": store.account,
            "public_key": None,
            "device_signature": None,
        }
        self._write(tablet, audit, [Change("seal", ref, "seal", seal)])
        return None

    def do_log_key_lost(self, _tablet: Tablet, _chance: random.Random) -> None:
        """The server cannot prove its old words any more: what tablets have of others counts only when those send it themselves."""
        self.machine.lose_log_key()

    def do_begin_another_audit(self, tablet: Tablet, _chance: random.Random) -> bool | None:
        if len(self.audits) >= 3 or tablet.account not in (self.people["lena"], self.people["paula"]):
            return False
        audit = self._begin_audit(tablet)
        self._write(tablet, audit, _member(self.people["aron"], "aron"))
        return None

    # --- The end

    def come_to_rest(self) -> None:
        """Everybody comes online, for everybody who works on each tablet, until nothing moves any more."""
        self.network.begin({})
        for name in ("aron", "mara", "ruth"):
            self._set_roles(name, (Role.AUDITOR,))
        self.network.deliver_late(self.chance)
        self._wait_a_day()
        for handed in self.handed:
            if self.chance.random() < 0.5:
                self._take_in(self.chance.choice(self.tablets), handed)
            if not handed.is_taken_in:
                self._import(handed)
        self._sync_until_quiet()
        self._vouch()
        self._wait_a_day()
        self._sync_until_quiet()
        # Two copies of a tablet find out about each other by what they write; after that, what anybody writes counts.
        for _ in range(2):
            self.last_words = self._write_last_words()
            self._sync_until_quiet()

    def _wait_a_day(self) -> None:
        for tablet in self.tablets:
            for store in tablet.stores.values():
                store.wake_carried(store.rows)
                store.sent_again = frozenset()

    def _write_last_words(self) -> set[str]:
        written: set[str] = set()
        for tablet in self.tablets:
            for account in sorted(tablet.stores):
                self._put_into_the_hand_of(tablet, account)
                # Somebody says that the new key of the server is meant.
                tablet.store.server_key = None
                writes_in = set() if account == self.people["ruth"] else tablet.store.listed & set(tablet.store.rows)
                for audit in sorted(writes_in):
                    self._last_word += 1
                    born = {"observed_at": as_instant(BEGIN)}
                    texts = self._write(tablet, audit, [Change("add", f"note/last{self._last_word}", "born", born)])
                    written |= {digest_of(text.encode()) for text in texts}
        return written

    def _put_into_the_hand_of(self, tablet: Tablet, account: str) -> None:
        is_out = tablet.problem in ("account.sign_in_needed", "account.installation_revoked")
        if tablet.account != account or is_out:
            self._tokens[tablet.name, tablet.account] = tablet.token
            known = None if is_out else self._tokens.get((tablet.name, account))
            tablet.account, tablet.token = account, known or self.machine.sign_in(account)

    def _sync_until_quiet(self) -> None:
        before = None
        for _ in range(QUIET_ROUNDS):
            # Also those that a restored server knew nothing of until they asked.
            for installation in self.machine.blocked():
                unblock_installation(installation)
            for tablet in self.tablets:
                for account in sorted(tablet.stores):
                    self._put_into_the_hand_of(tablet, account)
                    self._sync(tablet)
            now = self.machine.heads()
            now_waiting = [self._waiting(tablet) for tablet in self.tablets]
            if (now, now_waiting) == before:
                break
            before = (now, now_waiting)

    def _waiting(self, tablet: Tablet) -> int:
        stores = tablet.stores.values()
        return sum(store.waiting(audit) + store.count_carried(audit) for store in stores for audit in list(store.rows))

    def seen(self) -> list[TabletSeen]:
        """What each tablet says and has, for each account on it."""
        return [one for tablet in self.tablets for one in self._seen_on(tablet)]

    def _seen_on(self, tablet: Tablet) -> Iterator[TabletSeen]:
        for who, store in sorted(tablet.stores.items()):
            logs = {}
            for audit, rows in store.rows.items():
                log = store.log(audit)
                # Who may not see an audit and has nothing to send does not ask about it any more.
                sees = "all" if audit in store.listed else "nothing"
                logs[audit] = TabletLog(
                    {
                        digest: Stored(
                            row.data,
                            row.content_sha256,
                            row.origin,
                            row.seq,
                            row.received_at,
                            row.waiting is not None,
                            row.is_lost,
                            row.is_hidden,
                            row.is_carried,
                        )
                        for digest, row in rows.items()
                    },
                    log.epoch,
                    log.seq,
                    log.hash,
                    sees,
                    plain(store.view(audit)),
                )
            saved = {
                (audit, d)
                for audit, d in tablet.saved
                if json.loads(self.made[d].partition("\n")[0])["chain"]["account"] == who
            }
            waiting = [audit for (audit, _), upload in store.uploads.items() if upload.state == "waiting"]
            problem = tablet.problem if who == tablet.account else None
            yield TabletSeen(
                f"{tablet.name} ({self._name(who)})",
                who,
                frozenset(saved),
                logs,
                dict(store.files),
                frozenset(store.uploads),
                len(waiting),
                sum(store.count_carried(audit) for audit in list(store.rows)),
                problem,
                tuple(
                    sorted(
                        f"{old.refused[0] if old.refused else 'it waits'}: {len(lacking)} entries"
                        for (audit, _), old in store.old_logs.items()
                        if old.receipt["key"] == self.machine.log_key_name()
                        and (lacking := {line[0] for line in old.lines} - self._there.get(audit, set()))
                    )
                ),
            )

    def _name(self, account: str) -> str:
        return next(name for name, known in self.people.items() if known == account)

    def finish(self) -> Told:
        self.come_to_rest()
        lacking = self._called_lacking()
        server = replace(self.machine.seen(), lacking=lacking)
        self._there = {audit: {entry.digest for entry in log.entries} for audit, log in server.logs.items()}
        tablets = self.seen()
        told = self.told
        told.broken = [*self.broken, *check(self._story(), tablets, server), *self._unheard(server)]
        told.requests = self.network.requests
        told.faults = self.network.happened
        told.deaths_of_server = self.machine.deaths
        told.gone = len(self.gone) + len(self.gone_files)
        told.withdrawn = len(self.withdrawn)
        told.lost_and_told = len(
            {d for one in tablets for log in one.logs.values() for d, row in log.rows.items() if row.is_lost}
        )
        told.heads = {audit: log.head_hash for audit, log in server.logs.items()}
        for audit, log in server.logs.items():
            told.aside += self.machine.reasons(audit)
            told.disputes += count_disputes(entries_of(log), self.machine.aside(audit))
        return told

    def _story(self) -> Story:
        return Story(
            self.made,
            frozenset(self.gone),
            frozenset(self.gone_files),
            self.pictures,
            frozenset(self.carried),
            frozenset(self.withdrawn),
            frozenset(self.freed),
        )

    def _called_lacking(self) -> dict[str, frozenset[str]]:
        """By audit what the server tells Lena that it lacks, whose tablet it knows."""
        tablet = self.tablets[0]
        self._put_into_the_hand_of(tablet, self.people["lena"])
        self.network.begin({})
        self._sync(tablet)
        found = {}
        for audit in sorted(tablet.store.listed):
            answer = self.deliver(Request("GET", f"/api/audits/{audit}/custody", {}, b"", tablet.token))
            if answer.status == 200:
                found[audit] = frozenset(answer.json["lacking"])
        return found

    def _unheard(self, server: ServerSeen) -> Iterator[Broken]:
        """Nobody's tablet is left writing on a branch, where nothing of it counts."""
        for audit, log in server.logs.items():
            for digest, why in view_of(log).quarantined.items():
                if digest in self.last_words and str(why.get("code")).startswith("chain."):
                    yield Broken("I8", f"what a tablet writes now does not count ({why['code']}) in {audit}")


def tell(app: Flask, folder: Path, seed: int, plan: Sequence[Step] | None = None) -> Told:
    """The whole story of a seed, or of a plan that was cut down."""
    with ruled(app, folder, seed) as machine:
        simulator = Simulator(machine, seed)
        for rule, number in plan if plan is not None else plan_of(seed):
            simulator.step(rule, number)
        return simulator.finish()


def shrink(fails: Callable[[Sequence[Part]], bool], plan: Sequence[Part]) -> list[Part]:
    """The shortest that still fails, as far as leaving out larger and then smaller parts finds it (delta debugging)."""
    left, size = list(plan), max(1, len(plan) // 2)
    while True:
        start, has_shrunk = 0, False
        while start < len(left):
            shorter = left[:start] + left[start + size :]
            if fails(shorter):
                left, has_shrunk = shorter, True
            else:
                start += size
        if size == 1 and not has_shrunk:
            return left
        size = max(1, size // 2)


def _member(account: str, name: str) -> list[Change]:
    ref = f"team_member/{account}"
    return [
        Change("add", ref, "born", {"account": account}),
        Change("set", ref, "name", name.title()),
        Change("set", ref, "role", "auditor"),
    ]


def _said(chance: random.Random, side: int) -> str:
    """By one side never what the other one says."""
    return f"held {side}-{chance.randrange(4)}"


def _settling(ref: str, name: str, values: Sequence[Any], chance: random.Random) -> Change:
    """One of the values, or a third one where any text will do."""
    if name == "deleted":
        return Change("set", ref, name, chance.random() < 0.4)
    third = [f"agreed {chance.randrange(4)}"] if name in FIELDS or not values else []
    return Change("resolve", ref, name, chance.choice([*values, *third]))


def _value(text: str) -> Any:
    try:
        return json.loads(text.partition("\n")[2])["val"]
    except (ValueError, KeyError, TypeError):
        return None
