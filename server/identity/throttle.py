"""How often somebody may try, by account and by address. Counted in SQL, so that every process counts the same."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from server.database import SERVER, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.storage import sign_ins
from server.storage.clock import HOUR, MINUTE, now_ms


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` attempts by one subject in a window of so many milliseconds."""

    subject: str
    most: int
    window: int

    @property
    def key(self) -> bytes:
        return hashlib.sha256(self.subject.encode("utf-8", "surrogatepass")).digest()


def sign_in_limits(email: str, address: str) -> tuple[Limit, ...]:
    """One person's typing errors, one machine trying many accounts, many machines trying one account."""
    return (
        Limit(f"sign-in {email} {address}", 10, 15 * MINUTE),
        Limit(f"sign-in from {address}", 100, 15 * MINUTE),
        Limit(f"sign-in to {email}", 60, HOUR),
    )


def code_limits(address: str) -> tuple[Limit, ...]:
    """Guessing invitations and codes for a new password."""
    return (Limit(f"code from {address}", 30, 15 * MINUTE),)


def reset_limits(email: str, address: str) -> tuple[Limit, ...]:
    """Filling somebody's mailbox."""
    return (Limit(f"reset of {email}", 5, HOUR), Limit(f"reset from {address}", 30, HOUR))


def count(limits: Iterable[Limit]) -> None:
    """
    Count one attempt before it is made: of many at the same time each one counts. Raises Refused beyond a limit.

    The count is committed by itself, so that whatever fails afterwards does not undo it.
    """
    now = now_ms()
    waits = []
    with unit_of_work(SERVER) as session:
        for limit in limits:
            attempts, ends_at = sign_ins.count_attempt(session, limit.key, window=limit.window, now=now)
            if attempts > limit.most:
                waits.append(ends_at - now)
    if waits:
        raise Refused(Refusal("request.too_many", {"seconds": max(1, -(-max(waits) // 1000))}))
