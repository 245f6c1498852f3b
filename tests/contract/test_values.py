"""What may stand in an operation's value: every fact in one spelling, every entity under the id that belongs to it."""

import json
from hashlib import sha256
from typing import Any

import pytest

from schemas.entities import ENTITIES, refuse_value
from server.domain.operation import GENESIS, Operation, parse_operation
from server.domain.refusals import Refusal
from tests.devices import text_of

AUDIT = "00000000-0000-7000-8000-000000001000"
ACCOUNT = "0191e6a0-0000-7000-8000-0000000000a1"
AT = "2026-11-24T09:41:07.250Z"
PLACE = {"criterion": "iso9001-2015:4.1", "process": None, "site": None, "shift": None, "auditor": "m1"}
EVIDENCE = {
    "kind": "photo",
    "sha256": "ab" * 32,
    "size": 1,
    "media_type": "image/jpeg",
    "source": "file",
    "file_name": None,
    "captured_at": AT,
}
SEAL = {
    "purpose": "closing",
    "audit": AUDIT,
    "sha256": "ab" * 32,
    "signatures": [],
    "supersedes": None,
    "sealed_at": AT,
    "installation": ACCOUNT,
    "account": ACCOUNT,
    "public_key": None,
    "device_signature": None,
}
UNUSUAL_UUIDS = (ACCOUNT.upper(), f"{{{ACCOUNT}}}", f"urn:uuid:{ACCOUNT}", ACCOUNT.replace("-", ""))


def refusal_of(kind: str, entity: str, field: str, value: Any) -> Refusal | None:
    header = {
        "v": 1,
        "chain": {"installation": ACCOUNT, "account": ACCOUNT, "audit": AUDIT},
        "dseq": 1,
        "prev": GENESIS,
        "wall": 1,
        "start": "A" * 11,
        "mono": 0,
        "hlc": "000000000000001-00000000",
        "seen": {"epoch": None, "seq": 0},
        "ent": entity,
        "fld": field,
        "bases": [],
        "kind": kind,
        "ctx": {"app": "0.1.0", "schema": 1, "zone": "UTC"},
    }
    operation = parse_operation(text_of(header, value).encode())
    assert isinstance(operation, Operation), operation
    return refuse_value(operation)


def code_of(kind: str, entity: str, field: str, value: Any) -> str | None:
    refusal = refusal_of(kind, entity, field, value)
    return None if refusal is None else refusal.code


FITS: list[tuple[str, str, str, Any]] = [
    ("set", f"audit/{AUDIT}", "starts_on", "2026-11-24"),
    ("set", f"audit/{AUDIT}", "starts_on", None),
    ("set", f"audit/{AUDIT}", "language", "de-AT"),
    ("set", f"audit/{AUDIT}", "criteria", ["iso9001-2015"]),
    ("set", f"audit/{AUDIT}", "audit_client", ACCOUNT),
    ("set", "plan_slot/s1", "starts_at", "2026-11-24T10:40"),
    ("set", "finding/f1", "observed_at", AT),
    ("set", "finding/f1", "process", None),
    ("set", "finding/f1", "criteria", ["iso9001-2015:7.1.5.1"]),
    ("set", "recommendation/iso9001-2015", "outcome", "recommended"),
    ("set", "recommendation/iso9001-2015", "considered", [{"finding": "f1", "grade": "minor_nonconformity"}]),
    ("set", "judgement/iso9001-2015:4.1~-~-~-~m1", "result", "conforms"),
    ("add", f"audit/{AUDIT}", "born", {"workspace": ACCOUNT, "type": "stage_2"}),
    ("add", "team_member/m1", "born", {"account": ACCOUNT}),
    ("add", "team_member/m1", "born", {"account": None}),
    ("add", "judgement/iso9001-2015:4.1~-~-~-~m1", "born", PLACE),
    ("add", "evidence/e1", "born", EVIDENCE),
    ("add", "evidence_link/l1", "born", {"evidence": "e1", "finding": "f1", "criterion": None}),
    ("seal", "closing_record/c1", "seal", SEAL),
]


@pytest.mark.parametrize(("kind", "entity", "field", "value"), FITS)
def test_what_the_app_writes_fits(kind, entity, field, value):
    assert refusal_of(kind, entity, field, value) is None


