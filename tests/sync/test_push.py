"""Push: everything is stored, and each operation is answered with its verdict."""

import json
import random
from hashlib import sha256

import pytest
import sqlalchemy as sa

from server.database import SERVER, reading, unit_of_work
from server.domain.operation import GENESIS, digest_of
from server.domain.permissions import Action
from server.domain.team import fold_team
from server.domain.vocabulary import Role, TeamRole
from server.storage import accounts, audits, chains
from server.storage.clock import now_ms
from server.storage.identifiers import new_id
from server.storage.tables.operation import Chain, ChainHead, LoggedOperation
from server.sync import push as push_module
from server.sync import receive
from tests.devices import Device, codes, header_of, new_audit, states
from tests.people import enter


def test_a_first_batch_creates_the_audit_and_is_stored(database, lena):
    device = new_audit(lena)
    answer = device.push()
    assert states(answer) == ["stored"] * 3
    assert answer.json["next_dseq"] == 4
    assert answer.json["head"]["seq"] == 3
    device.pull()
    assert device.is_safe()


def test_a_repeated_batch_is_answered_like_the_first_time(database, lena):
    device = new_audit(lena)
    first = device.push().json
    again = device.push(device.made)
    assert states(again) == ["duplicate"] * 3
    assert [verdict["seq"] for verdict in again.json["verdicts"]] == [1, 2, 3]
    assert again.json["head"] == first["head"]


@pytest.mark.slow
def test_a_batch_in_any_order_leads_to_the_same_log(database, lena):
    device = new_audit(lena)
    for number in range(20):
        device.add_finding(f"Finding {number}")
    shuffled = list(device.made)
    random.Random(7).shuffle(shuffled)
    assert states(device.push(shuffled)) == ["stored"] * len(shuffled)
    device.pull()
    assert device.pulled_digests == [digest_of(text.encode()) for text in device.made]


def test_the_same_operation_twice_in_one_batch_is_stored_once(database, lena):
    device = new_audit(lena)
    answer = device.push([*device.made, device.made[1]])
    assert states(answer) == ["stored", "stored", "stored", "duplicate"]
    assert [verdict["seq"] for verdict in answer.json["verdicts"]] == [2]


@pytest.mark.slow
def test_a_gap_stores_nothing_and_says_where_to_go_on(database, lena):
    device = new_audit(lena)
    device.push()
    for number in range(4):
        device.add_finding(f"Finding {number}")
    answer = device.push(device.made[5:])
    assert answer.status_code == 409
    assert answer.json["code"] == "chain.gap"
    assert answer.json["facts"] == {"expected": 4, "got": 6}
    device.sent = answer.json["facts"]["expected"] - 1
    assert [verdict["verdict"] for verdict in device.push_all()] == ["stored"] * 8
    device.pull()
    assert device.is_safe()


def test_a_gap_in_a_new_audit_leaves_no_trace(database, lena):
    device = new_audit(lena)
    assert device.push(device.made[1:]).json["code"] == "chain.gap"
    assert lena.get("/api/audits").json == []
    assert states(device.push(device.made)) == ["stored"] * 3


def test_the_verdict_stands_in_the_log_right_behind_the_operation(database, lena):
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "starts_on", "tomorrow")
    device.set(f"audit/{device.audit}", "title", "Stage 2")
    answer = device.push()
    assert codes(answer) == [None, None, None, "operation.value_unfit", None]
    assert [verdict["seq"] for verdict in answer.json["verdicts"]] == [4]
    device.pull()
    assert device.is_safe()
    verdict = next(entry.operation for entry in device.pulled if entry.seq == 5)
    assert verdict.chain.account == "server"
    assert verdict.entity_id == device.pulled_digests[3]
    assert verdict.value["state"] == "quarantined"
    assert device.view().entities[f"audit/{device.audit}"].get("starts_on") is None


@pytest.mark.slow
def test_the_chain_of_the_server_is_gapless_and_linked(database, lena):
    device = new_audit(lena)
    for number in range(3):
        device.set(f"audit/{device.audit}", "type", number)
        device.push()
    device.pull()
    verdicts = [entry.operation for entry in device.pulled if entry.operation.chain.account == "server"]
    assert [verdict.dseq for verdict in verdicts] == [1, 2, 3]
    assert [verdict.prev for verdict in verdicts] == [GENESIS, verdicts[0].digest, verdicts[1].digest]


