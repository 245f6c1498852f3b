"""What `make torture` counts as disputes, and what its checker says of them, on the vectors of the fold, of which it is known."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from server.domain.fold import fold_log
from tests.contract.test_vectors import VECTORS, entries_of
from tests.torture.disputes import count_disputes
from tests.torture.invariants import _disputed


def entries(name: str):
    shorts = json.loads((VECTORS / "fold" / f"{name}.json").read_text(encoding="utf-8"))["entries"]
    return entries_of(shorts)[0]


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("two-values-are-a-dispute", {"disputed": 1}),
        ("same-value-twice-is-no-dispute", {}),
        ("one-field-changed-twice", {}),
        ("resolve-names-every-head", {"disputed": 1, "resolved": 1}),
        ("fourth-edit-reopens-a-resolved-dispute", {"disputed": 1, "resolved": 1, "reopened": 1}),
        ("deletion-meets-an-edit", {"deletion against edit": 1}),
    ],
)
def test_disputes_resolutions_and_reopenings_are_counted(name, counted):
    assert count_disputes(entries(name)) == counted


def test_an_edit_that_came_before_the_word_that_did_not_know_it_opens_it_again_all_the_same():
    *before, resolution, edit = entries("fourth-edit-reopens-a-resolved-dispute")
    assert count_disputes([*before, edit, resolution]) == {"disputed": 1, "resolved": 1, "reopened": 1}


def test_what_is_set_aside_disputes_nothing():
    both = entries("two-values-are-a-dispute")
    assert count_disputes(both, aside={both[-1].operation.digest}) == {}


@pytest.mark.parametrize("file", sorted((VECTORS / "fold").glob("*.json")), ids=lambda file: file.stem)
def test_the_checker_hears_of_a_dispute_that_no_screen_shows_and_of_one_that_is_none(file: Path):
    view = fold_log(entries(file.stem))
    fields = [(ref, name, shown) for ref, entity in view.entities.items() for name, shown in entity.fields.items()]
    left = [head for _, _, shown in fields for head in shown.heads]
    assert list(_disputed(view, left)) == []
    for ref, name, shown in fields:
        if shown.is_disputed:
            entity = view.entities[ref]
            hidden = replace(entity, fields={**entity.fields, name: replace(shown, heads=shown.heads[-1:])})
            assert list(_disputed(replace(view, entities={**view.entities, ref: hidden}), left)) != []
