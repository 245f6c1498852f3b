"""
A backup that is put back, and what a tablet still has of the log that the server has lost: lines, texts and the last receipt.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of, digest_of_erased
from server.storage.server_state import begin_new_epoch, server_identity
from server.storage.tables.audit import Audit, AuditTeam
from server.storage.tables.operation import Chain, ChainHead, Erasure, LoggedOperation
from tests.devices import Device
from tests.people import Person

TABLES: tuple[Any, ...] = (Audit, AuditTeam, LoggedOperation, Chain, ChainHead, Erasure)

Backup = dict[Any, list[dict[str, Any]]]


def back_up() -> Backup:
    """The logs as they are now."""
    with reading(SERVER) as session:
        return {
            table: [dict(row) for row in session.execute(sa.select(table.__table__)).mappings()] for table in TABLES
        }


def put_back(backup: Backup, *, is_told: bool = True) -> str:
    """The logs as they were then; the epoch, which is a new one where somebody told the server."""
    with unit_of_work(SERVER) as session:
        for table in reversed(TABLES):
            session.execute(sa.delete(table.__table__))
        for table in TABLES:
            if backup[table]:
                session.execute(sa.insert(table.__table__), backup[table])
        return begin_new_epoch(session) if is_told else server_identity(session).epoch


@dataclass(frozen=True)
class OldLog:
    """What a tablet has: each entry as a line of the running hash and as it travels."""

    audit: str
    epoch: str
    receipt: dict[str, Any]
    entries: list[str]
    operations: list[Any] = field(repr=False)
    receipts: dict[int, dict[str, Any]] = field(repr=False, default_factory=dict)
    """By their numbers, with the running hash there, those that it kept on the way."""

    def without(self, count: int) -> "OldLog":
        """As if it had pulled less; the receipt is still the later one."""
        return replace(self, entries=self.entries[:-count], operations=self.operations[:-count])


def remember(person: Person, audit: str, limit: int = 1000) -> OldLog:
    """What this person's tablet has after pulling one page."""
    page = Device(person, audit).ask_page(limit)
    return OldLog(audit, page["epoch"], page["receipt"], *_read(page["operations"]))


def remember_all(person: Person, audit: str, limit: Callable[[], int]) -> OldLog:
    """What it has after pulling every page; each is as long as `limit` says."""
    device, entries, operations, receipts = Device(person, audit), [], [], {}
    while True:
        page = device.ask_page(limit())
        for whole, more in zip((entries, operations), _read(page["operations"]), strict=True):
            whole += more
        device.cursor = page["next"]
        receipts[page["next"]] = {"hash": page["hash"], **page["receipt"]}
        if page["next"] == page["head"]["seq"]:
            return OldLog(audit, page["epoch"], page["receipt"], entries, operations, receipts)


def _read(items: list[dict[str, Any]]) -> tuple[list[str], list[Any]]:
    entries, operations = [], []
    for item in items:
        content_sha256 = item.get("content_sha256")
        data = item["data"].encode()
        digest = digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256)
        received_at = round(datetime.fromisoformat(item["received_at"]).timestamp() * 1000)
        entries.append(f"{digest} {item['origin']} {received_at}")
        erased = {"header": item["data"], "content_sha256": content_sha256}
        operations.append(item["data"] if content_sha256 is None else erased)
    return entries, operations


def hand_back(
    person: Person,
    old: OldLog,
    after: int = 0,
    operations: list[Any] | None = None,
    until: int | None = None,
    **changed: Any,
) -> Any:
    """Everything behind the first `after` entries, up to the receipt at `until`, in one request, or only these operations of it."""
    receipt = (
        old.receipt if until is None else {name: told for name, told in old.receipts[until].items() if name != "hash"}
    )
    body = json.dumps(
        {
            "protocol": 1,
            "epoch": old.epoch,
            "after": after,
            "receipt": receipt,
            "entries": old.entries[after:until],
            "operations": old.operations[after:until] if operations is None else operations,
            **changed,
        }
    ).encode()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return person.post(
        f"/api/audits/{old.audit}/operations/handed-back",
        data=body,
        headers={"Content-Type": "application/json", "Content-Digest": f"sha-256=:{digest}:"},
    )
