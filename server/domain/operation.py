"""
One operation: a single change to a single field, made on one device, in its place in a chain.

The bytes of an operation are its truth. They are made once, where the change is made, hashed as they are, sent as one string
and kept; what stands here reads them. The string has two lines: the **header** says who, when, where in the chain and which field;
the **content** is the value beside a random salt. The digest covers the hash of each line, so that content can be erased by law
or request and every chain still checks; without the salt nobody can find an erased value by guessing it.
Design record: docs/adr/0002-operation-log.md.

Where it stands on the road: made in pwa/src/domain/operation.ts, received by server/sync/push.py, folded by fold.py.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind, Origin

ENVELOPE_VERSION = 1
SCHEMA_VERSION = 1
SERVER_ACCOUNT = "server"
"""In place of an account in the chains that no person writes."""
GENESIS = "0" * 64
"""What the first operation of a chain names as its predecessor, and the running hash of an empty log."""

MAX_HEADER_BYTES = 131_072
MAX_CONTENT_BYTES = 4_194_304
"""The one limit to what a person or a record can say at once, on both sides in bytes: a closing record of 3,000 judgements fits."""
MAX_DEPTH = 16
MAX_BASES = 1024
"""A deletion names every head of its entity."""
MAX_SAFE_INTEGER = 2**53 - 1
"""Beyond it a tablet cannot hold an integer exactly (ECMA-262, Number.MAX_SAFE_INTEGER)."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ENTITY = re.compile(r"[a-z][a-z_]{0,39}/[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}")
_FIELD = re.compile(r"[a-z_][a-z0-9_]{0,59}")
_HLC = re.compile(r"[0-9]{15}-[0-9a-z]{8}")
_CONTEXT = {"app": re.compile(r"[A-Za-z0-9.+-]{1,40}"), "zone": re.compile(r"[A-Za-z0-9_+/-]{1,60}")}
_SALT = re.compile(r"[A-Za-z0-9_-]{22}")
_START = re.compile(r"[A-Za-z0-9_-]{11}")

_NEW_WORD = re.compile(r"[a-z_]{1,40}")
"""What a later version may call a further key of the header, or a further kind."""

_HEADER_KEYS = frozenset("v chain dseq prev wall start mono hlc seen ent fld bases kind ctx".split())

_WHOLE = "0|[1-9][0-9]{0,14}"
_AS_MADE = re.compile(
    rf'\{{"bases":\[(?P<bases>(?:"{_SHA256.pattern}"(?:,"{_SHA256.pattern}"){{0,{MAX_BASES - 1}}})?)\],'
    + rf'"chain":\{{"account":"(?P<account>{SERVER_ACCOUNT}|{_UUID.pattern})","audit":"(?P<audit>{_UUID.pattern})",'
    + rf'"installation":"(?P<installation>{_UUID.pattern})"\}},'
    + rf'"ctx":\{{"app":"(?P<app>{_CONTEXT["app"].pattern})","schema":(?P<schema>{_WHOLE}),'
    + rf'"zone":"(?P<zone>{_CONTEXT["zone"].pattern})"\}},'
    + rf'"dseq":(?P<dseq>[1-9][0-9]{{0,14}}),"ent":"(?P<ent>{_ENTITY.pattern})","fld":"(?P<fld>{_FIELD.pattern})",'
    + rf'"hlc":"(?P<hlc>{_HLC.pattern})","kind":"(?P<kind>{"|".join(OperationKind)})","mono":(?P<mono>{_WHOLE}),'
    + rf'"prev":"(?P<prev>{_SHA256.pattern})",'
    + rf'"seen":\{{"epoch":(?:null|"(?P<epoch>{_UUID.pattern})"),"seq":(?P<seq>{_WHOLE})\}},'
    + rf'"start":"(?P<start>{_START.pattern})","v":{ENVELOPE_VERSION},"wall":(?P<wall>{_WHOLE})\}}'
)
"""A header as tablets write it (RFC 8785), with everything that is checked of it: to read it by key takes four times as long."""