POISON = [
    '"a text"',
    "not json at all",
    "",
    "[" * 5000 + "]" * 5000,
    '{"v": 1, "val": "a\\u0000b"}',
    '{"v": 1, "val": "\\ud800"}',
    '{"v": 1, "val": NaN}',
    '{"v": 1, "val": 1e400}',
    '{"v": 1, "val": 9223372036854775808}',
    '{"v": 1, "v": 1}',
    '{"v": "\\u0000"}',
    "a raw \x00 NUL",
    "half a surrogate \ud800 pair",
]


@pytest.mark.slow
@pytest.mark.parametrize("poison", POISON, ids=range(len(POISON)))
def test_a_poisonous_operation_holds_up_nothing(database, lena, poison):
    device = new_audit(lena)
    answer = device.push([device.made[0], poison, *device.made[1:]])
    assert states(answer) == ["stored", "quarantined", "stored", "stored"]
    device.pull()
    assert device.is_safe()


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    ["a\x00b", "\ud800", 2**63, 1.5, {"deep": {"deep": {"deep": [[[[[[[[[[[[[[1]]]]]]]]]]]]]]}}}],
    ids=["NUL", "surrogate", "integer", "fraction", "depth"],
)
def test_a_poisonous_value_keeps_its_place_in_the_chain(database, lena, value):
    """The bytes cannot be understood, but their number can: what follows on them is applied."""
    device = new_audit(lena)
    text = device.make("set", f"audit/{device.audit}", "title", "x")
    device.made.pop()
    device.dseq, device.prev = device.dseq - 1, header_of(text)["prev"]
    device.keep(text.partition("\n")[0] + "\n" + json.dumps({"salt": 22 * "A", "val": value}))
    device.set(f"audit/{device.audit}", "reference", "A-2")
    assert states(device.push()) == ["stored"] * 3 + ["quarantined", "stored"]
    device.set(f"audit/{device.audit}", "reference", "A-3")
    assert states(device.push()) == ["stored"]


def test_an_operation_without_a_readable_number_is_placed_by_the_one_behind_it(database, lena):
    device = new_audit(lena)
    device.keep("garbage")
    assert states(device.push()) == ["stored"] * 3 + ["quarantined"]
    device.set(f"audit/{device.audit}", "reference", "A-3")
    assert states(device.push()) == ["stored"]
    device.keep("more garbage")
    device.keep("and more")
    device.set(f"audit/{device.audit}", "reference", "A-4")
    assert states(device.push()) == ["quarantined", "quarantined", "stored"]


def test_unplaced_garbage_does_not_stop_the_tablet_for_ever(database, lena):
    """Two in a row, sent before anything follows: the gap sends the tablet back, and the repetition places them."""
    device = new_audit(lena)
    device.keep("garbage")
    device.keep("more garbage")
    device.push()
    device.set(f"audit/{device.audit}", "reference", "A-4")
    assert device.push_all()[-1]["verdict"] == "stored"


def test_what_cannot_be_read_and_another_tablet_sent_first_leaves_no_gap(database, lena):
    """It stays that tablet's, without a number; the doctor (conftest.py) misses nothing in the chain that it stands in."""
    device = new_audit(lena)
    device.push()
    device.keep("garbage")
    device.keep("more garbage")
    device.set(f"audit/{device.audit}", "reference", "A-4")
    spare = Device(lena.enrol_another(), device.audit)
    spare.send([device.made[-3]])
    assert states(device.push())[-3:] == ["duplicate", "quarantined", "stored"]


def test_a_newer_version_of_the_envelope_is_kept_for_later(database, lena):
    device = new_audit(lena)
    device.make("set", f"audit/{device.audit}", "title", "from the future", v=2)
    device.set(f"audit/{device.audit}", "reference", "A-2")
    assert codes(device.push()) == [None, None, None, "envelope.unknown_version", None]


def test_an_unknown_kind_of_entity_is_kept_for_later(database, lena):
    device = new_audit(lena)
    device.add("drone_flight/1", height=3)
    device.set(f"audit/{device.audit}", "mood", "good")
    assert codes(device.push())[3:] == ["operation.unknown_kind"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["installation", "account", "audit"])
def test_an_operation_of_another_chain_is_kept_and_not_applied(database, lena, name):
    device = new_audit(lena)
    device.push()
    chain = {"installation": lena.installation, "account": lena.account, "audit": device.audit}
    text = device.make("set", f"audit/{device.audit}", "title", "forged", chain=chain | {name: new_id()})
    device.made.pop()
    assert codes(device.push([text])) == ["operation.not_yours"]
    device.pull()
    assert device.view().entities[f"audit/{device.audit}"].get("title") == "Stage 2 Musterwerk"


