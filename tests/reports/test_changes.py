"""What changed since the closing meeting, in words that a person says: where, what, what it was and what it is."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest

from server.reports.material import ReportMaterial
from server.reports.parts import Change
from server.reports.wording import LANGUAGES, Words
from server.sealing.canonical import canonical_bytes
from tests.reports.sample import sample_material
from tests.reports.test_content import changed, told

pytestmark = pytest.mark.slow

OF_THE_AUDIT = (
    "audit",
    "certification_body",
    "audit_client",
    "sites",
    "team",
    "judgements",
    "attendance",
    "deviations",
    "follow_up",
    "recommendations",
)
"""The parts that a record compares as a whole; findings and evidence are compared field by field."""


@cache
def material_in(language: str) -> ReportMaterial:
    """Nobody changes it: `changed` makes another one."""
    return sample_material(language)[0]


@pytest.fixture(scope="module")
def material() -> ReportMaterial:
    return material_in("en")


def changes_of(material: ReportMaterial, name: str, alter: Callable[[Any], Any]) -> list[Change]:
    """What the report says when this part reads otherwise in it than in the closing record."""
    change = {"finding": None, "evidence": None, "field": name, "was": None, "is": None}
    part = alter(material.report.record[name])
    return list(told(changed(material, **{name: part}, changes_since_closing=[change])).changes.changes)


def with_first(**parts: Any) -> Callable[[Any], Any]:
    return lambda items: [items[0] | parts, *items[1:]]


def test_a_judgement_names_its_clause_and_both_results(material: ReportMaterial):
    (change,) = changes_of(material, "judgements", with_first(result="not_applicable", reason="No such process."))
    assert (change.where, change.what) == ("ISO 14001 10.1", "Judgement, Reutlingen works")
    assert change.was == "Conforms"
    assert change.now == "Not applicable. No such process."


def test_a_judgement_that_came_later_was_not_there(material: ReportMaterial):
    added = material.report.record["judgements"][0] | {"criterion": "iso9001-2015:8.5.3", "result": "conforms"}
    (change,) = changes_of(material, "judgements", lambda items: [*items, added])
    assert (change.where, change.was, change.now) == ("ISO 9001 8.5.3", "(empty)", "Conforms")
    (gone,) = changes_of(material, "judgements", lambda items: items[1:])
    assert (gone.was, gone.now) == ("Conforms", "(empty)")


def test_each_fact_of_the_audit_is_named_with_both_wordings(material: ReportMaterial):
    changes = changes_of(material, "audit", lambda audit: audit | {"ends_on": "2026-11-27", "objectives": None})
    assert [(change.where, change.what) for change in changes] == [("Audit", "Last day"), ("Audit", "Objectives")]
    assert (changes[0].was, changes[0].now) == ("26 November 2026", "27 November 2026")
    assert changes[1].was.startswith("To determine whether")
    assert changes[1].now == "(empty)"


def test_a_person_is_named_and_what_changed_about_them(material: ReportMaterial):
    (change,) = changes_of(material, "attendance", with_first(at_closing=False))
    assert change.where == "Attendance"
    assert change.what == f"{material.report.record['attendance'][0]['name']}: at the closing meeting"
    assert (change.was, change.now) == ("Yes", "No")
    person = {"name": "R. Kestrel", "function": None, "at_opening": None, "at_closing": True}
    (added,) = changes_of(material, "attendance", lambda items: [*items, person])
    assert (added.what, added.was, added.now) == ("R. Kestrel", "", "Added after the closing meeting")


def test_a_site_with_another_name_is_one_change(material: ReportMaterial):
    (change,) = changes_of(material, "sites", with_first(name="Hall 3"))
    assert (change.where, change.was, change.now) == ("Sites", material.report.record["sites"][0]["name"], "Hall 3")


def test_a_recommendation_says_which_standard_and_both_outcomes(material: ReportMaterial):
    (change,) = changes_of(material, "recommendations", with_first(outcome="not_recommended"))
    assert (change.where, change.what) == ("Recommendation", "ISO 14001:2015: outcome")
    assert (change.was, change.now) == ("Recommended once the nonconformities are closed", "Not recommended")


def test_a_recommendation_that_was_confirmed_names_the_findings_that_were_considered(material: ReportMaterial):
    considered = [
        {"finding": finding["id"], "grade": "minor_nonconformity"}
        for finding in material.closing.record["findings"][1::-1]
    ]
    (change,) = changes_of(material, "recommendations", with_first(considered=considered))
    assert change.what == "ISO 14001:2015: findings that were considered"
    assert change.now == "01 (Minor nonconformity), 02 (Minor nonconformity)"


def test_a_long_text_is_shown_around_what_differs(material: ReportMaterial):
    long = "The same words at the beginning. " * 20 + "5 of 24 gauges were overdue. " + "The same at the end. " * 20
    finding = material.report.record["findings"][0]
    other = long.replace("5 of 24", "6 of 24")
    change = {"finding": finding["number"], "evidence": None, "field": "failure", "was": long, "is": other}
    (shown,) = told(changed(material, changes_since_closing=[change])).changes.changes
    assert shown.was.startswith("… ")
    assert shown.was.endswith(" …")
    assert "5 of 24 gauges" in shown.was
    assert "6 of 24 gauges" in shown.now
    assert len(shown.was) < 200


def in_first_place(new: dict[str, Any], part: Any) -> Any:
    return new if isinstance(part, dict) else [new, *part[1:]]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", OF_THE_AUDIT)
def test_every_field_of_every_part_is_told_in_human_words(language: str, name: str):
    """Each field emptied: nothing is left that says only that something reads otherwise, and no name of a field of the code."""
    material = material_in(language)
    part = material.report.record[name]
    first = part if isinstance(part, dict) else part[0]
    # What it is known by: another one would be another item.
    for field in set(first) - {"id", "account"}:
        emptied = first | {field: None}
        changes = changes_of(material, name, partial(in_first_place, emptied))
        assert changes or first[field] is None, field
        assert not [change for change in changes if "_" in f"{change.where}{change.what}{change.was}{change.now}"]
        assert all(change.now for change in changes)
        family = "field" if isinstance(part, dict) else "field_of"
        assert Words(language).knows(f"{family}.{field}"), field


def test_every_field_of_a_finding_and_of_evidence_has_a_word(material: ReportMaterial):
    record = material.report.record
    fields = {*record["findings"][0], *record["evidence"][0]}
    for language in LANGUAGES:
        assert [field for field in fields if not Words(language).knows(f"field.{field}")] == []


def closed_with(material: ReportMaterial, **parts: Any) -> ReportMaterial:
    """The same material over another closing record."""
    data = canonical_bytes(material.closing.record | parts)
    return replace(material, closing=replace(material.closing, data=data))


def test_a_nonconformity_that_came_after_the_closing_is_named_beside_the_recommendation(material: ReportMaterial):
    findings = [item for item in material.closing.record["findings"] if item["number"] != "01"]
    assert told(closed_with(material, findings=findings)).cover.recommendation_since == (
        "Added or graded higher after the closing meeting: 01 (Major nonconformity). "
        "The recommendation still reads as at the closing meeting."
    )


def test_a_finding_that_was_graded_higher_is_named_too(material: ReportMaterial):
    findings = [
        item | ({"grade": "minor_nonconformity"} if item["number"] == "01" else {})
        for item in material.closing.record["findings"]
    ]
    changed_since = closed_with(material, findings=findings, recommendations=[])
    assert told(changed_since).cover.recommendation_since == (
        "Added or graded higher after the closing meeting: 01 (Major nonconformity). "
        "The recommendation was changed after it, too."
    )


def test_a_recommendation_that_was_confirmed_over_it_says_so(material: ReportMaterial):
    record = material.closing.record
    findings = [item for item in record["findings"] if item["number"] != "01"]
    recommendations = [item | {"considered": item["considered"][1:]} for item in record["recommendations"]]
    assert told(
        closed_with(material, findings=findings, recommendations=recommendations)
    ).cover.recommendation_since == (
        "Added or graded higher after the closing meeting: 01 (Major nonconformity). "
        "The team has confirmed the recommendation since."
    )


def test_without_such_a_finding_nothing_stands_there(material: ReportMaterial):
    assert told(material).cover.recommendation_since == ""