@pytest.mark.parametrize(
    ("entity", "field", "value"),
    [
        (f"audit/{AUDIT}", "starts_on", "2026-02-30"),
        (f"audit/{AUDIT}", "ends_on", "2026-13-01"),
        (f"audit/{AUDIT}", "language", "DE"),
        (f"audit/{AUDIT}", "criteria", ["ISO9001-2015"]),
        (f"audit/{AUDIT}", "audit_client", ACCOUNT.upper()),
        ("plan_slot/s1", "starts_at", "2026-02-30T25:61"),
        ("plan_slot/s1", "process", ""),
        ("finding/f1", "observed_at", "2026-02-30T09:41:07.250Z"),
        ("finding/f1", "observed_at", "2026-11-24T24:00:00.000Z"),
        ("finding/f1", "observed_at", "2026-11-24T09:41:60.000Z"),
        ("finding/f1", "observed_at", "2026-11-24T09:41:07Z"),
        ("finding/f1", "site", ""),
        ("finding/f1", "shift", "-"),
        ("finding/f1", "process", "p1~s1"),
        ("finding/f1", "criteria", ["iso9001-2015:07.1"]),
    ],
)
def test_a_second_spelling_of_a_value_is_refused(entity, field, value):
    assert code_of("set", entity, field, value) == "operation.value_unfit"


@pytest.mark.parametrize("uuid", UNUSUAL_UUIDS)
def test_an_id_of_the_server_has_one_spelling_in_an_operation(uuid):
    births: list[tuple[str, Any]] = [
        (f"audit/{AUDIT}", {"workspace": uuid, "type": "stage_2"}),
        ("team_member/m1", {"account": uuid}),
    ]
    assert [code_of("add", entity, "born", born) for entity, born in births] == ["operation.value_unfit"] * 2
    seals = [SEAL | {"installation": uuid}, SEAL | {"account": uuid}]
    assert [code_of("seal", "closing_record/c1", "seal", seal) for seal in seals] == ["operation.value_unfit"] * 2


def test_a_media_type_has_one_spelling():
    for media_type in ("image/JPEG", "image/jpeg; q=1", "photo"):
        assert code_of("add", "evidence/e1", "born", EVIDENCE | {"media_type": media_type}) == "operation.value_unfit"


@pytest.mark.parametrize(
    "entity",
    [
        "judgement/iso9001-2015:4.1~-~-~-~m2",
        "judgement/iso9001-2015:4.1~p1~-~-~m1",
        "judgement/0191e6a0-0000-7000-8000-0000000000a1",
    ],
)
def test_a_judgement_whose_id_does_not_fit_its_parts_is_refused(entity):
    refusal = refusal_of("add", entity, "born", PLACE)
    assert refusal is not None
    assert (refusal.code, refusal.facts["why"]) == ("operation.value_unfit", "the id does not fit its parts")


def test_two_places_never_make_one_judgement():
    """With a tilde in a part, process `p1~s1` at no site would be process `p1` at site `s1`."""
    for parts in ({"process": "p1~s1"}, {"site": "s1~"}, {"shift": "~"}, {"auditor": "m1~m2"}, {"process": "-"}):
        place = PLACE | parts
        names = [place["criterion"], *(place[part] or "-" for part in ("process", "site", "shift")), place["auditor"]]
        assert code_of("add", f"judgement/{'~'.join(names)}", "born", place) == "operation.value_unfit"


@pytest.mark.parametrize(
    ("kind", "entity", "field", "value"),
    [
        ("add", "process/p1~s1", "born", {}),
        ("set", "process/p1~s1", "name", "Turning"),
        ("add", "recommendation/ISO9001-2015", "born", {}),
        ("set", "recommendation/iso9001:2015", "text", "x"),
        ("del", "site/s1~", "deleted", True),
    ],
)
def test_an_id_that_is_not_of_its_kind_is_refused(kind, entity, field, value):
    assert code_of(kind, entity, field, value) == "operation.value_unfit"