@pytest.mark.slow
def test_work_that_a_colleague_sent_in_does_not_block_its_own_tablet(database, lena, aron):
    """An export of Aron's unsent work, pushed by Lena, is kept aside; it counts as soon as his own tablet sends it."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("brought by Lena")
    assert codes(device.push(his.made)) == ["operation.not_yours"] * 2
    device.pull()
    assert device.view().of_kind("finding") == []
    his.add_finding("sent by himself")
    answer = his.push()
    assert states(answer) == ["duplicate", "duplicate", "stored", "stored"]
    assert codes(answer) == [None] * 4
    his.add_finding("and going on")
    assert states(his.push()) == ["stored", "stored"]
    assert states(his.push(his.made)) == ["duplicate"] * 6
    device.pull()
    titles = [finding.get("title") for finding in device.view().of_kind("finding")]
    assert titles == ["brought by Lena", "sent by himself", "and going on"]
    assert device.view().quarantined == {}


def test_what_a_colleague_brought_is_looked_at_when_its_author_sends_it(database, lena, aron):
    """That it is his does not give him a right that he has not."""
    device = new_audit(lena)
    device.add_member(aron, "technical_expert")
    device.push()
    his = Device(aron, device.audit)
    his.add_finding()
    device.push(his.made)
    assert codes(his.push()) == ["operation.not_permitted"] * 2
    device.pull()
    assert {verdict["code"] for verdict in device.view().quarantined.values()} == {"operation.not_permitted"}


def test_a_member_whom_a_colleague_brought_is_in_the_team_once_the_author_sends_it(database, lena, aron, paula):
    device = new_audit(lena)
    device.push()
    hers = Device(paula, device.audit)
    hers.add_member(aron)
    device.push(hers.made)
    assert aron.get("/api/audits").json == []
    hers.push()
    assert [audit["team_role"] for audit in aron.get("/api/audits").json] == ["auditor"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["verdict", "erasure", "issuance"])
def test_nobody_writes_what_only_the_server_says(database, lena, kind):
    device = new_audit(lena)
    device.push()
    victim = digest_of(device.made[1].encode())
    value = {"state": "quarantined", "code": "operation.not_yours", "facts": {}}
    text = device.make(kind, f"operation/{victim}", "verdict", value)
    device.made.pop()
    assert codes(device.push([text])) == ["operation.reserved"]
    device.pull()
    assert victim not in device.view().quarantined
    assert victim not in device.view().erased
    assert victim not in device.view().issued


@pytest.mark.parametrize("changed", [{}, {"v": 9}], ids=["readable", "of a newer server"])
def test_nobody_sends_what_stands_in_the_servers_own_chain(database, lena, changed):
    """Kept as somebody's it would keep the server's own word out, when the old log is handed back after a restore."""
    device = new_audit(lena)
    device.push()
    chain = {"installation": lena.installation, "account": "server", "audit": device.audit}
    text = device.make("verdict", f"operation/{'0' * 64}", "verdict", {"state": "applied"}, chain=chain, **changed)
    device.made.pop()
    answer = device.push([text])
    assert (answer.status_code, answer.json["code"]) == (422, "operation.servers_own")
    device.pull()
    assert digest_of(text.encode()) not in device.pulled_digests


@pytest.mark.slow
def test_a_tablet_restored_from_its_backup_forks_its_chain_and_loses_nothing(database, lena):
    device = new_audit(lena)
    device.push()
    restored = Device(lena, device.audit, dseq=3, prev=device.prev, made=list(device.made), sent=3)
    device.add_finding("seen before the restore")
    device.push()
    restored.add_finding("seen after the restore")
    restored.add_finding("and another")
    assert codes(restored.push()) == ["chain.forked"] * 4
    restored.add_finding("going on upon the branch")
    assert codes(restored.push()) == ["chain.forked"] * 2
    device.add_finding("going on upon the trunk")
    assert states(device.push()) == ["stored"] * 2
    device.pull()
    restored.pull()
    assert device.is_safe()
    assert restored.is_safe()
    assert [finding.get("title") for finding in device.view().of_kind("finding")] == [
        "seen before the restore",
        "going on upon the trunk",
    ]


def test_an_operation_that_does_not_follow_on_the_one_before_is_kept_and_the_chain_goes_on(database, lena):
    device = new_audit(lena)
    device.push()
    device.prev = "f" * 64
    device.set(f"audit/{device.audit}", "title", "out of nowhere")
    device.set(f"audit/{device.audit}", "scope", "on it")
    assert codes(device.push()) == ["chain.prev_mismatch", None]


def test_somebody_outside_the_team_is_kept_in_quarantine(database, cast):
    device = new_audit(cast.lena)
    device.push()
    stranger = Device(cast.aron, device.audit)
    stranger.add_finding()
    assert codes(stranger.push()) == ["audit.not_assigned"] * 2
    device.pull()
    assert device.view().of_kind("finding") == []


def test_what_is_set_aside_about_the_team_costs_no_new_look_at_it(database, cast, monkeypatch):
    device = new_audit(cast.lena)
    device.push()
    stranger = Device(cast.aron, device.audit)
    for number in range(12):
        stranger.set(f"team_member/m{number}", "name", "Nobody")
    looks = []
    folded = receive.fold_team
    monkeypatch.setattr(receive, "fold_team", lambda *given: looks.append(1) or folded(*given))
    assert codes(stranger.push()) == ["audit.not_assigned"] * 12
    assert len(looks) == 1
    # And what counts is seen by what stands behind it, also beside what does not.
    device.add_member(cast.aron)
    device.push()
    stranger.add_finding()
    assert set(states(stranger.push())) == {"stored"}


@pytest.mark.slow
def test_what_somebody_wrote_before_the_team_had_a_place_for_him_counts_with_it(database, lena, aron):
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("too early")
    his.push()
    device.add_member(aron)
    device.push()
    his.add_finding("in time")
    assert states(his.push()) == ["stored"] * 2
    his.pull()
    assert [finding.get("title") for finding in his.view().of_kind("finding")] == ["too early", "in time"]


def test_rights_are_those_of_the_team_at_that_point_of_the_batch(database, lena):
    """Lena hands the lead over in the middle of her own batch: what she signs after that is no longer hers to write."""
    device = new_audit(lena)
    member = device.add_member(lena, "audit_team_leader")
    device.set(f"audit/{device.audit}", "scope", "before")
    device.set(member, "role", "auditor")
    device.set(f"audit/{device.audit}", "scope", "after")
    device.add_finding()
    assert codes(device.push())[6:] == [None, None, "operation.not_permitted", None, None]


def test_an_expert_never_grades(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron, "technical_expert")
    device.push()
    his = Device(aron, device.audit)
    his.add("note/1", observed_at="2026-11-24T09:41:07.250Z")
    his.add_finding()
    his.add("finding_grade/f1~iso9001-2015", finding="f1", standard="iso9001-2015")
    assert codes(his.push()) == [None, *["operation.not_permitted"] * 3]


def test_a_grade_in_one_standard_has_the_id_of_its_finding_and_its_standard(database, lena):
    device = new_audit(lena)
    finding, standard = device.add_finding().partition("/")[2], "iso14001-2015"
    device.add(f"finding_grade/{finding}~{standard}", finding=finding, standard=standard)
    device.set(f"finding_grade/{finding}~{standard}", "grade", "major_nonconformity")
    device.set(f"finding_grade/{finding}~{standard}", "grade", None)
    already = len(device.made)
    device.add(f"finding_grade/{finding}~iso9001-2015", finding=finding, standard=standard)
    device.add(f"finding_grade/{new_id()}", finding=finding, standard=standard)
    device.add(f"finding_grade/{finding}~ISO14001", finding=finding, standard="ISO14001")
    device.set(f"finding_grade/{finding}~{standard}", "grade", "serious")
    assert codes(device.push()) == [None] * already + ["operation.value_unfit"] * 4


def test_whoever_creates_an_audit_leads_it_until_it_is_said_otherwise(database, lena, aron):
    device = new_audit(lena)
    member = f"team_member/{new_id()}"
    device.add(member, account=lena.account)
    device.set(member, "name", lena.name)
    device.add("recommendation/iso9001-2015")
    assert set(states(device.push())) == {"stored"}
    device.set(member, "role", "observer")
    device.set(f"audit/{device.audit}", "scope", "x")
    assert codes(device.push()) == [None, "operation.not_permitted"]


def test_the_programme_manager_prepares_an_audit_without_being_in_its_team(database, lena, paula):
    device = new_audit(lena)
    device.push()
    hers = Device(paula, device.audit)
    hers.set(f"audit/{device.audit}", "starts_on", "2026-11-24")
    hers.add_finding()
    assert codes(hers.push()) == [None, "audit.not_assigned", "audit.not_assigned"]


def test_work_of_somebody_who_left_the_house_reaches_the_lead_auditor(database, cast, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding()
    with unit_of_work(SERVER) as session:
        for membership in session.query(accounts.Membership).filter_by(account_id=aron.account):
            session.delete(membership)
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    device.pull()
    assert {digest_of(text.encode()) for text in his.made} <= set(device.pulled_digests)


def test_an_audit_of_nobody_knows_where_is_held_and_shown_to_nobody(database, cast, aron):
    """Aron may not create audits: his batch is kept, and nobody sees an audit."""
    device = new_audit(aron)
    assert codes(device.push()) == ["audit.not_assigned"] * 3
    assert states(device.push(device.made)) == ["duplicate"] * 3
    for person in cast.everybody():
        assert person.get("/api/audits").json == []
        assert person.get(f"/api/audits/{device.audit}/operations").status_code == 404


@pytest.mark.slow
def test_what_was_held_joins_the_audit_as_soon_as_it_exists(database, lena, aron):
    """A server restored from its backup lacks the audit, and hears from Aron before it hears from Lena."""
    device = new_audit(lena)
    device.add_member(aron)
    his = Device(aron, device.audit)
    his.add_finding("held meanwhile")
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    answer = device.push()
    assert set(states(answer)) == {"stored"}
    his.add_finding("and after it")
    assert states(his.push()) == ["stored"] * 2
    his.pull()
    assert his.is_safe()
    assert [finding.get("title") for finding in his.view().of_kind("finding")] == ["held meanwhile", "and after it"]


def test_what_a_tablet_had_announced_and_signed_moves_along_with_what_was_held(database, lena, aron):
    """It found nothing to send any more, and the server said for good that it knew of no end of this chain."""
    device = new_audit(lena)
    device.add_member(aron)
    his = Device(aron, device.audit)
    his.add_finding("held meanwhile")
    his.push()
    device.push()
    chain = chain_of(his)
    assert (chain.announced_dseq, chain.announced_digest) == (his.dseq, his.prev)
    heads = [head for head in heads_of(his) if head.account == aron.account]
    assert [(head.dseq, head.key_sha256 is None) for head in heads] == [(his.dseq, False)]


def test_no_more_may_stand_aside_of_a_member_than_a_closing_record_can_name(database, lena, aron, monkeypatch):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    monkeypatch.setattr(push_module, "MAX_ASIDE", 2)
    his = Device(aron, device.audit)
    for number in range(2):
        his.set(f"finding/f{number}", "no_such_field", "x")
    assert codes(his.push()) == ["operation.unknown_kind"] * 2
    his.set("finding/f1", "title", "kept on the tablet")
    answer = his.send(his.made[his.sent :])
    assert (answer.status_code, answer.json["code"]) == (403, "audit.too_much_waiting")


def leave_every_workspace(person):
    with unit_of_work(SERVER) as session:
        for membership in session.query(accounts.Membership).filter_by(account_id=person.account):
            session.delete(membership)


def rows_of(log_id: str) -> list[int]:
    """How many rows there are of a log: the log itself, its entries, its chains and their signed heads."""
    with reading(SERVER) as session:
        tables = ((audits.Audit, "id"), (LoggedOperation, "audit_id"), (Chain, "audit_id"), (ChainHead, "audit_id"))
        return [session.query(table).filter_by(**{name: log_id}).count() for table, name in tables]


@pytest.mark.slow
def test_what_moved_into_the_audit_leaves_no_second_copy(database, cast, lena, aron):
    """No erasure would reach it, and what is erased must be gone."""
    device = new_audit(lena)
    device.add_member(aron)
    his = Device(aron, device.audit)
    his.add_finding()
    his.push()
    held = audits.held_log_id(cast.ours, device.audit)
    assert rows_of(held) == [1, 4, 2, 1]
    device.push()
    assert rows_of(held) == [0, 0, 0, 0]
    assert states(his.push(his.made)) == ["duplicate"] * 2


@pytest.mark.slow
def test_work_of_somebody_who_was_put_out_before_it_was_sent_waits_to_be_let_in(database, cast, lena, aron, paula):
    """His tablet may have the only copy. Nobody sees it until somebody gives him rights again."""
    device = new_audit(lena)
    device.push()
    leave_every_workspace(aron)
    his = Device(aron, device.audit)
    his.add_finding("recorded on the last day")
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    assert states(his.push(his.made)) == ["duplicate"] * 2
    for person in cast.everybody():
        found = person.get(f"/api/audits/{device.audit}/operations")
        assert b"last day" not in found.data
    device.add_member(aron)
    assert set(states(device.push())) == {"stored"}
    device.pull()
    assert {digest_of(text.encode()) for text in his.made} <= set(device.pulled_digests)
    assert rows_of(audits.held_log_id(cast.ours, device.audit)) == [0, 0, 0, 0]


def test_what_is_held_for_somebody_in_no_workspace_has_a_limit(database, lena, aron, monkeypatch):
    device = new_audit(lena)
    device.push()
    leave_every_workspace(aron)
    his = Device(aron, device.audit)
    his.add_finding()
    his.push()
    monkeypatch.setattr("server.sync.push.MAX_FROM_REVOKED", 2)
    his.add_finding()
    answer = his.push()
    assert (answer.status_code, answer.json["code"]) == (403, "account.not_permitted")


def test_who_is_in_no_workspace_has_nowhere_to_keep_an_audit_that_nobody_knows(database, aron):
    leave_every_workspace(aron)
    answer = new_audit(aron).push()
    assert (answer.status_code, answer.json["code"]) == (403, "account.not_permitted")


def test_an_audit_cannot_be_created_in_the_workspace_of_others(database, cast):
    device = Device(cast.otto, new_id())
    device.add(f"audit/{device.audit}", workspace=cast.ours, type="stage_2")
    assert codes(device.push()) == ["audit.not_assigned"]
    assert cast.lena.get("/api/audits").json == []


def test_the_workspace_of_an_audit_never_changes(database, cast, lena):
    device = new_audit(lena)
    device.push()
    device.add(f"audit/{device.audit}", workspace=cast.theirs, type="stage_2")
    device.add(f"audit/{new_id()}", workspace=cast.ours, type="stage_2")
    assert codes(device.push()) == ["operation.value_unfit"] * 2


def test_a_blocked_tablet_is_kept_aside_and_receives_nothing(database, lena, monkeypatch):
    device = new_audit(lena)
    device.push()
    with unit_of_work(SERVER) as session:
        accounts.revoke_installation(session, lena.installation, now_ms())
    device.add_finding()
    assert codes(device.push()) == ["account.installation_revoked"] * 2
    refused = lena.get(f"/api/audits/{device.audit}/operations")
    assert refused.json["code"] == "account.installation_revoked"
    monkeypatch.setattr("server.sync.push.MAX_FROM_REVOKED", 2)
    device.add_finding()
    assert device.push().json["code"] == "account.installation_revoked"


@pytest.mark.slow
def test_who_is_not_in_the_team_cannot_fill_its_log(database, lena, aron, monkeypatch):
    """Kept is what honest work needs; the rest stays on the tablet, and comes when the team has a place for him."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    monkeypatch.setattr("server.sync.push.MAX_FROM_OUTSIDE", 4)
    for number in range(3):
        his.add_finding(f"Finding {number}")
    assert codes(his.send(his.made[:4])) == ["audit.not_assigned"] * 4
    answer = his.send(his.made[4:])
    assert (answer.status_code, answer.json["code"]) == (403, "audit.too_much_waiting")
    device.add_member(aron)
    assert codes(device.push()) == [None] * 3
    assert codes(his.send(his.made[4:])) == [None] * 2
    his.pull()
    assert len(his.view().of_kind("finding")) == 3


