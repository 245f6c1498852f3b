"""The server's clock: milliseconds since 1970, as every table keeps them. Tests put their own in its place."""

import time
from datetime import UTC, datetime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def as_instant(at: int) -> str:
    """An instant as the wire writes it: UTC, three decimals, `Z`."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
