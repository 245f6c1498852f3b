"""The register of evidence: by kind, with what somebody needs who wants to look it up, and without names or copies."""

from dataclasses import replace
from typing import Any

import pytest

from server.reports.material import ReportMaterial
from server.sealing.canonical import canonical_bytes
from tests.reports.sample import sample_material
from tests.reports.test_content import changed, facts, told

pytestmark = pytest.mark.slow

NO_FILE = dict.fromkeys(("sha256", "size", "media_type", "source"))
SAID = ("method", "observed_at", "caption", "title", "identifier", "revision", "found_in", "interviewee", "samples")
SAID_TOO = ("population", "process", "site", "shift", "area", "allowed_by", "recorded_by")


@pytest.fixture(scope="module")
def material() -> ReportMaterial:
    return sample_material("en")[0]


def piece(evidence_id: str, kind: str, at: str, **said: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys((*SAID, *SAID_TOO))
    return {
        "id": evidence_id,
        "kind": kind,
        "captured_at": f"2026-11-26T{at}:00.000Z",
        "criteria": [],
        **NO_FILE,
        **nothing,
        **said,
    }


def with_told(material: ReportMaterial, **parts: Any) -> ReportMaterial:
    record = material.report.record
    told_in_words = [
        piece(
            "t1",
            "document",
            "08:00",
            title="Control of gauges",
            identifier="QM-07",
            revision="4",
            found_in="DMS, terminal at machine 4",
            criteria=["iso9001-2015:7.1.5.2", "iso9001-2015:7.5.3.2"],
            recorded_by="0192a7c4-11aa-7000-8000-00000000b001",
        ),
        piece("t2", "record", "08:10", title="Calibration record", samples=["M-101", "M-114"], population="46 gauges"),
        piece(
            "t3",
            "interview",
            "08:20",
            interviewee="Machine operator, night shift",
            caption="Sends a gauge back when its label has expired.",
            observed_at="2026-11-26T02:30:00.000Z",
            area="a1",
        ),
        piece("t4", "observation", "08:30", caption="No drip tray under drum 3."),
    ]
    areas = [{"id": "a1", "name": "Paint shop", "site": None, "photo_policy": "forbidden"}]
    findings = [item | {"evidence": [*item["evidence"], "t1", "t3"]} for item in record["findings"][:1]]
    whole = {
        "evidence": [*record["evidence"], *told_in_words],
        "areas": areas,
        "findings": [*findings, *record["findings"][1:]],
    }
    return changed(material, **(whole | parts))


def groups(material: ReportMaterial) -> dict[str, Any]:
    return {group.heading: group.rows for group in told(material).evidence.groups}


def test_each_kind_stands_by_itself_documents_first(material: ReportMaterial):
    shown = ["Documents seen", "Records sampled", "Interviews", "Observations", "Photos", "Files"]
    assert list(groups(with_told(material))) == shown


def test_a_document_is_referenced_so_that_it_can_be_found_again(material: ReportMaterial):
    """Number, title, revision and where; no copy, so no hash."""
    (row,) = groups(with_told(material))["Documents seen"]
    assert row.caption == "QM-07, Control of gauges, revision 4"
    assert row.said == ("Seen in: DMS, terminal at machine 4",)
    assert row.sha256 == ""
    assert "Documentation" in row.facts and "ISO 9001 7.1.5.2, ISO 9001 7.5.3.2" in row.facts
    assert "Lena Hartmann" in row.facts


def test_a_sample_says_what_was_drawn_and_from_what(material: ReportMaterial):
    (row,) = groups(with_told(material))["Records sampled"]
    assert row.said == ("Sample: M-101, M-114", "Drawn from: 46 gauges")


def test_an_interview_names_a_role_and_both_times(material: ReportMaterial):
    """What was heard at night and written down in the morning has two times."""
    (row,) = groups(with_told(material))["Interviews"]
    assert row.caption == "Machine operator, night shift"
    assert row.said == ("Sends a gauge back when its label has expired.",)
    assert "observed 26 Nov 2026, 03:30 CET, recorded 26 Nov 2026, 09:20 CET" in row.facts
    assert "Paint shop" in row.facts


def test_an_observation_is_said_once(material: ReportMaterial):
    (row,) = groups(with_told(material))["Observations"]
    assert (row.caption, row.said) == ("No drip tray under drum 3.", ())


def test_the_register_says_how_evidence_was_collected(material: ReportMaterial):
    intro = told(with_told(material)).evidence.intro
    assert "Documentation 3, Interview 1, Observation 7" in intro
    assert "stay with the client" in intro and "by role" in intro


def test_what_was_said_of_a_photo_outweighs_its_kind(material: ReportMaterial):
    """A photo of a label on a document is documentation."""
    photos = [item | {"method": "documentation"} for item in material.report.record["evidence"]]
    assert "Documentation 7." in told(changed(material, evidence=photos)).evidence.intro


def test_a_finding_cites_what_was_told_by_its_name(material: ReportMaterial):
    finding = told(with_told(material)).findings.findings[0]
    cited = facts(finding.remarks)["Evidence"].split("\n")
    assert cited[-2:] == ["E-08: QM-07, Control of gauges, revision 4", "E-10: Machine operator, night shift"]


def test_what_has_no_file_is_no_picture_although_it_was_picked(material: ReportMaterial):
    picked = with_told(material, pictures=["t4", *material.report.record["pictures"]])
    before = [picture for finding in told(material).findings.findings for picture in finding.pictures]
    after = [picture for finding in told(picked).findings.findings for picture in finding.pictures]
    assert len(after) == len(before)
    assert all(picture.sha256 for picture in told(picked).findings.further)


def test_what_was_drawn_is_said_of_a_photo_and_of_nothing_that_has_no_file(material: ReportMaterial):
    """Two pieces that are told in words have no file between them: what one covers is nobody else's cover."""
    cover = {"kind": "redact", "colour": None, "points": [[10, 20], [400, 500]], "text": None}
    photo = material.report.record["evidence"][0]
    stray = [piece(name, "observation", "08:40", caption="A tray", annotation=[cover]) for name in ("w1", "w2")]
    evidence = [photo | {"annotation": [cover]}, *stray]
    shown = groups(changed(material, evidence=evidence, pictures=[photo["id"], "w1"]))
    (drawn,) = shown["Photos"]
    assert drawn.drawn.said in drawn.facts and "covered for privacy" in drawn.drawn.said
    assert drawn.name.startswith(f"{photo['sha256']}.")
    for row in shown["Observations"]:
        assert (row.drawn.said, row.name, row.sha256) == ("", "", "")


def test_a_kind_of_a_newer_app_is_listed_and_not_lost(material: ReportMaterial):
    evidence = [piece("n1", "hologram", "08:00", caption="Machine 4")]
    assert [row.caption for row in groups(changed(material, evidence=evidence))["hologram"]] == ["Machine 4"]


def test_a_policy_that_was_changed_after_the_seal_is_told(material: ReportMaterial):
    area = {"id": "a1", "name": "Paint shop", "site": None, "photo_policy": "ask"}
    closing = material.closing.record | {"areas": [area]}
    sealed = replace(material, closing=replace(material.closing, data=canonical_bytes(closing)))
    changes = [{"finding": None, "evidence": None, "field": "areas", "was": None, "is": None}]
    now = changed(sealed, areas=[area | {"photo_policy": "forbidden"}], changes_since_closing=changes)
    (change,) = told(now).changes.changes
    assert (change.where, change.was, change.now) == ("Areas", "Ask before taking photos", "No photos")


def test_a_clock_that_was_off_by_minutes_is_told_with_the_time_that_the_server_would_have_said(
    material: ReportMaterial,
):
    """An assessor compares the photo with the log of a machine; a clock that is off by seconds is no news."""
    clocks = {"t1": 3_600_000, "t2": -3_600_000, "t4": 4_000, "t3": 10**15}
    evidence = [
        item | {"clock": {"skew": clocks[item["id"]], "compared_at": "2026-11-26T06:00:00.000Z"}}
        for item in with_told(material).report.record["evidence"]
        if item["id"] in clocks
    ]
    shown = {row.caption: row.facts for rows in groups(changed(material, evidence=evidence)).values() for row in rows}
    said = {caption: "server’s clock" in facts for caption, facts in shown.items()}
    assert said == {
        "QM-07, Control of gauges, revision 4": True,
        "Calibration record": True,
        "Machine operator, night shift": False,
        "No drip tray under drum 3.": False,
    }
    assert (
        "26 Nov 2026, 09:00 CET · by the server’s clock 26 Nov 2026, 10:00 CET"
        in shown["QM-07, Control of gauges, revision 4"]
    )
    assert "by the server’s clock 26 Nov 2026, 08:10 CET" in shown["Calibration record"]


def test_a_position_is_told_where_the_record_has_one(material: ReportMaterial):
    where = {"latitude": 482_082_000, "longitude": -1_637_000, "accuracy": 8, "measured_at": "2026-11-26T08:00:00.000Z"}
    evidence = [
        item | {"position": where} if item["id"] == "t4" else item
        for item in with_told(material).report.record["evidence"]
    ]
    shown = groups(changed(material, evidence=evidence))
    (row,) = shown["Observations"]
    assert "at 48.20820° N, 0.16370° W (within 8 m)" in row.facts
    assert not any("° N" in row.facts for row in shown["Photos"])


def test_a_voice_note_stands_with_its_length_and_its_hash(material: ReportMaterial):
    """What was found after the browser had been killed says so; where no app said the length, none is made up."""
    file = {"media_type": "audio/webm", "source": "microphone", "size": 332_000}
    said = piece("v1", "voice_note", "08:50", **file, sha256="ab" * 32, recording={"length": 83_250, "end": "stopped"})
    found = piece(
        "v2", "voice_note", "08:51", **file, sha256="cd" * 32, recording={"length": 5_000, "end": "recovered"}
    )
    brought = piece("v3", "voice_note", "08:52", **file, sha256="ef" * 32, caption="Dictated elsewhere")
    shown = changed(material, evidence=[*material.report.record["evidence"], said, found, brought], pictures=["v1"])
    rows = groups(shown)["Voice notes"]
    assert [row.caption for row in rows] == ["Voice note", "Voice note", "Dictated elsewhere"]
    assert [row.sha256 for row in rows] == ["ab" * 32, "cd" * 32, "ef" * 32]
    assert "1:23 min · 332.0 kB · audio/webm" in rows[0].facts and "Observation" in rows[0].facts
    assert "0:05 min, found at the next start" in rows[1].facts
    assert " min" not in rows[2].facts
    assert all(row.name == "" for row in rows)


def test_before_and_after_stand_side_by_side(material: ReportMaterial):
    """Whatever stands between them in the order of numbers; the register says it as well."""
    record = material.report.record
    [finding] = [item for item in record["findings"] if len(item["evidence"]) >= 2][:1]
    first, *others = [one["id"] for one in record["evidence"] if one["id"] in finding["evidence"]]
    last = others[-1]
    evidence = [one | {"retakes": first} if one["id"] == last else one for one in record["evidence"]]
    every = changed(material, evidence=evidence, pictures=[one["id"] for one in record["evidence"]])
    [shown] = [one for one in told(every).findings.findings if one.id == finding["id"]]
    before, after = shown.pictures[:2]
    assert (before.standing, before.opens_pair, after.standing, after.opens_pair) == ("Before", True, "After", False)
    assert {one.number for one in shown.pictures} == {
        one.number for one in told(material).findings.findings[0].pictures
    } | {before.number, after.number}
    assert any(f"shows {before.number} again" in row.facts for rows in groups(every).values() for row in rows)


def test_photos_that_name_each_other_in_a_circle_are_all_shown(material: ReportMaterial):
    record = material.report.record
    ids = [one["id"] for one in record["evidence"] if one.get("sha256")][:3]
    circle = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    evidence = [one | {"retakes": circle.get(one["id"])} for one in record["evidence"]]
    findings = [record["findings"][0] | {"evidence": ids}, *record["findings"][1:]]
    shown = told(changed(material, evidence=evidence, findings=findings, pictures=ids)).findings.findings[0].pictures
    assert len(shown) == 3
    assert [one.standing for one in shown] == ["Before", "After", "After"]