def test_an_installation_that_is_not_enrolled_is_told_to_do_so(database, lena):
    device = new_audit(lena)
    answer = device.push(installation=new_id())
    assert answer.json["code"] == "account.installation_unknown"


def test_a_batch_of_somebody_else_is_not_taken_as_ones_own(database, lena, aron):
    device = new_audit(lena)
    answer = device.send(device.made, api=aron.api)
    assert answer.status_code == 401
    assert states(device.push()) == ["stored"] * 3


def chain_of(device: Device) -> Chain:
    with reading(SERVER) as session:
        chain = session.get(Chain, (device.audit, device.chain.installation, device.chain.account))
        assert chain is not None
        session.expunge(chain)
    return chain


def heads_of(device: Device) -> list[ChainHead]:
    with reading(SERVER) as session:
        heads = chains.chain_heads(session, device.audit)
        session.expunge_all()
    return heads


def test_the_signature_of_the_head_is_kept_when_it_verifies(database, lena):
    device = new_audit(lena)
    device.push()
    device.add_finding()
    device.push()
    heads = heads_of(device)
    assert [head.dseq for head in heads] == [3, 5]
    assert heads[-1].digest == device.prev
    assert all(head.key_sha256 for head in heads)
    assert chain_of(device).wrong_signature_at is None


