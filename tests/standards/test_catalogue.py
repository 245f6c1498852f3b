"""The standards as data: the shipped editions are complete, and a broken file is refused with words that lead to the line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.catalogue import CatalogueTreeSchema
from server.standards.catalogue import (
    FOLDER,
    CatalogueError,
    CriterionId,
    ExclusionRule,
    Question,
    Standard,
    as_contract,
    catalogue_tree,
    clause_order,
    criterion_id,
    load_catalogue,
    parse_criterion_id,
    standard,
    tree_misfit,
)

Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture(params=sorted(path.stem for path in FOLDER.glob("*.yaml")))
def edition(request: pytest.FixtureRequest) -> Standard:
    """Each shipped edition in turn."""
    return standard(request.param)


@pytest.fixture
def load_spoilt(tmp_path: Path) -> Callable[[Spoil], object]:
    """Load a small edition of which one thing was spoilt."""

    def load(spoil: Spoil) -> object:
        data = small_edition()
        spoil(data)
        (tmp_path / "iso9999-2020.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        return load_catalogue(tmp_path)

    return load


def small_edition() -> dict[str, Any]:
    """The smallest edition that the catalogue takes: a heading and one leaf with one question."""
    both = {"en": "text", "de": "Text"}
    question = {"id": "9999-4.1-a", "text": dict(both), "look_for": dict(both), "ask": dict(both)}
    heading = {"number": "4", "title": "Work", "title_de": "Arbeit", "level": 1, "auditable": False}
    leaf = {
        "number": "4.1",
        "title": "Doing",
        "title_de": "Tun",
        "level": 2,
        "auditable": True,
        "questions": [question],
    }
    return {
        "id": "iso9999-2020",
        "standard": "ISO 9999",
        "edition": "2020",
        "title": "Work",
        "title_de": "Arbeit",
        "status": "current",
        "amendments": [],
        "confidence": "high",
        "exclusion": {"rule": "warning", "message": dict(both)},
        "clauses": [heading, leaf],
    }


def questions_of(edition: Standard) -> Iterator[Question]:
    for clause in edition.clauses:
        yield from clause.questions


def test_every_auditable_clause_has_a_question_in_both_languages(edition: Standard) -> None:
    for clause in edition.auditable_clauses():
        assert clause.questions, clause.number
        for question in clause.questions:
            for wording in (question.text, question.look_for, question.ask):
                assert wording.en.strip(), question.id
                assert wording.de.strip(), question.id
                assert wording.en != wording.de, f"{question.id} was not translated: {wording.en}"


def test_question_ids_are_unique(edition: Standard) -> None:
    ids = [question.id for question in questions_of(edition)]
    assert len(ids) == len(set(ids))


def test_question_letters_run_without_a_gap(edition: Standard) -> None:
    """A gap would mean that a question was taken away, and answers on tablets may still point at it."""
    for clause in edition.auditable_clauses():
        letters = "".join(question.id[-1] for question in clause.questions)
        assert "abcdefghijklmnopqrstuvwxyz".startswith(letters), clause.number


def test_every_parent_is_a_clause_one_level_up(edition: Standard) -> None:
    for clause in edition.clauses:
        if clause.parent is None:
            assert clause.level == 1
        else:
            assert edition.clause(clause.parent).level == clause.level - 1


def test_clauses_stand_in_the_order_of_the_standard(edition: Standard) -> None:
    numbers = [clause.number for clause in edition.clauses]
    assert numbers == sorted(set(numbers), key=clause_order)


def test_no_heading_is_auditable_and_no_heading_has_questions(edition: Standard) -> None:
    headings = {clause.parent for clause in edition.clauses}
    for clause in edition.clauses:
        assert not (clause.number in headings and clause.is_auditable), clause.number
        assert clause.is_auditable or not clause.questions, clause.number


def test_every_leaf_from_clause_4_on_is_auditable(edition: Standard) -> None:
    headings = {clause.parent for clause in edition.clauses}
    for clause in edition.clauses:
        if clause_order(clause.number) >= clause_order("4") and clause.number not in headings:
            assert clause.is_auditable, clause.number


@pytest.mark.parametrize(
    ("standard_id", "entries", "leaves"),
    [("iso9001-2015", 94, 65), ("iso14001-2015", 48, 32)],
)
def test_the_trees_have_the_known_number_of_clauses_and_leaves(standard_id: str, entries: int, leaves: int) -> None:
    assert len(standard(standard_id).clauses) == entries
    assert len(standard(standard_id).auditable_clauses()) == leaves


def test_no_text_uses_the_verb_that_belongs_to_the_standards(edition: Standard) -> None:
    """A sentence with "shall" was probably copied, and the words of a standard are not ours to ship."""
    for question in questions_of(edition):
        for wording in (question.text, question.look_for, question.ask):
            assert not re.search(r"\bshall\b", wording.en, re.IGNORECASE), question.id


def test_each_question_asks_for_something(edition: Standard) -> None:
    """A question ends as one, or asks the person to show, take or find something."""
    asking = ("?", ".")
    for question in questions_of(edition):
        assert question.text.en.endswith(asking), question.id
        assert question.text.en.endswith("?") == question.text.de.endswith("?"), question.id


def test_leaving_out_a_clause_of_9001_takes_a_reason_in_the_scope_and_elsewhere_gives_a_warning() -> None:
    assert standard("iso9001-2015").exclusion.rule is ExclusionRule.JUSTIFIED_EXCLUSION
    assert standard("iso9001-2015").exclusion.recorded_in == "4.3"
    assert standard("iso14001-2015").exclusion.rule is ExclusionRule.WARNING
    assert standard("iso14001-2015").exclusion.recorded_in is None


def test_a_criterion_names_its_standard_and_is_read_back() -> None:
    assert criterion_id("iso9001-2015", "7.1.5.1") == "iso9001-2015:7.1.5.1"
    assert parse_criterion_id("iso9001-2015:7.1.5.1") == CriterionId("iso9001-2015", "7.1.5.1")


@pytest.mark.parametrize("criterion", ["", "7.1.5.1", "iso9001-2015:", ":7.1", "a:b:c"])
def test_what_is_no_criterion_is_refused(criterion: str) -> None:
    with pytest.raises(ValueError, match="is no criterion"):
        parse_criterion_id(criterion)


def test_a_criterion_is_not_made_of_half_the_parts() -> None:
    with pytest.raises(ValueError, match="make no criterion"):
        criterion_id("iso9001-2015", "")


def test_an_unknown_standard_or_clause_is_named_in_the_refusal() -> None:
    with pytest.raises(LookupError, match=r"iso9001-1987.*known are .*iso9001-2015"):
        standard("iso9001-1987")
    with pytest.raises(LookupError, match=r"iso9001-2015 has no clause 11\.4"):
        standard("iso9001-2015").clause("11.4")


def test_the_contract_is_plain_data_that_survives_json(edition: Standard) -> None:
    contract = as_contract(edition)
    assert json.loads(json.dumps(contract)) == contract
    assert [clause["number"] for clause in contract["clauses"]] == [clause.number for clause in edition.clauses]


def test_the_contract_shows_a_clause_as_the_tablet_reads_it() -> None:
    contract = as_contract(standard("iso9001-2015"))
    clause = next(clause for clause in contract["clauses"] if clause["number"] == "7.1.5.1")
    assert {key: value for key, value in clause.items() if key != "questions"} == {
        "criterion": "iso9001-2015:7.1.5.1",
        "number": "7.1.5.1",
        "title": {"en": "General", "de": "Allgemeines"},
        "level": 4,
        "auditable": True,
        "parent": "7.1.5",
    }
    question = clause["questions"][0]
    assert list(question) == ["id", "text", "look_for", "ask"]
    assert question["id"] == "9001-7.1.5.1-a"
    assert question["text"]["en"] == "Which gauges are used here, and how does the operator know they are fit for use?"
    assert question["ask"] == {"en": "Operator, inspector", "de": "Bedienpersonal, Prüfpersonal"}


def test_the_catalogue_is_read_once() -> None:
    assert load_catalogue() is load_catalogue()


def test_a_sound_file_is_taken(load_spoilt: Callable[[Spoil], object]) -> None:
    """The ground of the refusals below: unspoilt, the small edition loads."""
    assert list(load_spoilt(lambda edition: None)) == ["iso9999-2020"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        pytest.param(
            lambda e: e["clauses"][1].pop("questions"),
            r"iso9999-2020\.yaml, clause 4\.1: an auditable clause needs at least one question",
            id="a leaf without a question",
        ),
        pytest.param(
            lambda e: e["clauses"][1]["questions"][0]["text"].pop("de"),
            r"iso9999-2020\.yaml, clause 4\.1, question 9999-4\.1-a, text: de missing",
            id="a question without German",
        ),
        pytest.param(
            lambda e: e["clauses"][1]["questions"][0]["ask"].update(en=""),
            r"clause 4\.1, question 9999-4\.1-a, ask: en is empty",
            id="an empty text",
        ),
        pytest.param(
            lambda e: e["clauses"][1]["questions"].append(dict(e["clauses"][1]["questions"][0])),
            r"iso9999-2020\.yaml, clause 4\.1: two questions share an id",
            id="an id twice",
        ),
        pytest.param(
            lambda e: e["clauses"][1]["questions"][0].update(id="9999-4.2-a"),
            r"clause 4\.1, question 9999-4\.2-a: its id is 9999-4\.1- and one small letter",
            id="an id of another clause",
        ),
        pytest.param(
            lambda e: e["clauses"][1].update(number=4.1),
            r"iso9999-2020\.yaml, clause 4\.1: number is 4\.1, expected str; put numbers in quotes",
            id="a number without quotes",
        ),
        pytest.param(
            lambda e: e["clauses"][0].update(number="04"),
            r"iso9999-2020\.yaml, clause 04: iso9999-2020:04 is not written as findings cite clauses",
            id="a number in a second spelling",
        ),
        pytest.param(
            lambda e: e["clauses"][1].update(auditible=True),
            r"iso9999-2020\.yaml, clause 4\.1: 'auditible' is unknown",
            id="a misspelt key",
        ),
        pytest.param(
            lambda e: e["clauses"][1].update(number="5.1", questions=[]) or e["clauses"][1].update(auditable=False),
            r"iso9999-2020\.yaml, clause 5\.1: at level 2 it needs a parent at level 1",
            id="a clause without its parent",
        ),
        pytest.param(
            lambda e: e["clauses"].append(dict(e["clauses"][1])),
            r"iso9999-2020\.yaml, clause 4\.1: it stands after 4\.1",
            id="a clause twice",
        ),
        pytest.param(
            lambda e: e["clauses"].append(
                {"number": "4.1.1", "title": "x", "title_de": "x", "level": 3, "auditable": False}
            ),
            r"iso9999-2020\.yaml, clause 4\.1: it has sub-clauses, so it is a heading and not auditable",
            id="a heading that is auditable",
        ),
        pytest.param(
            lambda e: e["clauses"][1].update(auditable=False),
            r"iso9999-2020\.yaml, clause 4\.1: a heading has no questions",
            id="a heading with questions",
        ),
        pytest.param(
            lambda e: e["clauses"].append("4.2"),
            r"iso9999-2020\.yaml, clause in place 3: expected keys and values",
            id="a clause that is only a word",
        ),
        pytest.param(
            lambda e: e["exclusion"].update(rule="never"),
            r"iso9999-2020\.yaml, exclusion: 'never' is no rule",
            id="an unknown rule of exclusion",
        ),
        pytest.param(
            lambda e: e["exclusion"].update(recorded_in="4.9"),
            r"iso9999-2020\.yaml, exclusion: recorded_in names clause 4\.9, which is not in the file",
            id="a reason kept in a clause that is not there",
        ),
        pytest.param(
            lambda e: e.update(id="iso9999-2021"),
            r"iso9999-2020\.yaml: the id 'iso9999-2021' differs from the name of the file",
            id="an id unlike the file name",
        ),
        pytest.param(
            lambda e: e.update(amendments=[1]), r"iso9999-2020\.yaml: every amendment is a text", id="an odd amendment"
        ),
    ],
)
def test_a_broken_file_is_refused_naming_file_and_clause(
    load_spoilt: Callable[[Spoil], object], spoil: Spoil, complaint: str
) -> None:
    with pytest.raises(CatalogueError, match=complaint):
        load_spoilt(spoil)


def test_a_file_that_is_not_yaml_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "iso9999-2020.yaml").write_text("clauses: [", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"iso9999-2020\.yaml: this is not YAML"):
        load_catalogue(tmp_path)


def test_an_installation_without_the_files_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="were not installed"):
        load_catalogue(tmp_path)


def test_our_own_catalogues_would_be_taken_from_a_tablet(edition: Standard) -> None:
    """A tablet that brings one back, to a server that has lost it, is not refused for its shape."""
    tree = catalogue_tree(as_contract(edition))
    assert CatalogueTreeSchema().load(tree) == tree
    assert tree_misfit(tree) is None