@dataclass(frozen=True, slots=True, order=True)
class ChainKey:
    """A chain is one installation of the app, one account, one audit. Server chains carry the account `server`."""

    installation: str
    account: str
    audit: str


@dataclass(frozen=True, slots=True)
class Operation:
    """
    The parsed lines beside the bytes that they were read from. What the operation is called is its digest: nobody can take a
    name that covers other words. `wall` is the device's clock in milliseconds; `mono` counts milliseconds since the start of the
    app that `start` marks, so that a clock that was put back between two operations shows.
    """

    data: bytes
    """Both lines; the header alone where the content was erased."""
    digest: str
    chain: ChainKey
    dseq: int
    prev: str
    wall: int
    start: str
    mono: int
    hlc: str
    seen_epoch: str | None
    seen_seq: int
    entity: str
    field: str
    bases: tuple[str, ...]
    kind: OperationKind
    value: Any
    """None where the content was erased."""
    context: Mapping[str, Any]
    is_erased: bool = False
    content_sha256: str | None = None
    """Where the content has gone, what is left of it."""

    @property
    def entity_kind(self) -> str:
        return self.entity.partition("/")[0]

    @property
    def entity_id(self) -> str:
        return self.entity.partition("/")[2]


@dataclass(frozen=True, slots=True)
class ErasedOperation:
    """An operation as it travels when its content was erased."""

    header: str
    content_sha256: str