@pytest.mark.parametrize("kind", sorted(ENTITIES))
def test_every_fact_of_a_birth_is_said_even_where_it_is_nothing(kind):
    """Left out or null would be two births of one thing, and the second tablet's would be set aside."""
    left_out = [name for name, field in ENTITIES[kind].born_fields().items() if not field.required]
    assert left_out == []


def test_a_place_that_leaves_out_what_it_does_not_say_is_refused():
    assert code_of("add", "judgement/iso9001-2015:4.1~-~-~-~m1", "born", json.loads('{"criterion": "iso9001-2015:4.1", "auditor": "m1"}')) == "operation.value_unfit"  # fmt: skip


@pytest.mark.parametrize("value", ["5", 5.0, True, "٣", " 5"])
def test_a_number_is_a_whole_number_and_no_text(value):
    schema = ENTITIES["audit"]()
    assert schema.validate({"confirmed_headcount": value}, partial=True)


@pytest.mark.parametrize(
    "value",
    [
        SEAL | {"Ms Maier was ill": 1, "Mr Kurz too": 2},
        SEAL | {"signatures": [{"Ms Maier was ill": 1}]},
        {"Ms Maier was ill": {"Mr Kurz too": 1}},
    ],
)
def test_a_verdict_repeats_no_words_of_a_value(value):
    """It is never erased: what somebody wrote as the name of a key would outlast an erasure of the entry."""
    refusal = refusal_of("seal", "closing_record/c1", "seal", value)
    assert refusal is not None
    why = refusal.facts["why"]
    assert isinstance(why, str)
    assert len(why) <= 300
    assert "Maier" not in why
    assert "Kurz" not in why


def test_and_names_the_field_all_the_same():
    refusal = refusal_of("seal", "closing_record/c1", "seal", SEAL | {"sha256": "x"})
    assert refusal is not None
    assert "sha256: Not written like" in refusal.facts["why"]


@pytest.mark.parametrize("kind", ["closing_record", "report_record"])
def test_a_record_is_named_by_its_own_hash(kind: str):
    """Under the hash of another it would stand in that one's place."""
    born = {"record": "{}", "sha256": sha256(b"{}").hexdigest()}
    if kind == "report_record":
        born |= {"closing_sha256": "a" * 64, "closing_seal_sha256": "b" * 64, "revision": 1, "reason": None}
    assert code_of("add", f"{kind}/r1", "born", born) is None
    assert code_of("add", f"{kind}/r1", "born", born | {"record": "[]"}) == "operation.value_unfit"


WORDS_ALONE = dict.fromkeys(("sha256", "size", "media_type", "source", "file_name"))


@pytest.mark.parametrize("kind", ["document", "record", "interview", "observation"])
def test_what_is_told_in_words_is_born_without_a_file(kind):
    told = EVIDENCE | {"kind": kind}
    assert code_of("add", "evidence/e1", "born", told) == "operation.value_unfit"
    assert code_of("add", "evidence/e1", "born", told | WORDS_ALONE) is None


@pytest.mark.parametrize("kind", ["photo", "file", "voice_note", "drawing"])
def test_what_is_a_file_says_which(kind):
    shown = EVIDENCE | {"kind": kind}
    assert code_of("add", "evidence/e1", "born", shown) is None
    assert code_of("add", "evidence/e1", "born", shown | {"sha256": None}) == "operation.value_unfit"
    assert code_of("add", "evidence/e1", "born", shown | WORDS_ALONE) == "operation.value_unfit"


@pytest.mark.parametrize(
    ("field", "value", "unfit"),
    [
        ("method", "interview", "hearsay"),
        ("observed_at", "2026-11-24T03:30:00.000Z", "03:30"),
        ("samples", ["M-101", "M-114"], "M-101"),
        ("interviewee", "Machine operator, night shift", 7),
        ("area", None, ""),
    ],
)
def test_evidence_says_how_when_and_of_which_samples(field, value, unfit):
    assert code_of("set", "evidence/e1", field, value) is None
    assert code_of("set", "evidence/e1", field, unfit) == "operation.value_unfit"


def test_an_area_allows_photos_asks_or_forbids_them():
    assert code_of("add", "area/a1", "born", {}) is None
    assert code_of("set", "area/a1", "photo_policy", "forbidden") is None
    assert code_of("set", "area/a1", "photo_policy", "never") == "operation.value_unfit"
