"""A few of the stories that `make torture` tells by the thousand."""

from pathlib import Path

import pytest
from flask import Flask

from tests.torture.lanes import Part, drive
from tests.torture.simulator import plan_of, shrink, tell


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_whatever_happens_nothing_is_lost_and_everybody_sees_the_same(app: Flask, tmp_path: Path, seed):
    assert tell(app, tmp_path, seed).broken == []


@pytest.mark.slow
def test_the_same_seed_tells_the_same_story(stage, tmp_path: Path):
    ends = []
    for number in range(2):
        place = tmp_path / str(number)
        place.mkdir()
        with stage.serving(stage.set(place / "data", peopled=False)) as app:
            told = tell(app, place, 7)
        ends.append((told.heads, told.operations, told.requests, told.faults))
    assert ends[0] == ends[1]


def test_a_plan_is_cut_down_to_what_fails():
    plan = plan_of(1)
    wanted = [plan[3], plan[20], plan[41]]
    assert shrink(lambda some: [step for step in some if step in wanted] == wanted, plan) == wanted


@pytest.mark.slow
def test_the_apps_own_code_loses_nothing_against_the_real_server():
    """In Node, with a storage that loses power: `pwa/src/torture/real-server.test.ts`."""
    part = Part("real-server", 1, 1)
    drive("real-server", part)
    assert part.is_whole and part.counts["operations"], part