@pytest.mark.slow
@pytest.mark.parametrize("signature", ["A" * 86, "!", "AAAA"])
def test_a_wrong_signature_is_noted_and_refuses_nothing(database, lena, signature):
    device = new_audit(lena)
    assert states(device.push(head_signature=signature)) == ["stored"] * 3
    chain = chain_of(device)
    assert chain.wrong_signature_at is not None
    assert heads_of(device) == []


@pytest.mark.slow
@pytest.mark.parametrize(("signature", "is_kept"), [("A" * 86, True), ("\x00", False), ("\ud800", False)])
def test_a_signature_of_a_tablet_without_a_key_is_kept_unverified(database, lena, signature, is_kept):
    with unit_of_work(SERVER) as session:
        installation = new_id()
        accounts.enrol_installation(
            session, installation, lena.account, name="old tablet", public_key=None, now=now_ms()
        )
    lena.installation = installation
    device = new_audit(lena)
    assert states(device.push(head_signature=signature)) == ["stored"] * 3
    assert [head.key_sha256 for head in heads_of(device)] == ([None] if is_kept else [])


def test_the_server_knows_what_the_tablet_has_announced(database, lena):
    device = new_audit(lena)
    for number in range(30):
        device.add_finding(f"Finding {number}")
    device.push(device.made[:10])
    chain = chain_of(device)
    assert (chain.tip_dseq, chain.announced_dseq, chain.announced_digest) == (10, 63, device.prev)


