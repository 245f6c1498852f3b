"""The bytes of an operation that the server itself writes: a verdict, an erasure, what the office prepares."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

import rfc8785

from server.domain.operation import ENVELOPE_VERSION, SCHEMA_VERSION, ChainKey, Operation, parse_operation
from server.domain.refusals import Refused
from server.domain.vocabulary import OperationKind
from server.storage.identifiers import new_id

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


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
) -> Operation:
    """
    The next operation of a chain of the server's. `now` is in milliseconds, `seen` the number up to which the log was known,
    `context` where it is made, if not here: the demonstration writes what tablets would have.

    Raises Refused for what no operation can carry (texts with NUL, fractions, more than 4 MiB).
    """
    header: Any = {
        "v": ENVELOPE_VERSION,
        "id": new_id(now),
        "chain": {"installation": chain.installation, "account": chain.account, "audit": chain.audit},
        "dseq": dseq,
        "prev": prev,
        "wall": now,
        "mono": 0,
        "hlc": f"{now:015d}-{_base36(dseq)}",
        "seen": {"epoch": epoch, "seq": seen},
        "ent": entity,
        "fld": field,
        "bases": bases,
        "kind": kind.value,
        "ctx": {"app": "server", "schema": SCHEMA_VERSION, "zone": "UTC", **(context or {})},
    }
    salt = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
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
