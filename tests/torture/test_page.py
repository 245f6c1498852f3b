"""docs/torture-results.md says what failed in every lane, and counts what was done and not what was asked for."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.torture import lanes
from tests.torture.lanes import Part, attempt, hunt, kill, read_driven, read_old_logs
from tests.torture.lived import lived_through
from tests.torture.page import HUNTS, KILLED, SIMULATORS, Began, page
from tests.torture.results import KILLS, parts_of, plan

AT = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
BEGAN = Began("abc1234", (), AT)


def clean() -> list[Part]:
    return [Part(lane, 1, 100, done=100) for lane in (*SIMULATORS, *KILLED)]


def written(parts: list[Part], began: Began = BEGAN, ended_on: str = "abc1234") -> str:
    return page(parts, began, AT, ended_on)


def sentence(parts: list[Part]) -> str:
    return next(line for line in written(parts).splitlines() if "Failed: " in line)


def test_where_all_held_the_page_says_so_with_what_was_done():
    text = written(clean())
    assert "Failed: 0 seeds, 0 kills. 600 seeds told, 400 kills lived through." in text
    assert "Losses: 0. Divergences: 0." in text
    assert "**" not in text and "## Failed" not in text and "beside seeds" not in text


@pytest.mark.parametrize("lane", SIMULATORS)
def test_a_seed_that_failed_in_any_lane_stands_in_the_first_sentence(lane):
    parts = [*clean(), Part(lane, 101, 10, done=10, failed={105: ["story: half a batch"]})]
    assert sentence(parts).startswith("**Failed: 1 seeds, 0 kills.**")
    assert "**Failed without a word about what was lost: 1**" in written(parts)
    assert f"- {SIMULATORS[lane]}: seed 105: story: half a batch" in written(parts)


@pytest.mark.parametrize("lane", SIMULATORS)
def test_losses_and_divergences_are_counted_in_every_lane(lane):
    part = Part(lane, 1, 3, done=3, failed={1: ["I1: lost"], 2: ["I3: apart"], 3: ["I9: still there"]})
    part.tables["broken"].update(["I1", "I1", "I3", "I9"])
    assert "Losses: 2. Divergences: 1. Left waiting: 0. Withdrawn and still somewhere: 1." in written([*clean(), part])
    assert "without a word" not in written([*clean(), part])


@pytest.mark.parametrize("lane", KILLED)
def test_of_a_failed_part_each_kill_counts_that_was_not_lived_through(lane):
    part = Part(lane, 1, 250, done=13, trouble=["from 1 on: it ended with 1"])
    parts = [one for one in clean() if one.lane != lane] + [part]
    assert sentence(parts).startswith("**Failed: 0 seeds, 237 kills.**")
    assert f"| {KILLED[lane]} | 13 | 250 | 237 |" in written(parts)
    assert f"- {KILLED[lane]}: from 1 on: it ended with 1" in written(parts)


def test_a_part_that_failed_in_its_last_look_is_no_part_that_held():
    assert "1 kills" in sentence([Part("test_kill", 1, 25, done=25, trouble=["from 1 on: it ended with 1"])])


@pytest.mark.parametrize("lane", [*SIMULATORS, *KILLED])
def test_a_part_that_dies_leaves_a_page_that_says_so(lane, tmp_path: Path):
    def dies(_part: Part, _folder: Path) -> None:
        raise FileNotFoundError("no sums")

    part = attempt(dies, lane, (50, 101), tmp_path)
    text = written([*clean(), part])
    assert not part.is_whole
    assert "**Failed: " in text and "FileNotFoundError: no sums" in text
    assert "without a word about what was lost: 1" in text


def test_what_was_asked_for_and_not_done_is_told_also_where_nothing_says_why(tmp_path: Path):
    part = attempt(lambda _part, _folder: None, "sqlite", (50, 1), tmp_path)
    assert "seeds asked for and not told: 50" in sentence([part])


def test_a_hunt_that_is_killed_keeps_what_it_had_told(monkeypatch, tmp_path: Path):
    def killed(command, *_more):
        sums = Path(command[command.index("--sums") + 1])
        told = {"told": 12, "asked": 50, "first_seed": 1, "operations": 600, "faults": {"cut": 3}}
        sums.write_text(json.dumps({**told, "failed": {"7": ["I2: lacks"]}, "broken": {"I2": 1}}), encoding="utf-8")
        return -9, "12 of 50"

    monkeypatch.setattr(lanes, "run", killed)
    part = attempt(hunt, "sqlite", (50, 1), tmp_path)
    assert (part.done, part.failed, part.counts["operations"]) == (12, {7: ["I2: lacks"]}, 600)
    text = written([part])
    assert "| model tablets, sqlite | 12 | 50 from 1 | 600 |" in text
    assert (
        "**Failed: 1 seeds, 0 kills.** 12 seeds told, 0 kills lived through; seeds asked for and not told: 38" in text
    )
    assert "it ended with -9 after 12 of 50" in text


def test_kills_are_counted_as_they_are_lived_through(monkeypatch, tmp_path: Path):
    def fails(_command, settings, *_more):
        monkeypatch.setenv("TORTURE_LIVED", settings["TORTURE_LIVED"])
        lived_through()
        lived_through(3)
        return 1, "FAILED tests/torture/test_kill.py::test_a_server | gone"

    monkeypatch.setattr(lanes, "run", fails)
    part = attempt(lambda part, folder: kill("test_kill", part, folder), "test_kill", (25, 1), tmp_path)
    assert part.done == 4 and "after 4 of 25" in part.trouble[0] and "|" not in part.trouble[0]


def test_the_apps_stories_tell_operations_faults_and_which_failed():
    said = """stdout | src/torture/story.test.ts > whatever happens (seed 4)
