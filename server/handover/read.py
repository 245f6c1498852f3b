"""
Open a file that was taken out by hand, and check all of it before anything is taken in.

Whatever is wrong with it is one `Refused`. The tablet does the same in pwa/src/handover/read.ts.
"""

import contextlib
import hashlib
import json
import struct
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from marshmallow import ValidationError

from schemas import handover as shape
from schemas.sync import PROTOCOL, PushSchema
from server.domain.operation import ChainKey
from server.domain.refusals import Refusal, Refused
from server.handover.age import decrypt

_READ = 1024 * 1024
_NO_ZIP = (
    zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError, LookupError, struct.error,
)  # fmt: skip
"""What `zipfile` raises for a file that is none, or one of another kind."""


@dataclass(frozen=True, slots=True)
class Evidence:
    audit: str
    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class GivenAudit:
    id: str
    title: str | None
    batches: list[tuple[ChainKey, dict[str, Any]]]
    """By chain, each as `PushSchema` loads it."""
    has_log: bool
    """A copy of the server's log comes along (`Handover.copies_in_log`)."""


class Handover:
    """An opened file. Its content lies in a temporary file without a name while it is open."""

    def __init__(self, archive: zipfile.ZipFile, contents: dict[str, Any], audits: list[GivenAudit]):
        self._archive = archive
        made = contents["made"]
        self.made_by: str = made["name"]
        self.made_at: str = made["at"]
        self.audits = audits
        self._keys = {(one["installation"], one["account"]): one["public_key"] for one in contents["installations"]}
        self.evidence = [Evidence(**one) for one in contents["evidence"]]

    def key_of(self, chain: ChainKey) -> str | None:
        """The public key of the tablet that wrote it, as the file says."""
        return self._keys.get((chain.installation, chain.account))

    def copies_in_log(self, audit: str) -> Iterator[tuple[bytes, str | None]]:
        """
        The entries of an audit's log that came along, one by one: it may be larger than the memory. Each whole, or its header with the
        hash of the content that was erased.
        """
        for line in _lines(self._archive, shape.log_name(audit)):
            yield line["data"].encode("utf-8", "replace"), line.get("content_sha256")

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The bytes of one photo, whose hash was checked."""
        with self._archive.open(shape.evidence_name(sha256)) as file:
            while part := file.read(_READ):
                yield part


@contextlib.contextmanager
def opened(path: Path, passphrase: str) -> Iterator[Handover]:
    """The file, checked from its first byte to its last. Raises `Refused`, and `OSError` where it cannot be read."""
    with path.open("rb") as source, tempfile.TemporaryFile() as plain:
        size = decrypt(source, plain, unicodedata.normalize("NFC", passphrase.strip()))
        with _archive(plain) as archive:
            contents = _contents(archive, size)
            audits = [_audit(archive, audit) for audit in contents["audits"]]
            _check_evidence(archive, contents)
            yield Handover(archive, contents, audits)


@contextlib.contextmanager
def _archive(plain: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    with _refusing("zip"):
        archive = zipfile.ZipFile(plain)
    with archive:
        yield archive


@contextlib.contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        yield
    except _NO_ZIP as problem:
        raise Refused(shape.malformed(where)) from problem


def _contents(archive: zipfile.ZipFile, size: int) -> dict[str, Any]:
    entries = archive.infolist()
    is_plain = all(one.compress_type == zipfile.ZIP_STORED and not one.flag_bits & 1 for one in entries)
    # What is stored cannot be longer than what it is stored in, unless two entries say that they lie in the same place.
    is_whole = sum(one.file_size for one in entries) <= size
    if not is_plain or not is_whole:
        raise Refused(shape.malformed("zip"))
    names = [one.filename for one in entries]
    if names[:1] != [shape.CONTENTS_NAME]:
        raise Refused(Refusal("handover.not_a_handover"))
    if entries[0].file_size > shape.MOST_CONTENTS_BYTES:
        raise Refused(shape.malformed("entries"))
    with _refusing("zip"):
        text = archive.read(entries[0])
    contents: dict[str, Any] = _parsed(text, "contents")
    _raise(shape.refuse_contents(contents))
    if names[1:] != shape.entry_names(contents):
        raise Refused(shape.malformed("entries"))
    return contents


def _audit(archive: zipfile.ZipFile, audit: dict[str, Any]) -> GivenAudit:
    if audit["log"] is not None:
        count = 0
        for line in _lines(archive, shape.log_name(audit["id"])):
            _raise(shape.refuse_line(line))
            count += 1
            if line["seq"] != count:
                raise Refused(shape.malformed("log.seq"))
        if count != audit["log"]["seq"]:
            raise Refused(shape.malformed("log.seq"))
    batches = []
    for given in _lines(archive, shape.batches_name(audit["id"])):
        _raise(shape.refuse_batch(given))
        if given["protocol"] != PROTOCOL:
            raise Refused(Refusal("sync.protocol", {"got": given["protocol"], "expected": PROTOCOL}))
        try:
            loaded = PushSchema().load(given)
        except ValidationError as problem:
            raise Refused(shape.malformed("batch")) from problem
        batches.append((ChainKey(given["installation"], given["account"], audit["id"]), loaded))
    count = sum(len(batch["operations"]) for _, batch in batches)
    if len(batches) != audit["batches"] or count != audit["operations"]:
        raise Refused(shape.malformed("audits.operations"))
    return GivenAudit(audit["id"], audit["title"], batches, audit["log"] is not None)


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[Any]:
    if archive.getinfo(name).file_size > shape.MOST_LINES_BYTES:
        raise Refused(shape.malformed("entries"))
    with _refusing("zip"), archive.open(name) as file:
        while line := file.readline(shape.MOST_LINE_BYTES + 1):
            if not line.endswith(b"\n"):
                raise Refused(shape.malformed("entries"))
            yield _parsed(line, name)


def _check_evidence(archive: zipfile.ZipFile, contents: dict[str, Any]) -> None:
    for sha256, size in {one["sha256"]: one["size"] for one in contents["evidence"]}.items():
        digest = hashlib.sha256()
        name = shape.evidence_name(sha256)
        if archive.getinfo(name).file_size != size:
            raise Refused(shape.malformed("evidence.size"))
        with _refusing("zip"), archive.open(name) as file:
            while part := file.read(_READ):
                digest.update(part)
        if digest.hexdigest() != sha256:
            raise Refused(shape.malformed("evidence.sha256"))


def _parsed(text: bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Refused(shape.malformed(where)) from problem


def _raise(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Refused(refusal)