def bytes_of(text: str) -> bytes:
    """UTF-8 as a browser encodes it: half a surrogate pair becomes U+FFFD, so both sides hash the same bytes."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def digest_of(data: bytes) -> str:
    """
    SHA-256, in lower-case hex, over the SHA-256 of the header and the SHA-256 of the content (raw, 32 + 32 bytes).

    Whatever the bytes are: what stands behind the first line break is the content, and without one it is empty.
    """
    header, _, content = data.partition(b"\n")
    return digest_of_erased(header, hashlib.sha256(content).hexdigest())


def digest_of_erased(header: bytes, content_sha256: str) -> str:
    """The same digest where of the content only the hash is left."""
    return hashlib.sha256(hashlib.sha256(header).digest() + bytes.fromhex(content_sha256)).hexdigest()


def erase_content(data: bytes) -> tuple[bytes, str]:
    """The header, and the hash of the content that stood under it."""
    header, _, content = data.partition(b"\n")
    return header, hashlib.sha256(content).hexdigest()


def advance_running_hash(previous: str, digest: str, origin: Origin, received_at: int) -> str:
    """
    H of the log after one more entry: SHA-256 over the raw 32 + 32 bytes, the name of the origin, and the time of receipt in
    milliseconds as decimal digits. Device and server compute it separately: where H is the same, both hold the same entries,
    take the same ones for the server's own, and show the same of two values that wait for a decision.
    """
    told = f"{origin.value} {received_at}".encode()
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(digest) + told).hexdigest()


def held_hash(digests: Iterable[str]) -> str:
    """SHA-256 over the raw digests, one after the other: what the server says to prove which operations it holds."""
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def head_statement(chain: ChainKey, dseq: int, digest: str) -> bytes:
    """What a device signs about its chain, once a batch: `audit`, `installation`, `account`, how many, and the last digest."""
    return (
        f"auditbook-chain-head-v1\n{chain.audit}\n{chain.installation}\n{chain.account}\n{dseq}\n{digest}\n"
    ).encode()


def parse_operation(data: bytes, content_sha256: str | None = None) -> Operation | Refusal:
    """
    Read one operation; `content_sha256` stands for content that was erased, and `data` is then the header.

    Everything that can be wrong with it is a `Refusal`, never an exception: an operation that cannot be understood is kept in
    quarantine and must not hold up the ones behind it.
    """
    header, _, content = data.partition(b"\n")
    for line, limit in ((header, MAX_HEADER_BYTES), (content, MAX_CONTENT_BYTES)):
        if len(line) > limit:
            return Refusal("envelope.too_large", {"bytes": len(line), "limit": limit})
    if (made := _read_as_made(data, header, content, content_sha256)) is not None:
        return made
    try:
        envelope = parse_plain_json(header)
        body = None if content_sha256 is not None else parse_plain_json(content)
    except ValueError as problem:
        return Refusal("envelope.not_plain_json", {"why": str(problem)})
    if not isinstance(envelope, dict):
        return Refusal("envelope.not_an_object")
    if not _whole(envelope.get("v")) or envelope["v"] != ENVELOPE_VERSION:
        return Refusal("envelope.unknown_version", {"version": str(envelope.get("v"))[:20]})
    if (newer := _refuse_newer(envelope)) is not None:
        return newer
    wrong = _first_wrong_key(envelope)
    if wrong is None and content_sha256 is None:
        wrong = _wrong_content(body)
    if wrong is not None:
        return Refusal("envelope.malformed", {"key": wrong})
    chain = envelope["chain"]
    seen = envelope["seen"]
    return Operation(
        data=data,
        digest=digest_of(data) if content_sha256 is None else digest_of_erased(header, content_sha256),
        chain=ChainKey(chain["installation"], chain["account"], chain["audit"]),
        dseq=envelope["dseq"],
        prev=envelope["prev"],
        wall=envelope["wall"],
        start=envelope["start"],
        mono=envelope["mono"],
        hlc=envelope["hlc"],
        seen_epoch=seen["epoch"],
        seen_seq=seen["seq"],
        entity=envelope["ent"],
        field=envelope["fld"],
        bases=tuple(envelope["bases"]),
        kind=OperationKind(envelope["kind"]),
        value=None if body is None else body["val"],
        context=envelope["ctx"],
        is_erased=content_sha256 is not None,
        content_sha256=content_sha256,
    )


def _read_as_made(data: bytes, header: bytes, content: bytes, content_sha256: str | None) -> Operation | None:
    """None where something is wrong, or merely written otherwise: then it is read key by key."""
    found = _AS_MADE.fullmatch(header.decode("utf-8", "replace"))
    if found is None:
        return None
    try:
        body = None if content_sha256 is not None else parse_plain_json(content)
    except ValueError:
        return None
    if content_sha256 is None and _wrong_content(body) is not None:
        return None
    said = found.groupdict()
    return Operation(
        data=data,
        digest=digest_of(data) if content_sha256 is None else digest_of_erased(header, content_sha256),
        chain=ChainKey(said["installation"], said["account"], said["audit"]),
        dseq=int(said["dseq"]),
        prev=said["prev"],
        wall=int(said["wall"]),
        start=said["start"],
        mono=int(said["mono"]),
        hlc=said["hlc"],
        seen_epoch=said["epoch"],
        seen_seq=int(said["seq"]),
        entity=said["ent"],
        field=said["fld"],
        bases=tuple(said["bases"][1:-1].split('","')) if said["bases"] else (),
        kind=OperationKind(said["kind"]),
        value=None if body is None else body["val"],
        context={"app": said["app"], "schema": int(said["schema"]), "zone": said["zone"]},
        is_erased=content_sha256 is not None,
        content_sha256=content_sha256,
    )


def parse_plain_json(data: bytes) -> Any:
    """
    Parse JSON that both languages and both databases hold without change (the I-JSON subset, RFC 7493, without fractions).

    Raises ValueError for NUL, lone surrogates, fractions, integers beyond 2^53 - 1, repeated keys, deep nesting.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError("not UTF-8") from problem
    try:
        value = _PLAIN.decode(text)
    except RecursionError as problem:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from problem
    if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        # Only an escape can bring NUL or half a pair into a text that was UTF-8.
        _refuse_unplain(value, MAX_DEPTH)
    return value


def _refuse_fraction(text: str) -> Any:
    raise ValueError(f"number with a fraction or exponent: {text[:20]}")