told {"seed":4,"broken":[],"operations":31,"powerCuts":2,"faults":{"twice":1}}
told {"seed":5,"broken":["I1: lost a title"],"operations":29,"powerCuts":0,"faults":{"twice":2}}

   × whatever happens to tablets nothing is lost (seed 5) 812ms
   × whatever happens to tablets nothing is lost (seed 6) 60012ms
   × of a first sync costs nothing but that run 20ms
"""
    part = Part("story", 4, 4)
    read_driven(part, 1, said)
    assert part.done == 3 and sorted(part.failed) == [5, 6]
    assert (part.counts["operations"], part.counts["deaths_of_tablet"], part.tables["faults"]) == (60, 2, {"twice": 3})
    assert part.tables["broken"] == {"I1": 1}
    assert part.trouble[0] == "of a first sync costs nothing but that run" and "after 3 of 4" in part.trouble[1]


def test_old_logs_that_end_in_the_middle_are_counted_as_far_as_they_came():
    place = "tests/sync/test_old_logs.py::test_whatever_stood_in_the_log_comes_back_as_it_was"
    said = f"{place}[381] PASSED [ 1%]\n{place}[382] FAILED [ 2%]\nFatal Python error: Segmentation fault\n"
    part = Part("old-logs", 381, 10)
    read_old_logs(part, -11, said)
    assert (part.done, list(part.failed)) == (2, [382])
    assert "after 2 of 10" in part.trouble[0]


def test_the_page_names_the_commit_at_the_beginning_and_what_was_in_none():
    text = written(clean(), Began("abc1234", ("server/sync/push.py", "tests/a.py"), AT), ended_on="def5678")
    assert "at commit abc1234" in text
    assert "**Not of that commit alone**: when it began, changes to `server/sync/push.py`, `tests/a.py`" in text
    assert "**Not of one commit**: when it ended, def5678 was checked out" in text


def test_faults_and_disputes_are_summed_over_the_parts_of_a_lane():
    one, other = Part("sqlite", 1, 5, done=5), Part("sqlite", 6, 5, done=5)
    for part in (one, other):
        part.tables["disputes"].update({"disputed": 4, "resolved": 3, "reopened": 1, "deletion against edit": 2})
        part.tables["faults"].update({"cut": 2})
    text = written([other, one])
    assert "| model tablets, sqlite | 10 | 10 from 1 |" in text and "| cut | 4 |" in text
    assert (
        "Disputed fields: 8. Deletions that met an edit: 4. Settled by somebody: 6. Opened again by what that word had not seen: 2."
        in text
    )


def test_every_lane_of_a_long_hunt_has_a_row_and_covers_all_of_its_seeds():
    lanes = plan(1000, workers=2)
    assert sorted(lane for lane, *_ in lanes) == sorted([*SIMULATORS, *KILLED])
    assert set(HUNTS) <= {lane for lane, *_ in lanes} and set(KILLS) <= set(KILLED)
    for _, _, how_many, pieces in lanes:
        covered = [first + n for count, first in parts_of(how_many, 1, pieces) for n in range(count)]
        assert covered == list(range(1, how_many + 1))