def test_the_team_and_the_list_follow_the_log(database, lena, aron, paula):
    device = new_audit(lena, client_name="Musterwerk GmbH", starts_on="2026-11-24")
    device.add_member(lena, "audit_team_leader")
    member = device.add_member(aron)
    device.push()
    listed = aron.get("/api/audits").json
    assert [(audit["reference"], audit["client_name"], audit["team_role"]) for audit in listed] == [
        ("A-2026-017", "Musterwerk GmbH", "auditor")
    ]
    assert [audit["team_role"] for audit in paula.get("/api/audits").json] == [None]
    device.make("del", member, "deleted", True, bases=[id for ids in device.heads.values() for id in ids])
    device.push()
    assert aron.get("/api/audits").json == []


def test_an_account_in_an_unusual_spelling_is_set_aside(database, lena, aron):
    """Understood by one side and not by the other it would be in the team here and a stranger there."""
    device = new_audit(lena)
    device.push()
    member = f"team_member/{new_id()}"
    device.add(member, account=f"urn:uuid:{aron.account.upper()}")
    device.set(member, "role", "auditor")
    assert codes(device.push()) == ["operation.value_unfit", None]
    assert aron.get("/api/audits").json == []


def test_who_begins_an_audit_leads_it_without_an_entry_in_the_team(database, lena):
    device = new_audit(lena)
    device.add_finding()
    device.make("add", "closing_record/c1", "born", {"record": "{}", "sha256": sha256(b"{}").hexdigest()})
    assert set(states(device.push())) == {"stored"}
    assert [audit["team_role"] for audit in lena.get("/api/audits").json] == ["audit_team_leader"]
    device.pull()
    assert fold_team(device.view(), device.audit) == {lena.account: TeamRole.AUDIT_TEAM_LEADER}


