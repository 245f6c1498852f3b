"""New ids: UUIDv7 (RFC 9562, 5.7), which sort by the time at which they were made."""

import secrets
import uuid

from server.storage.clock import now_ms


def new_id(at: int | None = None) -> str:
    moment = (now_ms() if at is None else at) & (2**48 - 1)
    value = moment << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
