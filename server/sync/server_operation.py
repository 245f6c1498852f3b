"""The bytes of an operation that the server itself writes: a verdict, an erasure, what the office prepares."""

import base64
import secrets
import time
from collections.abc import Mapping
from typing import Any

import rfc8785

from server.domain.operation import ENVELOPE_VERSION, SCHEMA_VERSION, ChainKey, Operation, parse_operation
from server.domain.refusals import Refused
from server.domain.vocabulary import OperationKind

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def new_start() -> str:
    """A mark for one run of a program, by which its readings of a monotonic clock belong together: 8 random bytes, base64url."""
    return _base64url(secrets.token_bytes(8))


START, _STARTED_AT = new_start(), time.monotonic()


def write_operation(
    chain: ChainKey,
    *,
    dseq: int,
    prev: str,
    now: int,
    epoch: str,
    seen: int,
    entity: str,
    field: str,
    bases: list[str],
    kind: OperationKind,
    value: Any,
    context: Mapping[str, Any] | None = None,
    run: tuple[str, int] | None = None,
) -> Operation:
    """
    The next operation of a chain of the server's. `now` is in milliseconds, `seen` the number up to which the log was known,
    `context` where it is made and `run` the mark of that app's start and the milliseconds since, if not here: the demonstration
    writes what tablets would have.

    Raises Refused for what no operation can carry (texts with NUL, fractions, more than 4 MiB).
    """
    start, mono = run or (START, round((time.monotonic() - _STARTED_AT) * 1000))
    header: Any = {
        "v": ENVELOPE_VERSION,
        "chain": {"installation": chain.installation, "account": chain.account, "audit": chain.audit},
        "dseq": dseq,
        "prev": prev,
        "wall": now,
        "start": start,
        "mono": mono,
        "hlc": f"{now:015d}-{_base36(dseq)}",
        "seen": {"epoch": epoch, "seq": seen},
        "ent": entity,
        "fld": field,
        "bases": bases,
        "kind": kind.value,
        "ctx": {"app": "server", "schema": SCHEMA_VERSION, "zone": "UTC", **(context or {})},
    }
    salt = _base64url(secrets.token_bytes(16))
    data = rfc8785.dumps(header) + b"\n" + rfc8785.dumps({"salt": salt, "val": value})
    operation = parse_operation(data)
    if not isinstance(operation, Operation):
        raise Refused(operation)
    return operation


def _base36(number: int) -> str:
    digits = ""
    for _ in range(8):
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits
