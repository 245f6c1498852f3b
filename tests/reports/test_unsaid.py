"""What nobody said, the report does not say: what is empty in the sealed record is printed as not stated."""

from dataclasses import replace
from typing import Any

import pytest

from server.reports.material import HandwrittenSignature, ReportMaterial
from server.reports.wording import LANGUAGES, Words
from tests.reports.sample import sample_material
from tests.reports.test_content import changed, facts, told

pytestmark = pytest.mark.slow

SUMMARY = (
    "conformity",
    "effectiveness",
    "internal_audit_and_review",
    "is_scope_appropriate",
    "are_objectives_met",
    "changes",
    "unresolved_issues",
    "plan_against_actual",
    "remote_share_percent",
    "next_audit",
)


@pytest.fixture(scope="module")
def material() -> ReportMaterial:
    return sample_material("en")[0]


@pytest.fixture(scope="module")
def agreed(material: ReportMaterial) -> list[dict[str, Any]]:
    """The findings, all of them acknowledged."""
    return [item | {"acknowledgement": "acknowledged"} for item in material.report.record["findings"]]


@pytest.mark.parametrize(("language", "not_stated"), [("en", "Not stated."), ("de", "Nicht angegeben.")])
def test_every_field_of_the_summary_that_is_empty_is_not_stated(language: str, not_stated: str):
    material = sample_material(language)[0]
    findings = [item | {"acknowledgement": "acknowledged"} for item in material.report.record["findings"]]
    content = told(changed(material, summary=dict.fromkeys(SUMMARY), confirmed={}, findings=findings))
    conclusions = [fact.value for fact in content.conclusions.statements]
    assert conclusions == [not_stated] * 5
    _objectives, *course, _deviations, changes, confirmed = [fact.value for fact in content.course.facts]
    assert [*course, changes, confirmed] == [not_stated] * 4
    assert [fact.value for fact in content.course.closing_facts] == [not_stated] * 2


def test_no_list_that_is_empty_becomes_a_statement(material: ReportMaterial):
    content = told(changed(material, deviations=[], follow_up=[], attendance=[], recommendations=[]))
    assert facts(content.course.facts)["Deviations from the plan"] == "None were recorded."
    assert content.course.previous_note == "None were recorded."
    assert content.attendance.intro == "No attendance was recorded."


def test_a_tap_says_what_was_asked_and_nothing_more(material: ReportMaterial):
    summary = material.report.record["summary"]
    yes = facts(told(material).conclusions.statements)
    assert yes["Scope"] == "The scope is appropriate."
    assert yes["Audit objectives"] == "The audit objectives were met."
    no = told(changed(material, summary=summary | {"is_scope_appropriate": False, "are_objectives_met": False}))
    assert facts(no.conclusions.statements)["Scope"] == "The scope is not appropriate."
    assert facts(no.conclusions.statements)["Audit objectives"] == "The audit objectives were not met."


def test_a_report_without_a_reference_is_called_a_report_in_every_page_s_head(material: ReportMaterial):
    audit = material.report.record["audit"] | {"reference": None}
    content = told(changed(material, audit=audit))
    assert content.head.report == "Audit report · Revision 1"
    assert content.title == "Audit report, revision 1: Kessler Feinwerk GmbH"


def test_no_remote_time_is_a_share_of_nothing(material: ReportMaterial):
    summary = material.report.record["summary"] | {"remote_share_percent": 0}
    assert facts(told(changed(material, summary=summary)).course.facts)["Remote share"] == "0 % of the audit time."


def test_data_are_confirmed_without_saying_in_which_meeting(material: ReportMaterial):
    assert "Confirmed application data" in facts(told(material).course.facts)


def test_a_dissent_is_an_unresolved_issue_whatever_the_team_wrote(
    material: ReportMaterial, agreed: list[dict[str, Any]]
):
    record = material.report.record
    empty, none = dict.fromkeys(SUMMARY), dict.fromkeys(SUMMARY) | {"unresolved_issues": "None."}
    said = facts(told(changed(material, summary=empty)).course.closing_facts)["Unresolved issues"]
    assert said == "Finding 02: the auditee dissents."
    both = facts(told(changed(material, summary=none)).course.closing_facts)["Unresolved issues"]
    assert both.split("\n\n") == ["None.", "Finding 02: the auditee dissents."]
    assert facts(told(changed(material, summary=none, findings=agreed)).course.closing_facts)[
        "Unresolved issues"
    ] == "None."  # fmt: skip
    withdrawn = [item | {"withdrawn_reason": "In error."} for item in record["findings"]]
    assert facts(told(changed(material, summary=empty, findings=withdrawn)).course.closing_facts)[
        "Unresolved issues"
    ] == "Not stated."  # fmt: skip


