"""
A tablet in a few lines: makes real chained operations, signs its head, pushes and pulls through the server's real routes,
and checks numbers and running hash as pwa/src/sync/pull.ts does.
"""

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from flask import Flask

from server.domain.fold import Entry, LogView, fold_log, read_entry
from server.domain.operation import (
    GENESIS,
    ChainKey,
    advance_running_hash,
    bytes_of,
    digest_of,
    digest_of_erased,
    head_statement,
    held_hash,
)
from server.domain.short_form import lengthen, shorten
from server.domain.vocabulary import Origin
from server.storage.identifiers import new_id
from tests.people import Person

WALL = 1_795_000_000_000
"""Where the clocks of these tablets begin: 2026-11-18."""


@dataclass
class Device:
    """One installation with one person at one audit."""

    person: Person
    audit: str
    dseq: int = 0
    prev: str = GENESIS
    wall: int = WALL
    made: list[str] = field(default_factory=list)
    """Every operation of this chain, in its order: a tablet never throws its own away."""
    sent: int = 0
    epoch: str | None = None
    cursor: int = 0
    hash: str = GENESIS
    pulled: list[Entry] = field(default_factory=list)
    pulled_digests: list[str] = field(default_factory=list)
    heads: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def chain(self) -> ChainKey:
        return ChainKey(self.person.installation, self.person.account, self.audit)

    # --- Making operations

    def add(self, ref: str, **born: Any) -> str:
        return self.make("add", ref, "born", born)

    def set(self, ref: str, name: str, value: Any) -> str:
        return self.make("set", ref, name, value)

    def create_audit(self, **fields: Any) -> None:
        """The audit itself, by whoever may create one."""
        ref = f"audit/{self.audit}"
        self.add(ref, workspace=self.person.workspace, type="stage_2")
        for name, value in fields.items():
            self.set(ref, name, value)

    def add_member(self, person: Person, role: str = "auditor") -> str:
        member = f"team_member/{new_id()}"
        self.add(member, account=person.account)
        self.set(member, "name", person.name)
        self.set(member, "role", role)
        return member

    def add_finding(self, title: str = "No calibration record") -> str:
        finding = f"finding/{new_id()}"
        self.add(finding, raised_at="2026-11-24T09:41:07.250Z", raised_by=self.person.account)
        self.set(finding, "title", title)
        return finding

    def make(self, kind: str, ref: str, name: str, value: Any, **changed: Any) -> str:
        """One operation at the end of the chain; `changed` replaces keys of its header. The text as it is sent."""
        self.wall += 1000
        header = {
            "v": 1,
            "chain": {
                "installation": self.chain.installation,
                "account": self.chain.account,
                "audit": self.audit,
            },
            "dseq": self.dseq + 1,
            "prev": self.prev,
            "wall": self.wall,
            "start": "A" * 11,
            "mono": self.wall - WALL,
            "hlc": f"{self.wall:015d}-{0:08d}",
            "seen": {"epoch": self.epoch, "seq": self.cursor},
            "ent": ref,
            "fld": name,
            "bases": list(self.heads.get((ref, name), [])),
            "kind": kind,
            "ctx": {"app": "test", "schema": 1, "zone": "Europe/Berlin"},
            **changed,
        }
        text = text_of(header, value)
        self.heads[ref, name] = [digest_of(text.encode())]
        return self.keep(text)

    def keep(self, text: str) -> str:
        """Put these very bytes at the end of the chain, whatever they are."""
        self.made.append(text)
        self.dseq += 1
        self.prev = digest_of(text.encode())
        return text

    # --- Push

    def push(self, operations: list[str] | None = None, **changed: Any) -> Any:
        """Send these, or everything that was not sent yet. The server's answer; where it says so, the tablet goes on from there."""
        whole = operations is None
        answer = self.send(self.made[self.sent :] if operations is None else operations, **changed)
        if whole and answer.status_code == 200:
            self.sent = len(self.made)
        return answer

    def push_all(self) -> list[dict[str, Any]]:
        """Everything that was not sent yet, in batches as the app makes them. The verdicts."""
        said: list[dict[str, Any]] = []
        while self.sent < len(self.made):
            answer = self.send(self.made[self.sent : self.sent + 500])
            if answer.status_code == 409 and answer.json["code"] == "chain.gap":
                self.sent = answer.json["facts"]["expected"] - 1
                continue
            said += verdicts(answer)
            self.sent = min(self.sent + 500, len(self.made))
        return said

    def send(self, operations: list[str], *, api: Any = None, packed: bool = False, **changed: Any) -> Any:
        body = json.dumps(in_short(self.batch(operations, **changed))).encode()
        return self.send_body(body, api=api, packed=packed)

    def batch(self, operations: list[Any], **changed: Any) -> dict[str, Any]:
        return {
            "protocol": 1,
            "installation": self.person.installation,
            "account": self.person.account,
            "announced": {"dseq": len(self.made), "digest": self.prev},
            "head_signature": self.signature_under(operations),
            "operations": operations,
            **changed,
        }

    def send_body(
        self, body: bytes, *, api: Any = None, packed: bool = False, path: str = "operations", **headers: str
    ) -> Any:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        answer: Any = (api or self.person.api).post(
            f"/api/audits/{self.audit}/{path}",
            data=gzip.compress(body) if packed else body,
            headers={
                "Content-Type": "application/json",
                "Content-Digest": f"sha-256=:{digest}:",
                **({"Content-Encoding": "gzip"} if packed else {}),
                **headers,
            },
        )
        answer.body_sent = body
        return answer

    def carried_by(self, carrier: Person, operations: list[str] | None = None, **changed: Any) -> Any:
        """The same batch, signed here and brought by somebody else in a session of theirs."""
        batch = {"public_key": self.person.public_key} | self.batch(self.made if operations is None else operations)
        body = json.dumps(in_short({**batch, **changed})).encode()
        return self.send_body(body, api=carrier.api, path="operations/carried")

    def signature_under(self, operations: list[str]) -> str | None:
        """Over the last operation of the batch, as far as it is one of this chain."""
        placed = [self.made.index(text) for text in operations if text in self.made]
        if not placed:
            return None
        last = max(placed)
        statement = head_statement(self.chain, last + 1, digest_of(self.made[last].encode()))
        r, s = decode_dss_signature(self.person.key.sign(statement, ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    # --- Pull

    def pull(self, limit: int = 500, api: Any = None) -> None:
        """Everything behind the cursor, page by page. Fails where the tablet would raise the alarm."""
        while True:
            page = self.page(limit, api)
            for item in page["operations"]:
                assert item["seq"] == self.cursor + 1, "a number was skipped"
                data = self.text_of_entry(item).encode()
                content_sha256 = item.get("content_sha256")
                digest = digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256)
                self.cursor = item["seq"]
                received_at = round(datetime.fromisoformat(item["received_at"]).timestamp() * 1000)
                self.hash = advance_running_hash(self.hash, digest, Origin(item["origin"]), received_at)
                self.pulled_digests.append(digest)
                entry = read_entry(data, Origin(item["origin"]), item["seq"], WALL, content_sha256)
                if entry is not None:
                    self.pulled.append(entry)
            assert page["next"] == self.cursor
            assert page["hash"] == self.hash, "the running hash differs"
            if self.cursor == page["head"]["seq"]:
                assert page["head"]["hash"] == self.hash
                return

    def text_of_entry(self, item: dict[str, Any]) -> str:
        """What this tablet has made itself comes as a digest alone, while it has it."""
        return str(item["data"]) if "data" in item else self.text_by_digest(item["digest"]) or ""

    def text_by_digest(self, digest: str) -> str | None:
        return next((text for text in self.made if _digest_of_text(text) == digest), None)

    def page(self, limit: int = 500, api: Any = None) -> dict[str, Any]:
        """Like the app, it asks for the whole page where it lacks what it should have made itself."""
        page = self.ask_page(limit, api, without=self.person.installation)
        own = [item["digest"] for item in page["operations"] if "digest" in item]
        return page if all(map(self.text_by_digest, own)) else self.ask_page(limit, api)

    def ask_page(self, limit: int = 500, api: Any = None, **query: Any) -> dict[str, Any]:
        query = {"form": "short", "after": self.cursor, "limit": limit, **query}
        query |= {"epoch": self.epoch} if self.epoch else {}
        answer: Any = (api or self.person.api).get(f"/api/audits/{self.audit}/operations", query_string=query)
        assert answer.status_code == 200, answer.json
        self.epoch = answer.json["epoch"]
        return in_whole(answer.json)

    def view_of_made(self) -> LogView:
        """What this tablet shows of its own work, sent or not."""
        entries = (read_entry(text.encode(), Origin.DEVICE) for text in self.made)
        return fold_log(entry for entry in entries if entry is not None)

    def view(self) -> LogView:
        """What the screens of this tablet show of what was pulled."""
        return fold_log(self.pulled)

    def is_safe(self) -> bool:
        """Every operation of its own has come back with the same digest."""
        return {digest_of(text.encode()) for text in self.made} <= set(self.pulled_digests)


def without_a_server(chain: ChainKey) -> Device:
    """A tablet that only writes: whose chain it is, and a server that answers nothing."""
    nowhere = Flask("nowhere")
    key = ec.generate_private_key(ec.SECP256R1())
    person = Person(nowhere, chain.account, "Lena", "", "", nowhere.test_client(), chain.installation, key)
    return Device(person, chain.audit)


def new_audit(person: Person, **fields: Any) -> Device:
    """A tablet on which somebody has just begun an audit; nothing is sent yet."""
    device = Device(person, new_id())
    device.create_audit(**{"reference": "A-2026-017", "title": "Stage 2 Musterwerk", **fields})
    return device


def in_short(batch: dict[str, Any]) -> dict[str, Any]:
    """A batch as the app sends it; whole where it is none that the app would send."""
    texts = batch["operations"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return batch
    short = shorten(texts, [digest_of(bytes_of(text)) for text in texts])
    return batch if short is None else batch | {"form": "short", "operations": short}


def in_whole(page: dict[str, Any]) -> dict[str, Any]:
    """A page as the app reads it, with the texts as they were made."""
    if page["form"] == "whole":
        return page
    entries = page["operations"]

    def digest_at(place: int, whole: str) -> str:
        entry = entries[place]
        if "data" not in entry:
            return str(entry["digest"])
        data = whole.encode()
        return digest_of_erased(data, entry["content_sha256"]) if "content_sha256" in entry else digest_of(data)

    whole = lengthen([entry.get("data", "") for entry in entries], digest_at)
    operations = [
        entry | ({"data": text} if "data" in entry else {}) for entry, text in zip(entries, whole, strict=True)
    ]
    return page | {"form": "whole", "operations": operations}


@lru_cache(10_000)
def _digest_of_text(text: str) -> str:
    """A tablet that pulls looks through all of its texts for every entry."""
    return digest_of(text.encode())


def text_of(header: dict[str, Any], value: Any) -> str:
    """The two lines of an operation. Tests need no salt that nobody can guess."""
    return f"{rfc8785.dumps(header).decode()}\n{rfc8785.dumps({'salt': 22 * 'A', 'val': value}).decode()}"


def header_of(text: str) -> dict[str, Any]:
    """The first line of an operation, as an object."""
    header: dict[str, Any] = json.loads(text.partition("\n")[0])
    return header


def value_of(text: str) -> Any:
    """What an operation says."""
    return json.loads(text.partition("\n")[2])["val"]


def verdicts(answer: Any) -> list[dict[str, Any]]:
    """What the server said of each operation of the batch. It names only those that were not simply stored."""
    assert answer.status_code == 200, answer.json
    batch = json.loads(answer.body_sent)
    sent = [_digest_sent(one, batch) for one in _operations_of(batch)]
    assert answer.json["held"] == held_hash(sent), "the answer is to another batch"
    said = {verdict["digest"]: list[dict[str, Any]]() for verdict in answer.json["verdicts"]}
    for verdict in answer.json["verdicts"]:
        said[verdict["digest"]].append(verdict)
    plain = {"verdict": "stored", "reason": None}
    # The first of two that are the same is the one that was stored, where it was not known before.
    return [
        said[digest].pop(0)
        if len(said.get(digest, [])) == sent[position:].count(digest)
        else {"digest": digest, **plain}
        for position, digest in enumerate(sent)
    ]


def _operations_of(batch: dict[str, Any]) -> list[Any]:
    texts: list[Any] = batch["operations"]
    if batch.get("form") != "short":
        return texts
    return lengthen(texts, lambda _, whole: digest_of(bytes_of(whole)))


def _digest_sent(sent: Any, batch: dict[str, Any]) -> str:
    """A header alone that names somebody else's chain is a text like any other."""
    text = sent["header"] if isinstance(sent, dict) else sent
    if isinstance(sent, dict):
        chain = json.loads(text)["chain"]
        if (chain["installation"], chain["account"]) == (batch["installation"], batch["account"]):
            return digest_of_erased(text.encode(), sent["content_sha256"])
    return digest_of(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode())


def states(answer: Any) -> list[str]:
    return [verdict["verdict"] for verdict in verdicts(answer)]


def codes(answer: Any) -> list[str | None]:
    return [verdict["reason"] and verdict["reason"]["code"] for verdict in verdicts(answer)]
