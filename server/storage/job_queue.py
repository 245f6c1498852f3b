"""
Jobs: asked for in the caller's own transaction, claimed by one worker at a time, tried again ever more slowly.

A claim is a lease. A worker that dies loses it, and the next one does the job: so every job may run twice, and must bear it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.clock import HOUR, MINUTE, now_ms
from server.storage.identifiers import new_id
from server.storage.tables.job import Job

DEFAULT_QUEUE = "default"
LEASE = 2 * MINUTE
MAX_ATTEMPTS = 8
LONGEST_PAUSE = 4 * HOUR


class GiveUp(Exception):
    """Raised by a job that will never succeed, however often it is tried. The text says why."""


class TryLater(Exception):
    """Raised by a job that knows when it is worth trying again, in milliseconds since 1970. It counts as no failure."""

    def __init__(self, at: int):
        super().__init__(f"again at {at}")
        self.at = at


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that is this worker's until the lease ends. `lease_until` proves whose it is."""

    id: str
    name: str
    args: Mapping[str, Any]
    attempt: int
    max_attempts: int
    lease_until: int

    @property
    def is_last_attempt(self) -> bool:
        return self.attempt >= self.max_attempts


def enqueue(
    session: Session,
    name: str,
    args: Mapping[str, Any],
    dedup: str | None = None,
    *,
    run_at: int | None = None,
    max_attempts: int = MAX_ATTEMPTS,
    queue: str = DEFAULT_QUEUE,
) -> str:
    """
    Ask for a job, in the transaction of what it is about; its id.

    With `dedup`, asking again for a job that waits or is done changes nothing; one that had failed is tried anew.
    """
    now = now_ms()
    if dedup is not None:
        known = session.scalar(sa.select(Job).where(Job.dedup == dedup).with_for_update())
        if known is not None:
            if known.state == "failed":
                known.state, known.attempt, known.run_at, known.lease_until = "waiting", 0, run_at or now, 0
                known.args, known.error, known.ended_at = json.dumps(dict(args)), None, None
                session.flush()
            return known.id
    job = Job(
        id=new_id(now),
        queue=queue,
        name=name,
        args=json.dumps(dict(args)),
        dedup=dedup,
        state="waiting",
        run_at=now if run_at is None else run_at,
        lease_until=0,
        attempt=0,
        max_attempts=max_attempts,
        created_at=now,
    )
    session.add(job)
    session.flush()
    return job.id


def has_due_job(session: Session, queue: str = DEFAULT_QUEUE) -> bool:
    """Whether there is something to claim. A worker that asks so first does not queue up as a writer for nothing."""
    now = now_ms()
    due = sa.select(Job.id).where(Job.queue == queue, Job.state == "waiting", Job.run_at <= now, Job.lease_until <= now)
    return session.scalar(sa.select(sa.exists(due))) is True


def claim_job(session: Session, queue: str = DEFAULT_QUEUE, lease: int = LEASE) -> ClaimedJob | None:
    """Take the job that is due for longest, in one statement. The transaction must be committed before the job is run."""
    now = now_ms()
    due = (
        sa.select(Job.id)
        .where(
            Job.queue == queue,
            Job.state == "waiting",
            Job.run_at <= now,
            Job.lease_until <= now,
            Job.attempt < Job.max_attempts,
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has one writer, and its compiler leaves this out.
    )
    row = session.execute(
        sa.update(Job)
        .where(Job.id == due.scalar_subquery())
        .values(lease_until=now + lease, attempt=Job.attempt + 1)
        .returning(Job.id, Job.name, Job.args, Job.attempt, Job.max_attempts, Job.lease_until)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    return _claimed(row)


def _claimed(row: Any) -> ClaimedJob:
    return ClaimedJob(row.id, row.name, json.loads(row.args), row.attempt, row.max_attempts, row.lease_until)


def fail_lost_jobs(session: Session, queue: str = DEFAULT_QUEUE) -> list[ClaimedJob]:
    """Give up on jobs that took their worker down with them in each of their attempts; which they were."""
    now = now_ms()
    lost = session.execute(
        sa.update(Job)
        .where(
            Job.queue == queue,
            Job.state == "waiting",
            Job.lease_until <= now,
            Job.attempt >= Job.max_attempts,
        )
        .values(state="failed", error="Every worker that tried it was lost.", ended_at=now)
        .returning(Job.id, Job.name, Job.args, Job.attempt, Job.max_attempts, Job.lease_until)
        .execution_options(synchronize_session=False)
    )
    return [_claimed(row) for row in lost]


def renew_lease(session: Session, job: ClaimedJob, lease: int = LEASE) -> ClaimedJob | None:
    """Keep a job that takes longer. None when the lease has gone to another worker meanwhile."""
    until = now_ms() + lease
    if not _change_own(session, job, lease_until=until):
        return None
    return ClaimedJob(job.id, job.name, job.args, job.attempt, job.max_attempts, until)


def end_job(session: Session, job: ClaimedJob) -> None:
    """Done. The row stays, so that the same job is not done again when it is asked for again."""
    _change_own(session, job, state="done", error=None, ended_at=now_ms())


def retry_job(session: Session, job: ClaimedJob, error: str) -> int:
    """It failed and is tried again, ever more slowly; when."""
    run_at = now_ms() + pause_after(job.attempt)
    _change_own(session, job, run_at=run_at, lease_until=0, error=error[:2000])
    return run_at


def postpone_job(session: Session, job: ClaimedJob, run_at: int) -> None:
    """It said itself when to run again; this attempt counts as none."""
    _change_own(session, job, run_at=run_at, lease_until=0, attempt=job.attempt - 1)


def fail_job(session: Session, job: ClaimedJob, error: str) -> bool:
    """Given up. The row stays, for whoever looks after it. False where another worker has it meanwhile."""
    return _change_own(session, job, state="failed", error=error[:2000], ended_at=now_ms())


def pause_after(attempt: int) -> int:
    """Five seconds at first, four times as long each time, four hours at most."""
    return int(min(5_000 * 4 ** (attempt - 1), LONGEST_PAUSE))


def job_states(session: Session, queue: str = DEFAULT_QUEUE) -> dict[str, int]:
    """How many jobs are in each state."""
    counted = session.execute(
        sa.select(Job.state, sa.func.count().label("number")).where(Job.queue == queue).group_by(Job.state)
    )
    return {row.state: row.number for row in counted}


def find_job(session: Session, job: str) -> Job | None:
    return session.get(Job, job)


def _change_own(session: Session, job: ClaimedJob, **values: Any) -> bool:
    """Only while the lease is still this worker's: a slow one must not end what another is doing again."""
    changed = session.execute(
        sa.update(Job)
        .where(Job.id == job.id, Job.state == "waiting", Job.lease_until == job.lease_until)
        .values(**values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None