def test_an_entry_with_a_role_outranks_having_begun_the_audit(database, lena):
    device = new_audit(lena)
    device.add_member(lena, "observer")
    finding = device.add_finding()
    assert codes(device.push())[-2:] == ["operation.not_permitted"] * 2
    assert [audit["team_role"] for audit in lena.get("/api/audits").json] == ["observer"]
    device.pull()
    assert device.view().entity(finding) is None


@pytest.mark.slow
def test_a_birth_from_a_blocked_tablet_makes_no_leader_until_it_is_released(database, lena):
    """Who leads follows from the log, not from who was heard first: a second tablet of hers may write once the birth counts."""
    with unit_of_work(SERVER) as session:
        accounts.revoke_installation(session, lena.installation, now_ms())
    device = Device(lena, new_id())
    device.create_audit()
    assert codes(device.push()) == ["account.installation_revoked"]
    lena = lena.enrol_another()
    other = Device(lena, device.audit)
    other.set(f"audit/{device.audit}", "title", "Stage 2")
    assert codes(other.push()) == ["audit.not_assigned"]
    (birth,) = device.made
    answer = lena.post(f"/api/audits/{device.audit}/operations/{digest_of(birth.encode())}/release")
    assert answer.status_code == 204
    assert [audit["team_role"] for audit in lena.get("/api/audits").json] == ["audit_team_leader"]
    other.set(f"audit/{device.audit}", "title", "Stage 2, both sites")
    assert codes(other.push()) == [None]


