"""
A new password by mail.

The request only puts a job in the queue, so that its answer is the same, and takes the same time, whether or not there is an
account at that address. The job, later and unseen, makes the code and the mail.
"""

from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.identity import throttle
from server.identity.codes import code_digest, new_code
from server.identity.passwords import hash_password
from server.mail import messages
from server.storage import accounts, sign_ins
from server.storage.clock import HOUR, now_ms
from server.storage.job_queue import enqueue
from server.storage.mailbox import queue_mail

RESET_LIFE = HOUR
JOB = "send_password_reset"


def request_reset(email: str, *, address: str) -> None:
    """Ask for a code. Raises Refused only for asking too often."""
    email = accounts.same_email(email)
    throttle.count(throttle.reset_limits(email, address))
    with unit_of_work(SERVER) as session:
        enqueue(session, JOB, {"email": email})


def send_reset(email: str, config: Config) -> None:
    """The job: if there is an account at the address, mail it a code."""
    with unit_of_work(SERVER) as session:
        account = accounts.account_by_email(session, email)
        if account is None:
            return
        code, now = new_code(), now_ms()
        sign_ins.add_password_reset(
            session, account=account.id, token_sha256=code_digest(code), now=now, expires_at=now + RESET_LIFE
        )
        message = messages.password_reset(account.language, name=account.name, code=code, public_url=config.public_url)
        queue_mail(session, to=account.email, subject=message.subject, body=message.body, holds_code=True)


def confirm_reset(code: str, password: str, *, address: str) -> None:
    """Set the password and end every session of the account: whoever had the old password is out. Raises Refused."""
    throttle.count(throttle.code_limits(address))
    password_hash = hash_password(password)
    now = now_ms()
    with unit_of_work(SERVER) as session:
        account = sign_ins.spend_password_reset(session, code_digest(code), now)
        if account is None:
            raise Refused(Refusal("account.token_spent"))
        accounts.set_password(session, account, password_hash, now)
        sign_ins.end_every_session(session, account, now)
