"""The failure catalogue of docs/testing.md names tests that exist, and leaves out none of its scenarios; finds are kept with their seeds."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TESTING = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+[a-z]?) \| [^|]+ \| (.+) \|$", TESTING, flags=re.MULTILINE)


def is_title(title: str, source: str) -> bool:
    """The whole title of a test, or the whole of what a table of cases puts into one: a part of a longer one names nothing."""
    literals = [quote + title.replace(quote, f"\\{quote}") + quote for quote in "'\"`"]
    return any(literal in source for literal in literals)


def test_a_part_of_a_title_is_no_title():
    source = "test('a power cut takes nothing', () => {});"
    assert is_title("a power cut takes nothing", source)
    assert not is_title("a power cut", source)


def test_every_scenario_has_a_row_that_says_something():
    numbers = [number for number, _ in ROWS]
    assert numbers == [*map(str, range(1, 64)), *(f"64{letter}" for letter in "abcdefghijk")]
    assert all(said.strip() for _, said in ROWS)


def test_every_test_that_is_named_exists():
    for _, said in ROWS:
        for path, name in re.findall(r"`(tests/[a-z0-9_/.]+)::(\w+)`", said):
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name
        for path, title in re.findall(r"`(pwa/[a-z-/.]+test\.ts)` › ((?:[^;|(]|\(%)+)", said):
            assert is_title(title.strip(), (ROOT / path).read_text(encoding="utf-8")), title
        for path in re.findall(r"`((?:schemas|tests|pwa)/[a-z0-9_/.-]+)`", said):
            assert (ROOT / path).exists(), path


def test_every_scenario_names_a_test_or_says_why_there_is_none():
    """A vector, a simulator and a sentence are not enough: what stands for a scenario can be run by its name."""
    for number, said in ROWS:
        is_named = re.search(r"`tests/[a-z0-9_/.]+::\w+`|`pwa/[a-z-/.]+test\.ts` ›", said)
        assert is_named or "by hand: M" in said or "not there: " in said, number


def test_every_find_has_a_seed_and_the_commit_that_mended_it_or_is_open():
    finds = yaml.safe_load((ROOT / "tests" / "torture" / "finds.yaml").read_text(encoding="utf-8"))
    for find in finds:
        assert {"seed", "what", "became"} <= set(find) <= {"seed", "what", "became", "commit"}, find
        assert find["became"].startswith("mended: " if "commit" in find else "open: "), find
        assert not any("|" in said or "\n" in said for said in find.values()), "a cell of a table"
