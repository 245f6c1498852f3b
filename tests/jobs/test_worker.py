"""Jobs: done once each, again after a failure, by somebody else after a death, and given up loudly."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.jobs.worker import run_next_job, run_worker
from server.storage import clock, job_queue
from server.storage.job_queue import GiveUp, TryLater, enqueue, pause_after

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def time_passes(monkeypatch):
    """Moves the queue's clock; it stands still otherwise."""
    now = [clock.now_ms()]
    monkeypatch.setattr(job_queue, "now_ms", lambda: now[0])

    def pass_by(milliseconds: int) -> None:
        now[0] += milliseconds

    return pass_by


def ask(name="greet", args=None, dedup=None, **more) -> str:
    with unit_of_work(SERVER) as session:
        return enqueue(session, name, args or {}, dedup, **more)


def job(job_id: str):
    with reading(SERVER) as session:
        row = job_queue.find_job(session, job_id)
        session.expunge(row)
        return row


def test_a_job_is_done_once(app, database):
    done = []
    asked = ask(args={"who": "Lena"})
    jobs = {"greet": lambda args, config: done.append(args["who"])}
    assert run_next_job(app, jobs=jobs)
    assert not run_next_job(app, jobs=jobs)
    assert done == ["Lena"]
    assert job(asked).state == "done"