@pytest.mark.slow
def test_five_hundred_operations_go_in_one_batch(database, lena):
    device = new_audit(lena)
    for number in range(249):
        device.add_finding(f"Finding {number}")
    answer = device.push(device.made[:500])
    assert answer.json["head"]["seq"] == 500
    device.pull(limit=77)
    assert device.cursor == 500


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role))
def test_only_who_may_create_audits_creates_one(app, cast, role):
    person = enter(app, cast.ours, f"{role.value} person", role)
    device = new_audit(person)
    is_created = set(states(device.push())) == {"stored"}
    assert is_created == (role in {each for each in Role if Action.CREATE_AUDIT in _permitted(each)})


def _permitted(role: Role) -> frozenset[Action]:
    from server.domain.permissions import PERMITTED

    return PERMITTED[role]


def test_a_log_that_is_held_has_an_id_of_its_own(database, cast, aron):
    device = new_audit(aron)
    device.push()
    with reading(SERVER) as session:
        assert audits.find_audit(session, device.audit) is None
        assert session.get(audits.Audit, audits.held_log_id(cast.ours, device.audit)) is not None


def test_what_an_entity_was_born_with_cannot_be_exchanged_later(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    finding = device.add_finding("Caliper past its date")
    device.push()
    other = Device(aron, device.audit)
    other.add(finding, raised_at="2020-01-01T00:00:00.000Z", raised_by=aron.account)
    answer = other.push()
    assert codes(answer) == ["operation.already_born"]
    device.pull()
    assert device.view().entity(finding).get("raised_at") == "2026-11-24T09:41:07.250Z"


def test_nobody_judges_or_raises_a_finding_in_a_colleagues_name(database, lena, aron):
    """Not even who leads: she judges the same place under her own name. Nobody can let it count in his."""
    device = new_audit(lena)
    hers, his = device.add_member(lena, "audit_team_leader"), device.add_member(aron)
    device.add("team_member/guest", account=None)
    assert set(codes(device.push())) == {None}

    def judge(by: Device, auditor: str) -> str:
        place = {"criterion": "iso9001-2015:4.1", "process": None, "site": None, "shift": None, "auditor": auditor}
        ref = f"judgement/iso9001-2015:4.1~-~-~-~{auditor}"
        by.add(ref, **place)
        return ref

    tablet, foreign = Device(aron, device.audit), "operation.in_anothers_name"
    judge(tablet, his.partition("/")[2])
    judge(tablet, hers.partition("/")[2])
    judge(tablet, "guest")
    judge(tablet, "nobody")
    tablet.add("finding/f1", raised_at="2026-11-24T09:41:07.250Z", raised_by=lena.account)
    tablet.set("finding/f1", "title", "a colleague may complete it")
    assert codes(tablet.push()) == [None, foreign, foreign, foreign, foreign, None]
    ref = judge(device, his.partition("/")[2])
    device.set(ref, "result", "conforms")
    judge(device, "guest")
    device.make("resolve", ref, "result", "not_seen")
    assert codes(device.push()) == [foreign, foreign, None, None]
    aside = digest_of(tablet.made[1].encode())
    answer = lena.post(f"/api/audits/{device.audit}/operations/{aside}/release")
    assert answer.json["code"] == foreign


def test_the_same_birth_from_two_tablets_is_one_fact_said_twice(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.add("evidence_link/e1.f1", evidence="e1", finding="f1", criterion=None)
    device.push()
    other = Device(aron, device.audit)
    other.add("evidence_link/e1.f1", evidence="e1", finding="f1", criterion=None)
    assert states(other.push()) == ["stored"]


def test_a_clock_that_is_put_back_lets_nobody_in_before_the_others(database, lena, monkeypatch):
    """Who arrived first follows from the time of receipt, so within one log it never goes back."""
    device = new_audit(lena)
    device.push()
    monkeypatch.setattr(push_module, "now_ms", lambda: 1_000)
    device.add_finding()
    device.push()
    with reading(SERVER) as session:
        times = session.scalars(
            sa.select(LoggedOperation.received_at)
            .where(LoggedOperation.audit_id == device.audit)
            .order_by(LoggedOperation.seq)
        ).all()
    assert list(times) == sorted(times)