def test_a_follow_up_says_the_tapped_result_and_closes_nothing(material: ReportMaterial):
    (earlier,) = material.report.record["follow_up"]
    results = ("effective", "not_effective", "not_verified", None)
    content = told(changed(material, follow_up=[earlier | {"follow_up_result": result} for result in results]))
    assert content.course.previous_heading == "Earlier findings"
    assert [item.result for item in content.course.previous] == [
        "Follow-up in this audit: effective",
        "Follow-up in this audit: not effective",
        "Follow-up in this audit: not verified",
        "Follow-up in this audit: not stated",
    ]


def test_a_finding_without_a_time_of_observation_says_when_it_was_raised(material: ReportMaterial):
    finding = material.report.record["findings"][0] | {"observed_at": None}
    (shown,) = told(changed(material, findings=[finding])).findings.findings
    assert "Observed" not in facts(shown.remarks)
    assert facts(shown.remarks)["Raised"] == "24 Nov 2026, 10:41 CET"


def test_nobody_was_absent_who_was_not_asked(material: ReportMaterial):
    person = {"name": "R. Kestrel", "function": None, "at_opening": None, "at_closing": True}
    (row,) = told(changed(material, attendance=[person])).attendance.rows
    assert row == ("R. Kestrel", "Not stated", "Not stated", "Yes")


def test_nobody_is_said_to_have_signed_who_did_not(material: ReportMaterial):
    first, second = material.handwritten
    said = dict(second.born or {}) | {"outcome": "declined", "strokes": None}
    declined = HandwrittenSignature(replace(second.operation, value=said))
    content = told(replace(material, handwritten=(first, declined)))
    assert "both parties" not in content.signatures.intro
    assert "signed" not in content.changes.intro


def test_an_own_audit_is_neither_reviewed_nor_decided_by_a_certification_body(material: ReportMaterial):
    internal = changed(material, audit=material.report.record["audit"] | {"type": "internal"})
    content = told(replace(internal, state=type(internal.state).RELEASED))
    assert content.cover.state_meaning == "Issued and released by the audit team leader."
    assert content.cover.recommendation_note == "A recommendation, not a decision."
    assert not [line for line in content.signatures.statements if "certification body" in line]


def test_stage_1_without_a_concern_asks_to_resolve_none(material: ReportMaterial):
    stage_1 = changed(material, audit=material.report.record["audit"] | {"type": "stage_1"}, findings=[])
    next_steps = facts(told(stage_1).conclusions.closing_facts)["Next steps"]
    assert next_steps == "There is nothing to answer. The certification body confirms date and plan of stage 2."


def test_only_pictures_are_said_to_be_shown(material: ReportMaterial):
    record = material.report.record
    picked = [*record["pictures"], "e7"]
    (file,) = [
        row
        for group in told(changed(material, pictures=picked)).evidence.groups
        for row in group.rows
        if "application/pdf" in row.facts
    ]
    assert "shown" not in file.facts


def test_the_register_speaks_only_of_what_there_is(material: ReportMaterial):
    """Photos and files alone: nothing is said of interviews, nor of the client's documents."""
    intro = told(material).evidence.intro
    assert "Documentation 1, Observation 6" in intro
    assert "role" not in intro and "referenced" not in intro
    assert "Working notes stay with the audit team." in told(material).evidence.intro


def test_a_finding_without_a_title_is_called_that_everywhere(material: ReportMaterial):
    assert Words("en").say("finding.untitled") == "Without a title"
    for language in LANGUAGES:
        title = Words(language).say("finding.untitled")
        of_language = sample_material(language)[0]
        finding = of_language.report.record["findings"][0] | {"title": None}
        content = told(changed(of_language, findings=[finding]))
        assert content.findings.findings[0].title == title
        assert content.conclusions.nonconformities[0].title == title


def test_what_is_not_there_is_not_counted_as_kept_aside(material: ReportMaterial):
    content = told(replace(material, server=replace(material.server, quarantined=0)))
    assert "Set aside" not in facts(content.server.facts)
