"""
The rules in Python give what the vectors say. pwa/src/domain/vectors.test.ts holds the tablet to the same files.

A vector is one JSON file in schemas/vectors/<subject>/ with a sentence (`why`) and expected values that were checked by hand.
In `fold` an entry is short: `id` is a small number for its digest, `bases` name such numbers (one that no entry before it has
stands for a digest that nobody knows), `by` names a person of the cast below, `at` is the
clock in ms, `verdict_on`, `erasure_on` and `issuance_on` point at the operation that the server judges or erases, or
from whose record it issued a report (`issued` lists what it said then), and `is_erased` says that of
its content only the hash is left; `team` has the same entries. In `finding`, `judgement` and `record`, `things` are
entities with what they were born with and their fields, written one after the other by one person. `grades` and `worst` give, by
finding, its grade in each standard that it cites and the one that counts where one must be shown.
"""

import base64
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from schemas import handover
from schemas.entities import refuse_value
from server.domain import finding as findings
from server.domain import judgement as judgements
from server.domain.annotation import drawing, layer_of
from server.domain.closing import content_before_report
from server.domain.closings import closings_of
from server.domain.custody import Custody, custody_statement, evidence_list_hash, evidence_named
from server.domain.entity import fits_id
from server.domain.evidence import WITH_FILE, fits_its_file, method_of
from server.domain.fold import Entry, LogView, fold_log
from server.domain.operation import (
    GENESIS,
    ChainKey,
    Operation,
    advance_running_hash,
    digest_of,
    erase_content,
    head_statement,
    held_hash,
    parse_operation,
)
from server.domain.permissions import may_open_covered, may_speak_as, may_write
from server.domain.receipt import key_name, receipt_statement
from server.domain.record import Basis, closing_record, report_record
from server.domain.refusals import Refusal
from server.domain.short_form import lengthen, shorten
from server.domain.spelling import Form, is_spelled
from server.domain.team import accounts_of_members, fold_team, named_member
from server.domain.vocabulary import OperationKind, Origin, Role, TeamRole
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.standards.catalogue import catalogue_tree
from server.sync.head_signature import verifying_key
from tests.devices import text_of

VECTORS = Path(__file__).parents[2] / "schemas" / "vectors"
LENA, ARON, MARA, SERVER, AUDIT = 901, 902, 903, 999, 1000
WORDS_OF_SERVER = ("verdict", "erasure", "issuance")
CAST = {"lena": LENA, "aron": ARON, "mara": MARA, "server": SERVER}


def vectors(subject: str) -> Any:
    files = sorted((VECTORS / subject).glob("*.json"))
    assert files, f"no vectors for {subject}"
    return pytest.mark.parametrize(
        "vector", [pytest.param(json.loads(file.read_text(encoding="utf-8")), id=file.stem) for file in files]
    )


