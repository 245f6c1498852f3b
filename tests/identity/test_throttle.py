"""Counting attempts, in SQL, for any number of processes and on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from server.domain.refusals import Refused
from server.identity.throttle import Limit, count
from server.storage.clock import MINUTE, now_ms


def is_let_through(*limits: Limit) -> bool:
    try:
        count(limits)
    except Refused:
        return False
    return True


def test_at_most_so_many_in_a_window(database: str, app: Flask, monkeypatch: pytest.MonkeyPatch):
    limit = Limit("lena", 3, MINUTE)
    assert [is_let_through(limit) for _ in range(5)] == [True, True, True, False, False]
    assert is_let_through(Limit("aron", 3, MINUTE))
    later = now_ms() + MINUTE
    monkeypatch.setattr("server.identity.throttle.now_ms", lambda: later)
    assert is_let_through(limit), "a window does not grow by trying on"


def test_the_tightest_of_several_limits_counts(app: Flask):
    narrow, wide = Limit("one", 1, MINUTE), Limit("all", 3, 2 * MINUTE)
    assert is_let_through(narrow, wide)
    with pytest.raises(Refused) as refused:
        count([narrow, wide])
    assert 0 < refused.value.refusal.facts["seconds"] <= 60
    assert is_let_through(wide)
    assert not is_let_through(wide)


def test_attempts_at_the_same_moment_all_count(database: str, app: Flask):
    limit = Limit("flood", 10, MINUTE)

    def attempt(_: int) -> bool:
        with app.app_context():
            return is_let_through(limit)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(40))) == 10
