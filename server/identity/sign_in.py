"""
Signing in and out with address and password, and who a token belongs to.

A session is a random token in a cookie. The server knows its SHA-256, and for how long it was not used: 90 days of silence end it,
so a tablet that was in the field for weeks is still signed in.
"""

from dataclasses import dataclass

from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.identity import throttle
from server.identity.codes import new_token, token_digest
from server.identity.passwords import hash_password, is_right_password, needs_new_hash
from server.identity.signed_in import SignedIn
from server.storage import accounts, sign_ins
from server.storage.clock import DAY, now_ms

SESSION_LIFE = 90 * DAY
NOTICED_EVERY = DAY
"""A session's last use is written down once a day: a write with every request would queue behind the sync."""


@dataclass(frozen=True, slots=True)
class KnownSession:
    """Somebody who is signed in. `is_renewed` says that the session was just prolonged, so the cookie should be too."""

    signed_in: SignedIn
    is_renewed: bool


def sign_in(email: str, password: str, *, address: str, device: str) -> tuple[str, SignedIn]:
    """
    A new session's token. Raises Refused with the same words, after the same time, for an unknown address and a wrong password.
    """
    email = accounts.same_email(email)
    limits = throttle.sign_in_limits(email, address)
    throttle.count(limits)
    with reading(SERVER) as session:
        account = accounts.account_by_email(session, email)
    # Outside of any transaction: a check takes long, and nobody shall wait for it.
    is_right = is_right_password(account.password_hash if account else None, password)
    if account is None or not is_right:
        raise Refused(Refusal("account.wrong_credentials"))
    renewed_hash = hash_password(password) if needs_new_hash(account.password_hash) else None
    token = new_token()
    with unit_of_work(SERVER) as session:
        current = accounts.account_by_id(session, account.id)
        if current is None or current.password_hash != account.password_hash:
            # The password was changed while this one was being checked.
            raise Refused(Refusal("account.wrong_credentials"))
        session_id = sign_ins.add_session(
            session, account=account.id, token_sha256=token_digest(token), device=device, now=now_ms()
        )
        if renewed_hash:
            accounts.renew_hash(session, account.id, renewed_hash)
        for limit in limits:
            sign_ins.forgive_attempt(session, limit.key)
        roles = accounts.roles_of(session, account.id)
    return token, SignedIn(session_id, account.id, account.email, account.name, roles, account.language)


def session_of(token: str) -> KnownSession | None:
    """Who this token belongs to; None when the session was ended or forgotten."""
    now = now_ms()
    with reading(SERVER) as session:
        row = sign_ins.session_by_token(session, token_digest(token), seen_since=now - SESSION_LIFE)
        account = accounts.account_by_id(session, row.account) if row else None
        if row is None or account is None:
            return None
        roles = accounts.roles_of(session, account.id)
    is_due = now - row.last_seen_at >= NOTICED_EVERY
    if is_due:
        with unit_of_work(SERVER) as session:
            sign_ins.touch_session(session, row.id, now)
    signed_in = SignedIn(
        row.id,
        account.id,
        account.email,
        account.name,
        roles,
        account.language,
        installation=row.installation,
        is_blocked=row.is_blocked,
    )
    return KnownSession(signed_in, is_due)


def sign_out(token: str) -> None:
    """End this session. What the tablet holds stays on the tablet."""
    with unit_of_work(SERVER) as session:
        sign_ins.end_session(session, token_digest(token), now_ms())
