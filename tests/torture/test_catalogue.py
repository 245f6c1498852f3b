"""The failure catalogue of docs/testing.md names tests that exist, and leaves out none of its scenarios; finds are kept with their seeds."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TESTING = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+[a-j]?) \| [^|]+ \| (.+) \|$", TESTING, flags=re.MULTILINE)


def test_every_scenario_has_a_row_that_says_something():
    numbers = [number for number, _ in ROWS]
    assert numbers == [*map(str, range(1, 64)), *(f"64{letter}" for letter in "abcdefghij")]
    assert all(said.strip() for _, said in ROWS)


def test_every_test_that_is_named_exists():
    for _, said in ROWS:
        for path, name in re.findall(r"`(tests/[a-z0-9_/.]+)::(\w+)`", said):
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name
        for path, title in re.findall(r"`(pwa/[a-z-/.]+test\.ts)` › ([^;|(]+)", said):
            assert title.strip() in (ROOT / path).read_text(encoding="utf-8"), title
        for path in re.findall(r"`((?:schemas|tests|pwa)/[a-z0-9_/.-]+)`", said):
            assert (ROOT / path).exists(), path


def test_every_find_has_a_seed_and_the_commit_that_mended_it_or_is_open():
    finds = yaml.safe_load((ROOT / "tests" / "torture" / "finds.yaml").read_text(encoding="utf-8"))
    for find in finds:
        assert {"seed", "what", "became"} <= set(find) <= {"seed", "what", "became", "commit"}, find
        assert find["became"].startswith("mended: " if "commit" in find else "open: "), find
        assert not any("|" in said or "\n" in said for said in find.values()), "a cell of a table"