def uuid(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def operation_of(short: dict[str, Any], digests: dict[int, str]) -> Operation:
    person, at = CAST[short["by"]], short["at"]
    kind = next((word for word in WORDS_OF_SERVER if f"{word}_on" in short), short.get("kind"))
    target = short.get(f"{kind}_on")
    header = {
        "v": 1,
        "chain": {
            "installation": uuid(person),
            "account": "server" if person == SERVER else uuid(person + 10),
            "audit": uuid(AUDIT),
        },
        "dseq": short.get("dseq", short["id"]),
        "prev": GENESIS,
        "wall": at,
        "start": "AAAAAAAAAAA",
        "mono": 0,
        "hlc": short.get("hlc", f"{at:015d}-00000000"),
        "seen": {"epoch": None, "seq": 0},
        "ent": short["ent"] if target is None else f"operation/{digests[target]}",
        "fld": short["fld"] if target is None else kind,
        "bases": [digests.get(base) or f"{base:064d}" for base in short.get("bases", [])],
        "kind": kind,
        "ctx": {"app": "0.1.0", "schema": 1, "zone": "UTC"},
    }
    data = text_of(header, short["val"]).encode()
    operation = parse_operation(*erase_content(data)) if short.get("is_erased") else parse_operation(data)
    assert isinstance(operation, Operation), operation
    return operation


def entries_of(shorts: list[dict[str, Any]]) -> tuple[list[Entry], dict[int, str]]:
    digests: dict[int, str] = {}
    entries = []
    for short in shorts:
        operation = operation_of(short, digests)
        digests.setdefault(short["id"], operation.digest)
        origin = Origin(short.get("origin", "device"))
        entries.append(Entry(operation, origin, short.get("seq"), short.get("received_at")))
    return entries, digests


def view_of(things: Iterable[dict[str, Any]]) -> LogView:
    shorts: list[dict[str, Any]] = []
    for thing in things:
        writes = [("born", "add", thing["born"]), *((name, "set", value) for name, value in thing["fields"].items())]
        born_and_set = [len(shorts) + position for position in range(1, len(writes) + 1)]
        for fld, kind, val in writes:
            number = len(shorts) + 1
            is_deletion = fld == "deleted"
            bases = [other for other in born_and_set if other != number] if is_deletion else []
            short = {"id": number, "by": "lena", "at": number, "ent": thing["ref"], "fld": fld, "val": val}
            shorts.append(short | {"bases": bases, "kind": "del" if is_deletion else kind})
        for fld in thing.get("aside", []):
            number = len(shorts) + 1
            target = born_and_set[[name for name, _, _ in writes].index(fld)]
            verdict = {"state": "quarantined", "code": "operation.not_permitted", "facts": {}}
            short = {"id": number, "by": "server", "at": number, "verdict_on": target, "val": verdict}
            shorts.append(short | {"origin": "server", "seq": number, "received_at": number})
    return fold_log(entries_of(shorts)[0])


def shown(view: LogView, digests: dict[int, str]) -> dict[str, Any]:
    """The folded log in the words of a vector."""
    numbers = {digest: number for number, digest in digests.items()}
    return {
        ref: {
            "born": dict(entity.born) if entity.born is not None else None,
            "fields": {
                name: {
                    "value": field.value,
                    "heads": [numbers[head.digest] for head in field.heads],
                    "is_disputed": field.is_disputed,
                    **({"is_erased": True} if field.is_erased else {}),
                }
                for name, field in entity.fields.items()
            },
            "is_deleted": entity.is_deleted,
            "is_deletion_disputed": entity.is_deletion_disputed,
        }
        for ref, entity in view.entities.items()
    }


@vectors("operation")
def test_operation(vector: dict[str, Any]) -> None:
    if "running_hash" in vector:
        entries = [(digest, Origin(origin), received_at) for digest, origin, received_at in vector["entries"]]
        hashes = itertools.accumulate(entries, lambda h, entry: advance_running_hash(h, *entry), initial=GENESIS)
        assert list(hashes)[1:] == vector["running_hash"]
        return
    if "held" in vector:
        assert held_hash(vector["digests"]) == vector["held"]
        return
    if "head_statement" in vector:
        chain = ChainKey(**vector["chain"])
        assert head_statement(chain, vector["dseq"], vector["digest"]) == vector["head_statement"].encode()
        return
    data = vector["bytes"].encode()
    if "make" in vector:
        header = {name: value for name, value in vector["make"].items() if name not in ("val", "salt")}
        content = {name: vector["make"][name] for name in ("val", "salt")}
        assert canonical_bytes({"v": 1, **header}) + b"\n" + canonical_bytes(content) == data
        assert digest_of(data) == vector["digest"]
        return
    operation = parse_operation(data, vector.get("content_sha256"))
    if "refused" in vector:
        assert isinstance(operation, Refusal)
        assert operation.code == vector["refused"]
        assert vector["facts"].items() <= operation.facts.items()
        return
    assert isinstance(operation, Operation)
    assert operation.digest == vector["digest"]
    assert operation.is_erased == vector.get("is_erased", False)
    if "parsed_val_text" in vector:
        assert canonical_bytes(operation.value).decode() == vector["parsed_val_text"]
        return
    assert vector["parsed"] == {
        "chain": {
            "installation": operation.chain.installation,
            "account": operation.chain.account,
            "audit": operation.chain.audit,
        },
        "dseq": operation.dseq,
        "prev": operation.prev,
        "wall": operation.wall,
        "start": operation.start,
        "mono": operation.mono,
        "hlc": operation.hlc,
        "seen": {"epoch": operation.seen_epoch, "seq": operation.seen_seq},
        "ent": operation.entity,
        "fld": operation.field,
        "bases": list(operation.bases),
        "kind": operation.kind.value,
        "val": operation.value,
        "ctx": operation.context,
    }


@vectors("fold")
def test_fold(vector: dict[str, Any]) -> None:
    entries, digests = entries_of(vector["entries"])
    quarantined = {digests[int(number)]: code for number, code in vector["quarantined"].items()}
    # Neither order nor repetition changes what the log says.
    for ordering in (
        entries,
        entries[::-1],
        entries + entries,
        sorted(entries, key=lambda entry: entry.operation.digest),
    ):
        view = fold_log(ordering)
        assert shown(view, digests) == vector["entities"], vector["why"]
        assert {digest: verdict["code"] for digest, verdict in view.quarantined.items()} == quarantined
        assert set(view.erased) == {digests[number] for number in vector.get("erased", [])}
        issued = {digests[int(number)]: tuple(words) for number, words in vector.get("issued", {}).items()}
        assert view.issued == issued


@vectors("finding")
def test_finding(vector: dict[str, Any]) -> None:
    view = view_of(vector["things"])
    assert [[number, finding.id] for number, finding in findings.numbered_findings(view)] == vector["numbers"]
    for finding in view.of_kind("finding"):
        if "grades" in vector:
            standards = findings.cited_standards(finding)
            in_each = {standard: findings.grade_in(view, finding, standard) for standard in standards}
            assert in_each == vector["grades"][finding.id], finding.id
            assert findings.worst_grade(view, finding) == vector["worst"][finding.id], finding.id
    missing = {finding.id: findings.missing_parts(view, finding) for finding in view.of_kind("finding")}
    assert {finding: parts for finding, parts in missing.items() if parts} == vector["missing"]
    refusals = [{"code": refusal.code, "facts": refusal.facts} for refusal in findings.refusals_before_sealing(view)]
    assert refusals == vector["before_closing"]


@vectors("numbering")
def test_numbering(vector: dict[str, Any]) -> None:
    entries, _ = entries_of(vector["entries"])
    for ordering in (entries, entries[::-1]):
        numbered = findings.numbered_findings(fold_log(ordering))
        assert [[number, finding.id] for number, finding in numbered] == vector["numbers"], vector["why"]


@vectors("judgement")
def test_judgement(vector: dict[str, Any]) -> None:
    for place in vector.get("places", []):
        assert judgements.judgement_id(**{name: part for name, part in place.items() if name != "id"}) == place["id"]
    view = view_of(vector.get("things", []))
    numbers = {finding.id: number for number, finding in findings.numbered_findings(view)}
    results = [
        {
            "criterion": row.criterion,
            "result": row.result,
            "judgements": row.judgements,
            "findings": list(row.findings),
        }
        for row in judgements.clause_results(view, vector.get("criteria", []), numbers)
    ]
    assert results == vector.get("results", [])


@vectors("evidence")
def test_evidence(vector: dict[str, Any]) -> None:
    assert {kind: kind in WITH_FILE for kind in vector.get("has_file", {})} == vector.get("has_file", {})
    for case in vector.get("fits", []):
        assert fits_its_file(case["born"]) == case["fits"], case
    for case in vector.get("methods", []):
        assert method_of(case["kind"], case["said"]) == case["method"], case


@vectors("record")
def test_record(vector: dict[str, Any]) -> None:
    view = view_of(vector["things"])
    heads = [
        (ChainKey(head["installation"], head["account"], head["audit"]), head["dseq"], head["digest"])
        for head in vector["heads"]
    ]
    basis = Basis(heads, vector["frozen"], view.quarantined, vector.get("unread", []))
    if "report" in vector:
        record = report_record(view, vector["audit"], basis, **vector["report"])
    else:
        record = closing_record(view, vector["audit"], basis, **vector["closing"])
    assert record == vector["record"]
    assert sha256_hex(canonical_bytes(record)) == vector["sha256"]


@vectors("closing")
def test_closing(vector: dict[str, Any]) -> None:
    entries, _ = entries_of(vector["entries"])
    for ordering in (entries, entries[::-1]):
        closings = closings_of(fold_log(ordering))
        counted, beside = ([one.ref.partition("/")[2] for one in some] for some in (closings.counted, closings.beside))
        assert (counted, beside) == (vector["counted"], vector["beside"]), vector["why"]


@vectors("before_report")
def test_before_report(vector: dict[str, Any]) -> None:
    entries, _ = entries_of(vector["entries"])
    for ordering in (entries, entries[::-1]):
        refusals = content_before_report(fold_log(ordering), uuid(AUDIT))
        assert [{"code": refusal.code, "facts": refusal.facts} for refusal in refusals] == vector["before_report"]


@vectors("catalogue")
def test_catalogue(vector: dict[str, Any]) -> None:
    for edition in vector["editions"]:
        assert catalogue_tree(edition) == vector["tree"]
    assert sha256_hex(canonical_bytes(vector["tree"])) == vector["sha256"]


@vectors("permissions")
def test_permissions(vector: dict[str, Any]) -> None:
    for role, writable in vector.get("may_write", {}).items():
        assert [kind for kind in vector["kinds"] if may_write(TeamRole(role), [], kind)] == writable
    for role, writable in vector.get("outside_the_team", {}).items():
        assert [kind for kind in vector["kinds"] if may_write(None, [Role(role)], kind)] == writable
    for case in vector.get("may_speak_as", []):
        role = None if case["role"] is None else TeamRole(case["role"])
        may = may_speak_as(case["member"], vector["accounts"], case["account"], role, OperationKind(case["kind"]))
        assert may == case["may"], case
    for case in vector.get("may_open_covered", []):
        role = None if case["role"] is None else TeamRole(case["role"])
        assert may_open_covered(role, [Role(one) for one in case["roles"]]) == case["may"], case
    for case in vector.get("named", []):
        header = {"ent": case["ent"], "fld": case["fld"], "kind": "add" if case["fld"] == "born" else "set"}
        assert (
            named_member(operation_of({"id": 1, "by": "lena", "at": 1, "bases": [], "val": case["val"], **header}, {}))
            == case["member"]
        )


@vectors("team")
def test_team(vector: dict[str, Any]) -> None:
    entries, _ = entries_of(vector["entries"])
    expected = {uuid(CAST[person] + 10): role for person, role in vector["team"].items()}
    for ordering in (entries, entries[::-1]):
        assert fold_team(fold_log(ordering), uuid(AUDIT)) == expected, vector["why"]
        assert dict(accounts_of_members(fold_log(ordering))).items() >= vector.get("accounts", {}).items(), vector[
            "why"
        ]


@vectors("annotation")
def test_annotation(vector: dict[str, Any]) -> None:
    """What may be drawn on a photo, and how tablet and server paint it."""
    for why, shapes in vector.get("fits", []):
        assert refuse_value(_annotated(shapes)) is None, why
    for why, shapes in vector.get("refused", []):
        refusal = refuse_value(_annotated(shapes))
        assert refusal is not None, why
        assert refusal.code == vector["code"], why
    for case in vector.get("drawings", []):
        assert drawing(case["shapes"]) == case["marks"], case["why"]
    for evidence in vector.get("evidence", []):
        assert layer_of(evidence, vector["evidence"]) == vector["layers"][evidence["id"]]


def _annotated(shapes: Any) -> Operation:
    short = {"id": 1, "by": "lena", "at": 1, "ent": "evidence/e1", "fld": "annotation", "val": shapes, "kind": "set"}
    return operation_of(short, {})


@vectors("spelling")
def test_spelling(vector: dict[str, Any]) -> None:
    form = Form(vector["form"])
    assert [text for text in vector["fits"] if not is_spelled(form, text)] == []
    assert [text for text in vector["refused"] if is_spelled(form, text)] == []


def test_every_form_has_a_vector() -> None:
    assert {file.stem for file in (VECTORS / "spelling").glob("*.json")} == set(Form)


@vectors("entity")
def test_entity(vector: dict[str, Any]) -> None:
    for is_fit, cases in ((True, vector["fits"]), (False, vector["refused"])):
        assert [case for case in cases if fits_id(case["kind"], case["id"], case["born"]) is not is_fit] == []


@vectors("receipt")
def test_receipt(vector: dict[str, Any]):
    statement = receipt_statement(*(vector[name] for name in ("audit", "epoch", "seq", "hash", "at")))
    assert statement.decode() == vector["statement"]
    public_key = base64.urlsafe_b64decode(vector["public_key"] + "=" * (-len(vector["public_key"]) % 4))
    assert key_name(public_key) == vector["key"]
    assert (verifying_key(statement, vector["signature"], [public_key]) is not None) is vector["is_signed"]


@vectors("short_form")
def test_short_form(vector: dict[str, Any]):
    whole, digests, short = vector["whole"], vector["digests"], vector["short"]
    if whole is None:
        with pytest.raises(ValueError, match="place"):
            lengthen(short, lambda place, _: digests[place])
        return
    assert shorten(whole, digests) == short
    if short is not None:
        assert lengthen(short, lambda place, _: digests[place]) == whole


@vectors("custody")
def test_custody(vector: dict[str, Any]):
    """What the server signs before somebody leaves: `births` of evidence, of which the `lacking` files have not arrived."""
    named = evidence_named(vector["births"], vector.get("withdrawn", []))
    assert named == vector["named"]
    stored = [sha256 for sha256 in named if sha256 not in vector["lacking"]]
    custody = Custody(**{name: vector[name] for name in Custody.__dataclass_fields__})
    assert custody_statement(custody, vector["at"]).decode() == vector["statement"]
    assert evidence_list_hash(stored) == vector["evidence_sha256"]
    public_key = base64.urlsafe_b64decode(vector["public_key"] + "=" * (-len(vector["public_key"]) % 4))
    is_signed = verifying_key(custody_statement(custody, vector["at"]), vector["signature"], [public_key]) is not None
    assert is_signed is vector["is_signed"]


REFUSES = {"contents": handover.refuse_contents, "line": handover.refuse_line, "batch": handover.refuse_batch}


@vectors("handover")
def test_handover(vector):
    """A file that is taken out by hand: `at` is the place that each case changes, by `put`; without it the key goes."""
    refuse = REFUSES[vector["reads"]]
    assert refuse(vector["value"]) is None, vector["why"]
    if "names" in vector:
        assert handover.entry_names(vector["value"]) == vector["names"]
    for case in vector["cases"]:
        refusal = refuse(_changed(vector["value"], case))
        assert refusal is not None, case["why"]
        assert {"code": refusal.code, "facts": dict(refusal.facts)} == case["refused"], case["why"]


def _changed(value: Any, case: dict[str, Any]) -> Any:
    changed = json.loads(json.dumps(value))
    *way, last = case["at"]
    target = changed
    for step in way:
        target = target[step]
    if "put" in case:
        target[last] = case["put"]
    else:
        del target[last]
    return changed


@pytest.mark.parametrize("refuse", REFUSES.values())
@pytest.mark.parametrize("value", [None, 7, "text", [], [{}], {}, True])
def test_what_is_nothing_of_a_handover_is_refused_and_never_raises(refuse, value):
    assert refuse(value) is not None