def _exact_integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_SAFE_INTEGER:
        raise ValueError(f"integer beyond 2^53: {text[:20]}")
    return int(text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice in one object")
    return found


_PLAIN = json.JSONDecoder(
    parse_float=_refuse_fraction,
    parse_constant=_refuse_fraction,
    parse_int=_exact_integer,
    object_pairs_hook=_unique_keys,
)


def _refuse_unplain(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("NUL in a text")
        if not value.isascii() and _SURROGATE.search(value):
            raise ValueError("half a surrogate pair in a text")
    elif isinstance(value, list):
        for item in value:
            _refuse_unplain(item, depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unplain(key, depth)
            _refuse_unplain(item, depth - 1)


def _wrong_content(body: Any) -> str | None:
    if not isinstance(body, dict) or set(body) != {"salt", "val"}:
        return "val"
    return None if _matches(_SALT, body["salt"]) else "salt"


def _refuse_newer(envelope: dict[str, Any]) -> Refusal | None:
    """What a later version may have added. Told before anything that is malformed: it is asked again after an update."""
    if unknown := sorted(key for key in set(envelope) - _HEADER_KEYS if _matches(_NEW_WORD, key)):
        return Refusal("envelope.unknown_key", {"key": unknown[0]})
    kind, entity, field = envelope.get("kind"), envelope.get("ent"), envelope.get("fld")
    if not _matches(_NEW_WORD, kind) or kind in OperationKind.__members__.values():
        return None
    entity_kind = entity.partition("/")[0] if isinstance(entity, str) and _matches(_ENTITY, entity) else "?"
    return Refusal(
        "operation.unknown_kind", {"entity": entity_kind, "field": field if _matches(_FIELD, field) else "?"}
    )


def _first_wrong_key(envelope: dict[str, Any]) -> str | None:
    """The name of the first key of the header that is absent, superfluous or of the wrong shape; None when all fit."""
    if unknown := sorted(set(envelope) ^ _HEADER_KEYS):
        return str(unknown[0])[:60]
    chain, seen = envelope["chain"], envelope["seen"]
    checks = {
        "chain": isinstance(chain, dict)
        and set(chain) == {"installation", "account", "audit"}
        and _matches(_UUID, chain["installation"])
        and (chain["account"] == SERVER_ACCOUNT or _matches(_UUID, chain["account"]))
        and _matches(_UUID, chain["audit"]),
        "dseq": _whole(envelope["dseq"]) and envelope["dseq"] >= 1,
        "prev": _matches(_SHA256, envelope["prev"]),
        "wall": _whole(envelope["wall"]),
        "start": _matches(_START, envelope["start"]),
        "mono": _whole(envelope["mono"]) and envelope["mono"] >= 0,
        "hlc": _matches(_HLC, envelope["hlc"]),
        "seen": isinstance(seen, dict)
        and set(seen) == {"epoch", "seq"}
        and (seen["epoch"] is None or _matches(_UUID, seen["epoch"]))
        and _whole(seen["seq"])
        and seen["seq"] >= 0,
        "ent": _matches(_ENTITY, envelope["ent"]),
        "fld": _matches(_FIELD, envelope["fld"]),
        "bases": isinstance(envelope["bases"], list)
        and len(envelope["bases"]) <= MAX_BASES
        and all(_matches(_SHA256, base) for base in envelope["bases"]),
        "kind": envelope["kind"] in OperationKind.__members__.values(),
        "ctx": _is_context(envelope["ctx"]),
    }
    return next((key for key, fits in checks.items() if not fits), None)


def _is_context(value: Any) -> bool:
    """Nothing but what is listed: a header cannot be erased, so no words of a person may find room in it."""
    return (
        isinstance(value, dict)
        and set(value) == {"app", "schema", "zone"}
        and all(_matches(pattern, value[name]) for name, pattern in _CONTEXT.items())
        and _whole(value["schema"])
        and value["schema"] >= 0
    )


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
