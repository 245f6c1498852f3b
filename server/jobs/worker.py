"""
Does the jobs, one after another: as a thread beside the server, or as a process of its own (`auditbook worker`).

A job is claimed for a while and the claim is renewed as long as the job runs. What fails is tried again, ever more slowly;
what fails for good is said loudly, in the log and in the job's row.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import structlog

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refused
from server.jobs.registry import GAVE_UP, JOBS, Handler
from server.jobs.tidy_up import tidy_up
from server.storage import Session, job_queue
from server.storage.job_queue import DEFAULT_QUEUE, LEASE, ClaimedJob, GiveUp, TryLater

IDLE = 0.5
"""Seconds between two looks at an empty queue."""
AFTER_FAULT = 5.0
"""Seconds to wait when the database itself cannot be asked."""
TIDYING = 6 * 3600.0
"""Seconds between two rounds of tidying up."""
LONGEST_RUN = 15 * 60
"""Seconds after which a claim is no longer renewed: what hangs that long, another worker tries."""

log = structlog.get_logger()


class App(Protocol):
    """What the worker needs of the server: its settings, and a context in which the database is bound."""

    @property
    def config(self) -> Any: ...

    def app_context(self) -> AbstractContextManager[Any]: ...


def run_worker(
    app: App,
    stop: threading.Event,
    *,
    jobs: Mapping[str, Handler] = JOBS,
    queue: str = DEFAULT_QUEUE,
    lease: int = LEASE,
) -> None:
    """Work until told to stop; a job that was begun is finished first."""
    next_tidying = time.monotonic() + TIDYING
    while not stop.is_set():
        try:
            if time.monotonic() >= next_tidying:
                next_tidying = time.monotonic() + TIDYING
                with app.app_context():
                    tidy_up(app.config["AUDITBOOK"])
            with app.app_context():
                did_something = run_next_job(app, jobs=jobs, queue=queue, lease=lease)
        except Exception:
            log.exception("worker cannot reach its queue")
            stop.wait(AFTER_FAULT)
            continue
        if not did_something:
            stop.wait(IDLE)


def run_next_job(
    app: App, *, jobs: Mapping[str, Handler] = JOBS, queue: str = DEFAULT_QUEUE, lease: int = LEASE
) -> bool:
    """Do the job that is due for longest; False when none is. To be called with an app context."""
    with reading(SERVER) as session:
        if not job_queue.has_due_job(session, queue):
            return False
    with unit_of_work(SERVER) as session:
        job = job_queue.claim_job(session, queue, lease)
        lost = [] if job else job_queue.fail_lost_jobs(session, queue)
        for one in lost:
            _say_given_up(session, one)
    for one in lost:
        log.error("job failed", job=one.name, id=one.id, error="every worker that tried it was lost")
    if job is None:
        return bool(lost)
    with _Claim(app, job, lease) as claim:
        outcome = _attempt(job, jobs, app.config["AUDITBOOK"])
    _note(claim.job, outcome)
    return True


def _attempt(job: ClaimedJob, jobs: Mapping[str, Handler], config: Config) -> Exception | None:
    """None when it is done, else what stood in the way."""
    try:
        handler = jobs.get(job.name)
        if handler is None:
            raise LookupError("This version of the server does not know this job.")
        handler(job.args, config)
    except Exception as problem:
        return problem
    return None


def _note(job: ClaimedJob, outcome: Exception | None) -> None:
    with unit_of_work(SERVER) as session:
        if outcome is None:
            job_queue.end_job(session, job)
        elif isinstance(outcome, TryLater):
            job_queue.postpone_job(session, job, outcome.at)
        elif isinstance(outcome, GiveUp) or job.is_last_attempt:
            if job_queue.fail_job(session, job, _said(outcome)):
                _say_given_up(session, job)
        else:
            job_queue.retry_job(session, job, _said(outcome))
    facts = {"job": job.name, "id": job.id, "attempt": job.attempt}
    if outcome is None:
        log.info("job done", **facts)
    elif isinstance(outcome, GiveUp) or (job.is_last_attempt and not isinstance(outcome, TryLater)):
        log.error("job failed", **facts, exc_info=outcome)
    elif not isinstance(outcome, TryLater):
        log.warning("job is tried again", **facts, exc_info=outcome)


def _say_given_up(session: Session, job: ClaimedJob) -> None:
    """Whoever waits for what the job should have made sees that it will not come by itself."""
    if job.name in GAVE_UP:
        GAVE_UP[job.name](session, job.args, job.id)


def _said(problem: Exception) -> str:
    if isinstance(problem, Refused):
        return f"{problem.refusal.code}: {problem.refusal.sentence}"
    return str(problem) if isinstance(problem, GiveUp) else f"{type(problem).__name__}: {problem}"


class _Claim:
    """Renews a claim in the background for as long as its job runs."""

    def __init__(self, app: App, job: ClaimedJob, lease: int):
        self.job = job
        self._app = app
        self._lease = lease
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"claim on {job.name}", daemon=True)

    def __enter__(self) -> "_Claim":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended.set()
        self._thread.join()

    def _renew(self) -> None:
        until = time.monotonic() + LONGEST_RUN
        while not self._has_ended.wait(self._lease / 3000) and time.monotonic() < until:
            try:
                with self._app.app_context(), unit_of_work(SERVER) as session:
                    renewed = job_queue.renew_lease(session, self.job, self._lease)
            except Exception:
                log.exception("claim cannot be renewed", job=self.job.name)
                continue
            if renewed is None:
                return
            self.job = renewed
