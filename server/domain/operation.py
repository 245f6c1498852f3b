"""
One operation: a single change to a single field, made on one device, in its place in a chain.

The bytes of an operation are its truth. They are made once, where the change is made, hashed as they are, sent as one string
and kept for ever; what stands here reads them. Design record: docs/adr/0002-operation-log.md.

Where it stands on the road: made in pwa/src/domain/operation.ts, received by server/sync/push.py, folded by fold.py.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind

ENVELOPE_VERSION = 1
SCHEMA_VERSION = 1
GENESIS = "0" * 64
"""What the first operation of a chain names as its predecessor, and the running hash of an empty log."""

MAX_OPERATION_BYTES = 1_048_576
MAX_DEPTH = 16
MAX_BASES = 1024
"""A deletion names every head of its entity."""
MAX_SAFE_INTEGER = 2**53 - 1
"""Beyond it a tablet cannot hold an integer exactly (ECMA-262, Number.MAX_SAFE_INTEGER)."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ENTITY = re.compile(r"[a-z][a-z_]{0,39}/[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}")
_FIELD = re.compile(r"[a-z_][a-z0-9_]{0,59}")
_HLC = re.compile(r"[0-9]{15}-[0-9a-z]{8}")

_ENVELOPE_KEYS = frozenset("v id chain dseq prev wall mono hlc seen ent fld bases kind val ctx".split())


@dataclass(frozen=True, slots=True, order=True)
class ChainKey:
    """A chain is one installation of the app, one account, one audit. Server chains carry the account `server`."""

    installation: str
    account: str
    audit: str


@dataclass(frozen=True, slots=True)
class Operation:
    """The parsed envelope beside the bytes that it was read from. `wall` and `mono` are milliseconds of the device."""

    data: bytes
    digest: str
    id: str
    chain: ChainKey
    dseq: int
    prev: str
    wall: int
    mono: int
    hlc: str
    seen_epoch: str | None
    seen_seq: int
    entity: str
    field: str
    bases: tuple[str, ...]
    kind: OperationKind
    value: Any
    context: Mapping[str, Any]

    @property
    def entity_kind(self) -> str:
        return self.entity.partition("/")[0]

    @property
    def entity_id(self) -> str:
        return self.entity.partition("/")[2]


def digest_of(data: bytes) -> str:
    """SHA-256 in lower-case hex, over the exact bytes."""
    return hashlib.sha256(data).hexdigest()


def advance_running_hash(previous: str, digest: str) -> str:
    """H of the log after one more entry: SHA-256 over the raw 32 + 32 bytes. Device and server compute it separately."""
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(digest)).hexdigest()


def head_statement(chain: ChainKey, dseq: int, digest: str) -> bytes:
    """What a device signs about its chain, once a batch: `audit`, `installation`, `account`, how many, and the last digest."""
    return (
        f"auditbook-chain-head-v1\n{chain.audit}\n{chain.installation}\n{chain.account}\n{dseq}\n{digest}\n"
    ).encode()


def parse_operation(data: bytes) -> Operation | Refusal:
    """
    Read one envelope. Everything that can be wrong with it is a `Refusal`, never an exception:
    an envelope that cannot be understood is kept in quarantine and must not hold up the ones behind it.
    """
    if len(data) > MAX_OPERATION_BYTES:
        return Refusal("envelope.too_large", {"bytes": len(data), "limit": MAX_OPERATION_BYTES})
    try:
        envelope = parse_plain_json(data)
    except ValueError as problem:
        return Refusal("envelope.not_plain_json", {"why": str(problem)})
    if not isinstance(envelope, dict):
        return Refusal("envelope.not_an_object")
    if not _whole(envelope.get("v")) or envelope["v"] != ENVELOPE_VERSION:
        return Refusal("envelope.unknown_version", {"version": str(envelope.get("v"))[:20]})
    if wrong := _first_wrong_key(envelope):
        return Refusal("envelope.malformed", {"key": wrong})
    chain = envelope["chain"]
    seen = envelope["seen"]
    return Operation(
        data=data,
        digest=digest_of(data),
        id=envelope["id"],
        chain=ChainKey(chain["installation"], chain["account"], chain["audit"]),
        dseq=envelope["dseq"],
        prev=envelope["prev"],
        wall=envelope["wall"],
        mono=envelope["mono"],
        hlc=envelope["hlc"],
        seen_epoch=seen["epoch"],
        seen_seq=seen["seq"],
        entity=envelope["ent"],
        field=envelope["fld"],
        bases=tuple(envelope["bases"]),
        kind=OperationKind(envelope["kind"]),
        value=envelope["val"],
        context=envelope["ctx"],
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
        value = json.loads(
            text,
            parse_float=_refuse_fraction,
            parse_constant=_refuse_fraction,
            parse_int=_exact_integer,
            object_pairs_hook=_unique_keys,
        )
    except RecursionError as problem:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from problem
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


def _refuse_unplain(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("NUL in a text")
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("half a surrogate pair in a text")
    elif isinstance(value, list):
        for item in value:
            _refuse_unplain(item, depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unplain(key, depth)
            _refuse_unplain(item, depth - 1)


def _first_wrong_key(envelope: dict[str, Any]) -> str | None:
    """The name of the first key of the envelope that is absent, superfluous or of the wrong shape; None when all fit."""
    if unknown := sorted(set(envelope) ^ _ENVELOPE_KEYS):
        return str(unknown[0])[:60]
    chain, seen = envelope["chain"], envelope["seen"]
    checks = {
        "id": _matches(_UUID, envelope["id"]),
        "chain": isinstance(chain, dict)
        and set(chain) == {"installation", "account", "audit"}
        and _matches(_UUID, chain["installation"])
        and (chain["account"] == "server" or _matches(_UUID, chain["account"]))
        and _matches(_UUID, chain["audit"]),
        "dseq": _whole(envelope["dseq"]) and envelope["dseq"] >= 1,
        "prev": _matches(_SHA256, envelope["prev"]),
        "wall": _whole(envelope["wall"]),
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
        and all(_matches(_UUID, base) for base in envelope["bases"]),
        "kind": envelope["kind"] in OperationKind.__members__.values(),
        "ctx": isinstance(envelope["ctx"], dict),
    }
    return next((key for key, fits in checks.items() if not fits), None)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
