"""
The register of decisions as a file: one line of JSON a decision, only ever added to.

It stands beside the backups and not in them. A backup from before brings back what was erased since, lets in a tablet that was blocked
since, knows the password that was changed, and does not know which reports went out. By this file the server decides the same again before
it serves. It holds no content and no secret, only which entry, tablet, account or report, and when; of an erasure also by whom and why.
"""

import fcntl
import json
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.database import decision_register_path
from server.domain.refusals import Refusal, Refused

_LONGEST_REASON = 2000
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Erasure:
    """`audit` is the log's id, `at` in milliseconds since 1970, as everywhere here."""

    audit: str
    digest: str
    workspace: str
    reason: str
    by: str
    at: int
    record: Mapping[str, Any] = field(default_factory=dict)
    """Of a sealed record its `sha256`, and `numbers`, the number that it gave to each finding: no other finding ever gets it."""
    evidence: str | None = None
    """Of the birth of evidence the SHA-256 of its file, where that goes too: no other entry named it."""


@dataclass(frozen=True, slots=True)
class Issuance:
    """
    A report went out. `seal` is the digest of the seal on its record, `said` the word about it in the audit's log (docs/data-flow.md,
    section 6). It fixes the numbers of findings for good, and its revision is not made again.
    """

    audit: str
    seal: str
    workspace: str
    said: Mapping[str, Any]
    at: int

    @property
    def key(self) -> tuple[str, str, str]:
        """Which file it is about: a provisional report and the whole one stand under the same seal."""
        return (self.audit, self.seal, str(self.said.get("pdf_sha256")))


@dataclass(frozen=True, slots=True)
class TabletBlocked:
    """Or let in again: the last line on a tablet counts."""

    installation: str
    is_blocked: bool
    at: int


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """A new password took the place of another, which may have been known to somebody."""

    account: str
    at: int


@dataclass(frozen=True, slots=True)
class ServerName:
    """By which installation's name the server has written, before a restore or since: what it said under that may be lost."""

    installation: str
    at: int


Decision = Erasure | Issuance | TabletBlocked | PasswordSet | ServerName


@dataclass(frozen=True, slots=True)
class Register:
    erasures: tuple[Erasure, ...] = ()
    issuances: tuple[Issuance, ...] = ()
    tablets: Mapping[str, bool] = field(default_factory=dict)
    """By installation, whether it is blocked."""
    passwords: Mapping[str, int] = field(default_factory=dict)
    """By account, when its newest password was set."""
    servers: frozenset[str] = frozenset()
    """The installations by whose names the server has written."""
    unreadable: tuple[int, ...] = ()
    """The numbers of the lines that cannot be read."""


def register(decisions: Iterable[Decision]) -> None:
    """
    Note them before the transaction ends. Should it fail after that, they stand all the same and are carried out at the next start.
    Raises Refused where they cannot be written.
    """
    try:
        append(decision_register_path(), decisions)
    except OSError as problem:
        raise Refused(Refusal("server.busy")) from problem


def registered() -> Register:
    """What stands in it by now."""
    return read(decision_register_path())


def append(path: Path, decisions: Iterable[Decision]) -> None:
    """Add them for good: when this returns they are on the disk. Raises OSError where they are not."""
    text = "".join(_line(decision) for decision in decisions).encode()
    if not text:
        return
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Where the power went in the middle of a line, the next one begins on a line of its own.
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            text = b"\n" + text
        while text:
            text = text[os.write(handle, text) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read(path: Path) -> Register:
    """Every decision. No file is an empty register."""
    if not path.exists():
        return Register()
    erasures: list[Erasure] = []
    issuances: list[Issuance] = []
    tablets: dict[str, bool] = {}
    passwords: dict[str, int] = {}
    servers: set[str] = set()
    unreadable: list[int] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        match _read(line) if line else ():
            case Erasure() as erasure:
                erasures.append(erasure)
            case Issuance() as issuance:
                issuances.append(issuance)
            case TabletBlocked(installation, is_blocked):
                tablets[installation] = is_blocked
            case PasswordSet(account, at):
                passwords[account] = max(at, passwords.get(account, 0))
            case ServerName(installation):
                servers.add(installation)
            case None:
                unreadable.append(number)
    return Register(tuple(erasures), tuple(issuances), tablets, passwords, frozenset(servers), tuple(unreadable))


def _line(decision: Decision) -> str:
    match decision:
        case Erasure():
            written: dict[str, Any] = {
                "erasure": decision.digest,
                "audit": decision.audit,
                "workspace": decision.workspace,
                "reason": decision.reason,
                "by": decision.by,
                **({"record": dict(decision.record)} if decision.record else {}),
                **({"evidence": decision.evidence} if decision.evidence else {}),
            }
        case Issuance():
            written = {
                "issued": decision.seal,
                "audit": decision.audit,
                "workspace": decision.workspace,
                "said": dict(decision.said),
            }
        case TabletBlocked():
            written = {"tablet_blocked" if decision.is_blocked else "tablet_let_in": decision.installation}
        case ServerName():
            written = {"server": decision.installation}
        case PasswordSet():
            written = {"password_set": decision.account}
    return json.dumps({**written, "at": decision.at}) + "\n"


def _read(line: bytes) -> Decision | None:
    try:
        written: Any = json.loads(line)
        at = written["at"]
        if type(at) is not int or not 0 <= at < 2**53:
            return None
        match written:
            case {"tablet_blocked": installation}:
                return TabletBlocked(str(uuid.UUID(installation)), True, at)
            case {"tablet_let_in": installation}:
                return TabletBlocked(str(uuid.UUID(installation)), False, at)
            case {"server": installation}:
                return ServerName(str(uuid.UUID(installation)), at)
            case {"password_set": account}:
                return PasswordSet(str(uuid.UUID(account)), at)
            case {"erasure": digest, "audit": audit, "workspace": workspace, "reason": reason, "by": by}:
                erasure = Erasure(
                    str(uuid.UUID(audit)),
                    digest,
                    str(uuid.UUID(workspace)),
                    reason,
                    str(uuid.UUID(by)),
                    at,
                    written.get("record", {}),
                    written.get("evidence"),
                )
                return erasure if _is_whole(erasure) else None
            case {"issued": seal, "audit": audit, "workspace": workspace, "said": said}:
                issuance = Issuance(str(uuid.UUID(audit)), seal, str(uuid.UUID(workspace)), said, at)
                return issuance if _is_whole_word(issuance) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    return None


def _is_whole(erasure: Erasure) -> bool:
    return (
        _is_digest(erasure.digest)
        and isinstance(erasure.reason, str)
        and len(erasure.reason) <= _LONGEST_REASON
        and "\x00" not in erasure.reason
        and isinstance(erasure.record, dict)
        and (erasure.evidence is None or _is_digest(erasure.evidence))
    )


def _is_whole_word(issuance: Issuance) -> bool:
    said: Any = issuance.said
    return (
        isinstance(said, dict)
        and type(said.get("revision")) is int
        and all(_is_digest(digest) for digest in (issuance.seal, said.get("sha256"), said.get("pdf_sha256")))
    )


def _is_digest(text: Any) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None