def test_a_job_that_is_asked_for_in_a_transaction_that_fails_never_was(app, database):
    def fail_after_asking() -> None:
        with unit_of_work(SERVER) as session:
            enqueue(session, "greet", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_asking()
    assert not run_next_job(app, jobs={})


def test_the_job_that_is_due_for_longest_comes_first(app, database, time_passes):
    done = []
    ask(args={"number": 1}, run_at=job_queue.now_ms() + 1000)
    ask(args={"number": 2})
    jobs = {"greet": lambda args, config: done.append(args["number"])}
    while run_next_job(app, jobs=jobs):
        pass
    assert done == [2]
    time_passes(1000)
    run_next_job(app, jobs=jobs)
    assert done == [2, 1]


def test_asked_for_twice_it_is_done_once(app, database):
    done = []
    jobs = {"greet": lambda args, config: done.append(1)}
    first = ask(dedup="greet Lena")
    assert ask(dedup="greet Lena") == first
    while run_next_job(app, jobs=jobs):
        pass
    assert ask(dedup="greet Lena") == first
    assert not run_next_job(app, jobs=jobs)
    assert done == [1]


def test_a_failure_is_tried_again_ever_more_slowly_and_given_up_loudly(app, database, time_passes, capsys):
    def fail(args, config):
        raise OSError("the printer is on fire")

    asked = ask(max_attempts=3)
    for attempt in (1, 2, 3):
        assert run_next_job(app, jobs={"greet": fail})
        assert not run_next_job(app, jobs={"greet": fail})
        time_passes(pause_after(attempt))
    row = job(asked)
    assert (row.state, row.attempt, row.error) == ("failed", 3, "OSError: the printer is on fire")
    assert not run_next_job(app, jobs={"greet": fail})
    assert '"job failed"' in capsys.readouterr().err


def test_the_pauses_grow_and_end():
    assert [pause_after(attempt) for attempt in (1, 2, 3)] == [5_000, 20_000, 80_000]
    assert pause_after(50) == job_queue.LONGEST_PAUSE


def test_what_will_never_succeed_is_not_tried_again(app, database):
    def refuse(args, config):
        raise GiveUp("There is no such report.")

    asked = ask()
    run_next_job(app, jobs={"greet": refuse})
    assert (job(asked).state, job(asked).error) == ("failed", "There is no such report.")


def test_a_job_that_failed_is_tried_anew_when_it_is_asked_for_again(app, database):
    def refuse(args, config):
        raise GiveUp("not yet")

    asked = ask(dedup="report 1")
    run_next_job(app, jobs={"greet": refuse})
    assert ask(dedup="report 1") == asked
    run_next_job(app, jobs={"greet": lambda args, config: None})
    assert job(asked).state == "done"


def test_a_job_may_say_itself_when_to_run_again(app, database, time_passes):
    def later(args, config):
        raise TryLater(job_queue.now_ms() + 60_000)

    asked = ask(max_attempts=1)
    run_next_job(app, jobs={"greet": later})
    assert (job(asked).state, job(asked).attempt) == ("waiting", 0)
    assert not run_next_job(app, jobs={"greet": later})
    time_passes(60_000)
    assert run_next_job(app, jobs={"greet": lambda args, config: None})


def test_a_job_of_a_newer_version_waits_for_it(app, database):
    asked = ask("fly_to_the_moon")
    run_next_job(app, jobs={})
    assert job(asked).state == "waiting"


def test_a_worker_that_lost_its_claim_does_not_end_what_another_does(app, database, time_passes):
    asked = ask()
    with unit_of_work(SERVER) as session:
        slow = job_queue.claim_job(session, lease=1000)
    time_passes(1001)
    with unit_of_work(SERVER) as session:
        quick = job_queue.claim_job(session, lease=1000)
    assert slow is not None and quick is not None and slow.id == quick.id
    with unit_of_work(SERVER) as session:
        job_queue.fail_job(session, slow, "too late")
        assert job_queue.renew_lease(session, slow) is None
    assert job(asked).state == "waiting"
    with unit_of_work(SERVER) as session:
        job_queue.end_job(session, quick)
    assert job(asked).state == "done"


def test_a_long_job_keeps_its_claim(app, database, time_passes):
    asked, lease, claims = ask(), 300, []

    def work(args, config):
        claimed = job(asked).lease_until
        time_passes(lease // 2)
        for _ in range(3000):
            if job(asked).lease_until != claimed:
                break
            time.sleep(0.01)
        # The first claim is over now, the renewed one is not.
        time_passes(lease // 2 + 1)
        with unit_of_work(SERVER) as session:
            claims.append(job_queue.claim_job(session))

    run_next_job(app, jobs={"greet": work}, lease=lease)
    assert claims == [None]
    assert job(asked).state == "done"


def test_a_job_that_takes_every_worker_down_is_given_up(app, database, time_passes, capsys):
    asked = ask(max_attempts=2)
    for _ in range(2):
        with unit_of_work(SERVER) as session:
            assert job_queue.claim_job(session, lease=1000) is not None
        time_passes(1001)
    assert run_next_job(app, jobs={})
    assert job(asked).state == "failed"
    assert '"job failed"' in capsys.readouterr().err


@pytest.mark.slow
def test_two_workers_share_the_jobs(app, database):
    done, lock = [], threading.Lock()

    def work(args, config):
        with lock:
            done.append(args["number"])

    with unit_of_work(SERVER) as session:
        for number in range(40):
            enqueue(session, "greet", {"number": number})
    stop = threading.Event()
    workers = [
        threading.Thread(target=run_worker, args=(app, stop), kwargs={"jobs": {"greet": work}}) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + 30
    while len(done) < 40 and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    for worker in workers:
        worker.join()
    assert sorted(done) == list(range(40))


WORKER = """
import os, sys, threading, time
from server.app import create_app
from server.config import load_config
from server.jobs.worker import run_worker

def work(args, config):
    with open(args["journal"], "a") as journal:
        journal.write("begun\\n")
    if args["is_slow"] and len(open(args["journal"]).readlines()) == 1:
        time.sleep(60)
    with open(args["journal"], "a") as journal:
        journal.write("done\\n")

run_worker(create_app(load_config()), threading.Event(), jobs={"work": work}, lease=1500)
"""


def start_worker(config: Config) -> subprocess.Popen:
    settings = {"AUDITBOOK_DATA": config.data, "AUDITBOOK_DEMO": "0", "AUDITBOOK_WORKER": "0"}
    if config.database_url:
        settings["DATABASE_URL"] = config.database_url
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=os.environ | settings, stderr=subprocess.DEVNULL
    )


def wait_for(journal: Path, lines: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if journal.exists() and len(journal.read_text().splitlines()) >= lines:
            return
        time.sleep(0.05)
    raise AssertionError("The worker did not get there.")


@pytest.mark.slow
def test_a_job_whose_worker_is_killed_is_done_by_the_next(app, config, database, tmp_path):
    journal = tmp_path / "journal"
    asked = ask("work", {"journal": str(journal), "is_slow": True})
    first = start_worker(config)
    try:
        wait_for(journal, 1)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    second = start_worker(config)
    try:
        wait_for(journal, 3)
        deadline = time.monotonic() + 10
        while job(asked).state != "done" and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        second.terminate()
        second.wait()
    assert journal.read_text().splitlines() == ["begun", "begun", "done"]
    assert (job(asked).state, job(asked).attempt) == ("done", 2)
