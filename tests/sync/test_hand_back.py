"""Yesterday's backup was put back. A tablet hands the server its own words again, and those of a tablet that is gone."""

import threading
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.fold import LogView
from server.domain.operation import digest_of, erase_content
from server.identity.by_hand import block_installation
from server.sealing import log_key
from server.storage import accounts, audits
from server.storage import operation_log as log
from server.storage.identifiers import new_id
from server.storage.server_state import server_identity
from server.storage.tables.operation import Chain, LoggedOperation
from server.sync.erase import erase_content_of
from server.sync.office import Change, append, create_audit
from server.sync.team import load_team
from tests.devices import Device, codes, new_audit, states
from tests.old_log import OldLog, back_up, hand_back, put_back, remember, remember_all
from tests.people import Person

pytestmark = pytest.mark.slow

SECRET = "Mr Novak, a cleaner, was not trained."


def write(person: Person, audit: str, *changes: Change) -> None:
    with unit_of_work(SERVER) as session:
        append(session, audit=audit, account=person.account, changes=changes)


def log_of(person: Person, audit: str) -> Device:
    reader = Device(person, audit)
    reader.pull()
    return reader


def titles(view: LogView) -> list[str]:
    return sorted(finding.get("title") for finding in view.of_kind("finding"))


def plain(view: LogView) -> dict[str, object]:
    """What is shown, apart from the server's words for it."""
    shown = {
        ref: (entity.born, {name: (field.value, field.is_disputed) for name, field in entity.fields.items()})
        for ref, entity in view.entities.items()
    }
    return shown | {"aside": sorted(view.quarantined), "erased": sorted(view.erased)}


@pytest.fixture
def lost(database, lena, aron, paula) -> OldLog:
    """After the backup the office put Aron into the team, his tablet recorded and fell into the basin, and something was set aside."""
    device = new_audit(lena)
    device.push()
    backup = back_up()
    member = "team_member/aron"
    write(paula, device.audit, Change.add(member, {"account": aron.account}), Change(member, "role", "auditor"))
    his = Device(aron, device.audit)
    his.add_finding("Found by Aron")
    his.add_finding("of Aron")
    his.set(f"audit/{device.audit}", "scope", "not his to say")
    his.push()
    old = remember(lena, device.audit)
    put_back(backup)
    return old


BEFORE = 3
"""Entries that the backup has."""


def test_the_offices_entries_and_a_dead_tablets_come_back_as_they_were(lost: OldLog, lena, aron):
    assert log_of(lena, lost.audit).cursor == BEFORE
    assert aron.get("/api/audits").json == []
    answer = hand_back(lena, lost, BEFORE)
    assert answer.json["taken"] == len(lost.entries) - BEFORE == 8
    assert answer.json["next"] is None
    again = remember(aron, lost.audit)
    assert again.entries == lost.entries, "with their origin and the time of receipt, so with the same hash"
    assert again.epoch != lost.epoch
    shown = log_of(aron, lost.audit).view()
    assert plain(shown) == plain(log_of(lena, lost.audit).view())
    assert titles(shown) == ["Found by Aron", "of Aron"]
    assert [aside["code"] for aside in shown.quarantined.values()] == ["operation.not_permitted"]
    assert [audit["team_role"] for audit in aron.get("/api/audits").json] == ["auditor"]


def test_handed_back_twice_it_is_there_once(lost: OldLog, lena, aron):
    hand_back(lena, lost, BEFORE)
    for person, after in ((lena, BEFORE), (aron, 0)):
        answer = hand_back(person, lost, after)
        assert (answer.status_code, answer.json["taken"], answer.json["next"]) == (200, 0, None)
    assert remember(lena, lost.audit).entries == lost.entries


def test_it_can_come_in_parts_and_go_on_after_each(lost: OldLog, lena):
    assert hand_back(lena, lost, BEFORE, operations=[]).json["next"] == BEFORE + 1
    answer = hand_back(lena, lost, BEFORE, operations=lost.operations[3:6])
    assert (answer.json["taken"], answer.json["next"]) == (3, 7)
    answer = hand_back(lena, lost, BEFORE, operations=lost.operations[4:7])
    assert (answer.json["taken"], answer.json["next"]) == (1, 8)
    assert hand_back(lena, lost, BEFORE, operations=lost.operations[7:]).json["next"] is None
    assert remember(lena, lost.audit).entries == lost.entries


def test_a_part_has_no_gap_and_never_ends_before_what_the_server_said_of_its_last_entry(lost: OldLog, lena):
    for part in (lost.operations[4:], lost.operations[3:5] + lost.operations[6:], lost.operations[3:10]):
        answer = hand_back(lena, lost, BEFORE, operations=part)
        assert (answer.status_code, answer.json["code"]) == (409, "sync.stretch_incomplete")
    assert log_of(lena, lost.audit).cursor == BEFORE


def test_the_office_may_have_written_more_in_a_row_than_one_request_carries(database, lena, paula):
    device = new_audit(lena)
    device.push()
    backup = back_up()
    write(paula, device.audit, *(Change(f"site/{number}", "name", f"Hall {number}") for number in range(600)))
    old = remember(lena, device.audit)
    put_back(backup)
    assert hand_back(lena, old, 3, operations=old.operations[3:503]).json["next"] == 504
    assert hand_back(lena, old, 3, operations=old.operations[503:]).json["next"] is None
    assert remember(lena, device.audit).entries == old.entries


def put_back_untold(lena: Person, aron: Person) -> tuple[OldLog, str, Device]:
    """A copy of the disk was put back, and the server started as if nothing had been. Aron had written since."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup = back_up()
    his = Device(aron, device.audit)
    his.add_finding("Found by Aron")
    his.push()
    old = remember(lena, device.audit)
    epoch = put_back(backup, is_told=False)
    assert epoch == old.epoch
    return old, epoch, his


@pytest.fixture
def untold(database, lena, aron) -> tuple[OldLog, str]:
    """Aron's tablet fell into the basin before."""
    old, epoch, _ = put_back_untold(lena, aron)
    return old, epoch


def test_a_tablet_that_proves_that_a_backup_was_put_back_and_nobody_said_so_ends_the_epoch(untold, lena, aron):
    old, epoch = untold
    assert hand_back(lena, old).json["taken"] == 2
    again = remember(lena, old.audit)
    assert again.epoch != epoch
    assert again.entries == old.entries
    assert hand_back(aron, old).json["epoch"] == again.epoch, "once is enough"
    with reading(SERVER) as session:
        assert len(server_identity(session).former) == 1


def test_it_is_proved_also_where_every_entry_has_come_again_since_and_was_received_later(database, lena, aron):
    old, epoch, his = put_back_untold(lena, aron)
    his.send(his.made)
    assert {entry.split(" ")[0] for entry in remember(lena, old.audit).entries} == {
        entry.split(" ")[0] for entry in old.entries
    }
    answer = hand_back(lena, old)
    assert (answer.json["taken"], answer.json["epoch"] == epoch) == (0, False)


def test_an_audit_that_the_backup_does_not_know_proves_it_too(database, lena):
    backup = back_up()
    device = new_audit(lena)
    device.push()
    old = remember(lena, device.audit)
    epoch = put_back(backup, is_told=False)
    assert hand_back(lena, old).json["taken"] == len(old.entries)
    assert remember(lena, old.audit).epoch != epoch


def test_what_is_here_or_is_not_signed_by_this_server_ends_no_epoch(untold, lena):
    old, epoch = untold
    forged = hand_back(lena, old, receipt={**old.receipt, "signature": "A" * 86})
    assert (forged.status_code, forged.json["code"]) == (409, "sync.stretch_unproved")
    shorter = remember(lena, old.audit)
    assert hand_back(lena, shorter).json == {"protocol": 1, "epoch": epoch, "taken": 0, "next": None}


def flipped(old: OldLog) -> OldLog:
    entries = [
        entry.replace(" device ", " server ") if index == 6 else entry for index, entry in enumerate(old.entries)
    ]
    return replace(old, entries=entries)


def later(old: OldLog) -> OldLog:
    digest, origin, received_at = old.entries[-1].split(" ")
    return replace(old, entries=[*old.entries[:-1], f"{digest} {origin} {int(received_at) + 1}"])


def swapped(old: OldLog) -> OldLog:
    return replace(old, entries=[*old.entries[:-2], old.entries[-1], old.entries[-2]])


def resigned(old: OldLog) -> OldLog:
    return replace(old, receipt=old.receipt | {"signature": "A" * 86})


BENT = {
    "an origin that was flipped": flipped,
    "another time of receipt": later,
    "another order": swapped,
    "a stretch that was cut": lambda old: old.without(1),
    "a signature that is none": resigned,
    "another epoch": lambda old: replace(old, epoch=new_id()),
    "another time of signing": lambda old: replace(old, receipt=old.receipt | {"at": "2026-11-27T09:29:47.123Z"}),
}


@pytest.mark.parametrize("how", BENT)
def test_what_is_not_what_the_server_signed_is_refused_and_nothing_of_it_taken_in(lost: OldLog, lena, how):
    answer = hand_back(lena, BENT[how](lost), BEFORE)
    assert (answer.status_code, answer.json["code"]) == (409, "sync.stretch_unproved")
    assert log_of(lena, lost.audit).cursor == BEFORE


def test_a_text_that_the_list_does_not_name_is_refused(lost: OldLog, lena):
    forged = lost.operations[5].replace("2026-11-24", "2026-11-25")
    assert forged != lost.operations[5]
    part = [*lost.operations[3:5], forged, *lost.operations[6:]]
    answer = hand_back(lena, lost, BEFORE, operations=part)
    assert (answer.status_code, answer.json["code"]) == (409, "sync.stretch_unproved")
    assert log_of(lena, lost.audit).cursor == BEFORE


def test_the_receipt_of_another_audit_proves_nothing_here(lost: OldLog, lena):
    other = new_audit(lena)
    other.push()
    theirs = remember(lena, other.audit)
    for bent in (replace(theirs, audit=lost.audit), replace(lost, receipt=theirs.receipt, epoch=theirs.epoch)):
        answer = hand_back(lena, bent)
        assert (answer.status_code, answer.json["code"]) == (409, "sync.stretch_unproved")
    assert log_of(lena, lost.audit).cursor == BEFORE


def test_the_server_says_when_it_has_another_key_than_it_had(lost: OldLog, lena, config: Config):
    path = config.data_folder / log_key.KEY_FILE
    path.unlink()
    log_key._read.cache_clear()
    answer = hand_back(lena, lost, BEFORE)
    assert (answer.status_code, answer.json["code"]) == (409, "sync.receipt_of_another_key")


def test_odd_bodies_are_refused_and_break_nothing(lost: OldLog, lena):
    for changed in (
        {"entries": ["x"]},
        {"entries": []},
        {"entries": [lost.entries[0].replace("device", "somebody")]},
        {"entries": [lost.entries[0] + "\n"]},
        {"receipt": None},
        {"operations": [7]},
        {"more": 1},
    ):
        assert hand_back(lena, lost, BEFORE, **changed).status_code == 422
    for changed in ({"operations": ["\ud800"]}, {"entries": [lost.entries[0]] * 3}):
        assert hand_back(lena, lost, BEFORE, **changed).json["code"] == "sync.stretch_unproved"
    entry = lost.entries[:1]
    assert hand_back(lena, lost, -1, entries=entry).status_code == 422
    assert hand_back(lena, lost, 10**9, entries=entry).json["code"] == "sync.stretch_unproved"
    assert log_of(lena, lost.audit).cursor == BEFORE


def test_to_whoever_cannot_prove_it_the_audit_does_not_exist(lost: OldLog, lena, aron, otto, ruth):
    for person, old in ((otto, lost), (aron, lost.without(1)), (ruth, resigned(lost))):
        answer = hand_back(person, old)
        unknown = hand_back(person, replace(old, audit=new_id()))
        assert (answer.status_code, answer.json["code"]) == (404, "request.not_found")
        assert answer.data == unknown.data
    assert log_of(lena, lost.audit).cursor == BEFORE


def test_whom_the_backup_does_not_know_in_the_team_yet_hands_it_back_too(lost: OldLog, aron):
    """The proof is the right: nobody but the server itself can have made what it has signed."""
    assert hand_back(aron, lost).json["next"] is None
    assert [audit["team_role"] for audit in aron.get("/api/audits").json] == ["auditor"]


def test_a_blocked_tablet_hands_nothing_back(lost: OldLog, lena):
    other = lena.enrol_another()
    block_installation(other.installation)
    answer = hand_back(other, lost, BEFORE)
    assert (answer.status_code, answer.json["code"]) == (403, "account.installation_revoked")


def test_an_audit_that_is_younger_than_the_backup_comes_into_being_again(database, lena, aron, paula, otto):
    backup = back_up()
    audit = new_id()
    born = Change.add(f"audit/{audit}", {"workspace": paula.workspace, "type": "surveillance"})
    member = Change.add("team_member/aron", {"account": aron.account})
    changes = [born, member, Change("team_member/aron", "role", "auditor")]
    with unit_of_work(SERVER) as session:
        create_audit(session, workspace=paula.workspace, account=paula.account, audit=audit, changes=changes)
    his = Device(aron, audit)
    his.add_finding("Found by Aron")
    his.push()
    old = remember(aron, audit)
    put_back(backup)
    # His tablet sends what it has before it hands back the rest: that is held, and moves in.
    his.set("note/1", "text", "written after the last page")
    his.send(his.made)
    assert hand_back(otto, old).status_code == 404
    assert hand_back(aron, old).json["next"] is None
    for person in (aron, paula):
        reader = log_of(person, audit)
        assert titles(reader.view()) == ["Found by Aron"]
        assert reader.view().quarantined == {}
    assert remember(paula, audit).entries[: len(old.entries)] == old.entries
    assert his.made[-1] in remember(paula, audit).operations
    assert [listed["type"] for listed in paula.get("/api/audits").json] == ["surveillance"]


def test_two_tablets_hand_back_at_once(app: Flask, lost: OldLog, lena, aron):
    answers = []

    def work(person: Person, after: int) -> None:
        with app.app_context():
            api = app.test_client()
            api.set_cookie("auditbook", person.api.get_cookie("auditbook").value)
            answers.append(hand_back(replace(person, api=api), lost, after))

    threads = [threading.Thread(target=work, args=whose) for whose in ((lena, BEFORE), (aron, 0)) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.json["taken"] for answer in answers) == [0] * 5 + [8]
    assert remember(lena, lost.audit).entries == lost.entries


def test_what_the_server_set_aside_without_its_memory_counts_as_before(lost: OldLog, lena, aron):
    """Aron's tablet was only late. The restored server did not know that the office had put him into the team."""
    his = Device(aron, lost.audit)
    his.made = lost.operations[5:9]
    assert set(codes(his.send(his.made))) == {"audit.not_assigned"}
    assert log_of(lena, lost.audit).view().of_kind("finding") == []
    hand_back(lena, lost, BEFORE)
    shown = log_of(lena, lost.audit).view()
    assert titles(shown) == ["Found by Aron", "of Aron"]
    assert [aside["code"] for aside in shown.quarantined.values()] == ["operation.not_permitted"]
    end = log_of(lena, lost.audit).cursor
    assert hand_back(aron, lost).json["taken"] == 0
    assert log_of(lena, lost.audit).cursor == end, "said once"


def test_what_a_person_decided_since_the_restore_stands(lost: OldLog, lena, aron):
    """The old log kept it aside; the lead auditor has let it count since."""
    his = Device(aron, lost.audit)
    his.made = lost.operations[5:10]
    his.send(his.made)
    aside = lost.entries[9].partition(" ")[0]
    assert aside in log_of(lena, lost.audit).view().quarantined
    assert lena.post(f"/api/audits/{lost.audit}/operations/{aside}/release").status_code == 204
    hand_back(lena, lost, BEFORE)
    assert log_of(lena, lost.audit).view().quarantined == {}


def test_a_tablet_that_was_only_late_goes_on_where_its_chain_ends(lost: OldLog, lena, aron):
    hand_back(lena, lost, BEFORE)
    his = Device(aron, lost.audit)
    his.made = list(lost.operations[5:10])
    his.dseq, his.prev = 5, lost.entries[9].partition(" ")[0]
    finding = his.add_finding("After the restore")
    assert set(states(his.send(his.made[5:]))) == {"stored"}
    assert log_of(lena, lost.audit).view().entity(finding).get("title") == "After the restore"


def test_who_brings_the_servers_own_words_as_his_keeps_nothing_out(lost: OldLog, lena, otto, aron):
    """Brought before they are handed back, they stand there as somebody else's: the office's entries count again all the same."""
    stranger = Device(aron, lost.audit)
    assert codes(stranger.send(lost.operations[3:5])) == ["operation.not_yours"] * 2
    assert stranger.send([lost.operations[-1]]).json["code"] == "operation.servers_own"
    assert hand_back(lena, lost, BEFORE).json["next"] is None
    shown = log_of(lena, lost.audit).view()
    assert shown.of_kind("team_member")[0].get("role") == "auditor"
    aside = {digest: why["code"] for digest, why in shown.quarantined.items()}
    assert aside[lost.entries[9].partition(" ")[0]] == "operation.not_permitted"


def test_what_was_erased_since_does_not_come_back(database, lena, paula):
    device = new_audit(lena)
    device.push()
    backup = back_up()
    text = device.set(f"audit/{device.audit}", "scope", SECRET)
    device.push()
    old = remember(lena, device.audit)
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, [device.prev], "Withdrawn.")
    register = next(rows for table, rows in back_up().items() if table.__tablename__ == "erasure")
    put_back({table: register if table.__tablename__ == "erasure" else rows for table, rows in backup.items()})
    assert text in old.operations
    assert hand_back(lena, old, 3).json["taken"] == 1
    assert SECRET not in str(remember(lena, device.audit).operations)
    reader = log_of(lena, device.audit)
    assert list(reader.view().erased) == [old.entries[3].partition(" ")[0]]
    assert reader.view().quarantined == {}


def test_a_decision_that_only_the_old_log_tells_of_is_registered_again(database, lena, paula):
    device = new_audit(lena)
    device.push()
    backup = back_up()
    text = device.set(f"audit/{device.audit}", "scope", SECRET)
    device.push()
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, [device.prev], "Withdrawn.")
    old = remember(lena, device.audit)
    put_back(backup)
    device.send([text])
    assert hand_back(lena, old, 3).json["next"] is None
    assert SECRET not in str(remember(lena, device.audit).operations)
    assert log_of(lena, device.audit).view().quarantined == {}


def test_a_header_whose_content_nobody_erased_waits_for_its_author(lost: OldLog, lena, aron):
    header, content_sha256 = erase_content(lost.operations[6].encode())
    hollow = {"header": header.decode(), "content_sha256": content_sha256}
    part = [*lost.operations[3:6], hollow, *lost.operations[7:]]
    assert hand_back(lena, lost, BEFORE, operations=part).json["next"] is None
    digest = lost.entries[6].partition(" ")[0]
    assert log_of(lena, lost.audit).view().quarantined[digest]["code"] == "operation.content_missing"
    his = Device(aron, lost.audit)
    his.made = lost.operations[5:10]
    his.send(his.made)
    shown = log_of(lena, lost.audit).view()
    assert digest not in shown.quarantined
    assert titles(shown) == ["Found by Aron", "of Aron"]


def test_who_begins_an_audit_that_the_backup_lacks_does_not_take_it_over(database, lena, paula):
    """Her birth of it has a lower number now, and a later time of receipt: what had arrived first still counts."""
    backup = back_up()
    device = new_audit(lena)
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    hers = Device(paula, device.audit)
    hers.add(f"audit/{device.audit}", workspace=paula.workspace, type="stage_2")
    hers.push()
    assert hand_back(lena, old, 0).status_code == 200
    device.set(f"audit/{device.audit}", "scope", "of Lena")
    assert codes(device.send([device.made[-1]])) == [None]
    with reading(SERVER) as session:
        row = audits.find_audit(session, device.audit)
        assert row is not None
        assert set(load_team(session, row)) == {lena.account}


def rows_of(audit: str) -> tuple[list[dict[str, object]], set[tuple[object, ...]]]:
    """Everything that the server knows of the entries and the chains of an audit."""
    with reading(SERVER) as session:
        table = sa.select(LoggedOperation.__table__).where(LoggedOperation.audit_id == audit)
        rows = [dict(row) for row in session.execute(table.order_by(LoggedOperation.seq)).mappings()]
        entries = [{name: value for name, value in row.items() if name != "is_of_old_log"} for row in rows]
        of_chains = sa.select(Chain.installation, Chain.account, Chain.tip_dseq, Chain.tip_digest)
        ends = {tuple(row) for row in session.execute(of_chains.where(Chain.audit_id == audit, Chain.tip_dseq > 0))}
    return entries, ends


def unread(device: Device) -> str:
    """What an app of tomorrow writes: its header tells its place, and nothing else of it can be read."""
    text = device.make("set", f"audit/{device.audit}", "title", "of tomorrow", v=2)
    device.heads.pop((f"audit/{device.audit}", "title"))
    return text


def hand_all_back(person: Person, old: OldLog, after: int, at_once: int) -> None:
    """In parts, as small as they may be."""
    following: int | None = after + 1
    while following is not None:
        most = at_once
        while True:
            part = old.operations[following - 1 : following - 1 + most]
            answer = hand_back(person, old, after, operations=part)
            if answer.status_code == 200:
                break
            assert answer.json["code"] == "sync.stretch_incomplete"
            most += 1
        following = answer.json["next"]


@pytest.mark.parametrize("at_once", [500, 1])
def test_the_server_knows_of_every_entry_what_it_knew(database, lena, aron, at_once):
    """Who sent what, from where, and which number it has in its chain: also of what cannot be read and of what others brought."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    his.add_finding("of Aron")
    his.keep("not json at all")
    his.keep("nor this")
    his.set("note/1", "text", "behind what cannot be read")
    unread(his)
    his.set("note/1", "text", "behind what an app of tomorrow wrote")
    device.send([his.made[4], his.made[1], "nobody knows whose"])
    his.push()
    his.keep("alone in its batch")
    his.push()
    his.set("note/1", "text", "behind what came alone")
    his.push()
    twin = Device(aron, device.audit, dseq=2, prev=digest_of(his.made[1].encode()))
    twin.set("note/2", "text", "forked")
    twin.send(twin.made)
    twin.set("note/2", "text", "forked, and on")
    twin.send(twin.made[-1:])
    assert lena.post(f"/api/audits/{device.audit}/operations/{twin.prev}/release").status_code == 204
    his.set("note/1", "text", "the chain goes on")
    his.push()
    old, before = remember(lena, device.audit), rows_of(device.audit)
    put_back(backup)
    hand_all_back(lena, old, after=known, at_once=at_once)
    entries, ends = rows_of(device.audit)
    assert remember(lena, device.audit).entries == old.entries
    for one, other in zip(entries, before[0], strict=True):
        assert one == other
    assert ends == before[1]


def test_a_branch_that_somebody_released_stays_a_branch(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    his.add_finding("of Aron")
    his.push()
    twin = Device(aron, device.audit, dseq=1, prev=digest_of(his.made[0].encode()))
    for number in range(3):
        twin.set("note/2", "text", f"forked, and on {number}")
    twin.send(twin.made)
    for text in twin.made:
        digest = digest_of(text.encode())
        assert lena.post(f"/api/audits/{device.audit}/operations/{digest}/release").status_code == 204
    old = remember(lena, device.audit)
    put_back(backup)
    assert hand_back(lena, old, known).json["next"] is None
    his.set("note/1", "text", "the chain goes on")
    assert codes(his.send(his.made[-1:])) == [None]


def test_a_header_that_calls_itself_a_verdict_keeps_nothing_from_coming_back(database, lena, aron):
    """Whoever is in the workspace can send one; the server's own words are those that it wrote itself."""
    backup = back_up()
    device = new_audit(lena)
    device.push()
    device.add_finding("signed by the server")
    device.push()
    header, content_sha256 = erase_content(Device(aron, device.audit).make("verdict", "note/1", "text", "x").encode())
    Device(aron, device.audit).send([{"header": header.decode(), "content_sha256": content_sha256}])
    old = remember(lena, device.audit)
    put_back(backup)
    assert hand_back(lena, old).json["next"] is None


# --- Who has sent it


def brought_by_a_blocked_tablet(lena: Person, aron: Person) -> tuple[Device, Device, Any, int]:
    """What Aron wrote after the backup, one of it in a newer app's words; his own tablet has sent nothing of it yet."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    his, stolen = Device(aron, device.audit), lena.enrol_another()
    his.set("note/1", "text", "of Aron")
    his.make("set", "note/2", "text", "of tomorrow", v=2)
    block_installation(stolen.installation)
    Device(stolen, device.audit).send(his.made)
    return device, his, backup, known


def test_what_its_author_had_sent_is_the_authors_again(database, lena, aron):
    """Brought by a blocked tablet, and then by its author's own; the old log says both."""
    device, his, backup, known = brought_by_a_blocked_tablet(lena, aron)
    his.push()
    old = remember(lena, device.audit)
    put_back(backup)
    assert hand_back(lena, old, known).json["next"] is None
    assert remember(lena, device.audit).entries == old.entries
    assert sent_by(device.audit, *his.made) == {aron.installation}
    his.set("note/1", "text", "and on")
    assert codes(his.push()) == [None], "the chain goes as far as it did"
    assert [why["code"] for why in log_of(lena, device.audit).view().quarantined.values()] == [
        "envelope.unknown_version"
    ]


def test_what_its_author_sent_meanwhile_outweighs_what_the_old_log_said_of_who_had_brought_it(database, lena, aron):
    device, his, backup, known = brought_by_a_blocked_tablet(lena, aron)
    old = remember(lena, device.audit)
    put_back(backup)
    his.push()
    assert hand_back(lena, old, known).json["next"] is None
    assert sent_by(device.audit, *his.made) == {aron.installation}
    shown = log_of(lena, device.audit).view()
    assert shown.entities["note/1"].get("text") == "of Aron"
    assert [(why["code"], why["sent_by"]["account"]) for why in shown.quarantined.values()] == [
        ("envelope.unknown_version", aron.account)
    ]
    before = log_of(lena, device.audit).cursor
    hand_back(lena, old, known)
    assert log_of(lena, device.audit).cursor == before, "said once"


def sent_by(audit: str, *texts: str) -> set[str]:
    """The tablets that have sent these, as the columns say."""
    with reading(SERVER) as session:
        rows = [log.find_entry(session, audit, digest_of(text.encode())) for text in texts]
        return {row.sent_by_installation for row in rows if row is not None}


def hollow(text: str) -> dict[str, str]:
    header, content_sha256 = erase_content(text.encode())
    return {"header": header.decode(), "content_sha256": content_sha256}


def test_a_header_that_a_colleague_brought_does_not_count_afterwards_either(database, lena, aron):
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    his.set("note/1", "text", "of Aron")
    device.send([hollow(his.made[0])])
    old, before = remember(lena, device.audit), rows_of(device.audit)
    put_back(backup)
    assert hand_back(lena, old, known).json["next"] is None
    assert rows_of(device.audit) == before


@pytest.mark.parametrize("at_once", [500, 1])
def test_what_cannot_be_read_and_came_out_of_order_keeps_its_number(database, lena, at_once):
    """Nothing but the order of the log tells which of them has which number: only what follows on them names one, the last."""
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    for text in ("not json at all", "nor this", "nor that"):
        device.keep(text)
    device.set(f"audit/{device.audit}", "scope", "Behind what cannot be read")
    device.send([device.made[-3]])
    device.push()
    old, before = remember(lena, device.audit), rows_of(device.audit)
    assert sorted(row["dseq"] for row in before[0] if row["origin"] == "device") == list(range(1, device.dseq + 1))
    put_back(backup)
    hand_all_back(lena, old, after=known, at_once=at_once)
    assert rows_of(device.audit) == before


@pytest.mark.parametrize("at_once", [500, 1])
def test_what_follows_on_an_unreadable_entry_of_a_branch_is_a_branch_afterwards_too(database, lena, aron, at_once):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    his.set("note/1", "text", "one")
    his.set("note/1", "text", "two")
    his.push()
    twin = Device(aron, device.audit, dseq=1, prev=digest_of(his.made[0].encode()))
    twin.keep("not json at all")
    twin.set("note/2", "text", "behind it")
    twin.send(twin.made)
    his.set("note/1", "text", "the chain goes on")
    his.push()
    old, before = remember(lena, device.audit), rows_of(device.audit)
    assert [row["is_branch"] for row in before[0] if row["digest"] == twin.prev] == [True]
    put_back(backup)
    hand_all_back(lena, old, after=known, at_once=at_once)
    assert rows_of(device.audit) == before


def test_content_that_came_after_the_backup_for_a_header_in_it_comes_back(database, lena, aron):
    device = new_audit(lena)
    text = device.set(f"audit/{device.audit}", "scope", "Production of valves")
    device.send([*device.made[:-1], hollow(text)])
    backup = back_up()
    known = len(rows_of(device.audit)[0])
    device.send([text])
    old, before = remember(lena, device.audit), rows_of(device.audit)
    put_back(backup)
    assert hand_back(lena, old, known, operations=[text, *old.operations[known:]]).json["taken"] == 2
    assert rows_of(device.audit) == before


def test_content_that_nobody_had_judged_is_judged_when_it_comes_with_the_log(database, lena, aron, paula):
    """The old log ends before its author had sent the text; the tablet that hands back has it from him by hand."""
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    text = his.set("note/1", "text", "of Aron")
    his.send([hollow(text)])
    old = remember(lena, device.audit)
    put_back(backup)
    assert hand_back(lena, old, known, operations=[text, *old.operations[known + 1 :]]).json["next"] is None
    digest = digest_of(text.encode())
    assert log_of(lena, device.audit).view().quarantined[digest]["code"] == "audit.not_assigned"


def test_a_text_for_a_header_is_not_taken_where_somebody_decided_that_it_goes(database, lena, paula):
    device = new_audit(lena)
    text = device.set(f"audit/{device.audit}", "scope", SECRET)
    device.push()
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, [device.prev], "Withdrawn.")
    backup = back_up()
    device.add_finding()
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    known = len(rows_of(device.audit)[0])
    assert hand_back(lena, old, known, operations=[text, *old.operations[known:]]).json["next"] is None
    assert SECRET not in str(remember(lena, device.audit).operations)


def long_log(lena: Person, aron: Person) -> tuple[OldLog, int]:
    """A log with a receipt every few entries, handed back to a server that somebody else wrote on meanwhile; what the backup has."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    for number in range(4):
        his.add_finding(f"of Aron {number}")
        his.set(f"audit/{device.audit}", "scope", "not his to say")
        his.push()
    old = remember_all(lena, device.audit, lambda: 5)
    put_back(backup)
    device.set(f"audit/{device.audit}", "title", "since the restore")
    device.push()
    return old, known


def test_a_stretch_begins_at_a_receipt_whatever_the_numbers_are_by_now(database, lena, aron):
    old, known = long_log(lena, aron)
    ends = [end for end in old.receipts if end > known]
    assert len(ends) > 2
    for after, end in zip([known, *ends], ends, strict=False):
        begin = None if after == known else old.receipts[after]
        assert hand_back(lena, old, after, until=end, begin=begin).json["next"] is None
    shown = log_of(lena, old.audit).view()
    assert titles(shown) == [f"of Aron {number}" for number in range(4)]
    assert {aside["code"] for aside in shown.quarantined.values()} == {"operation.not_permitted"}
    assert shown.entity(f"audit/{old.audit}").get("title") == "since the restore"
    lines = remember(lena, old.audit).entries
    assert [line for line in lines if line in old.entries] == old.entries


def test_a_stretch_does_not_begin_where_the_server_never_signed(database, lena, aron):
    old, known = long_log(lena, aron)
    first, second, *_ = [end for end in old.receipts if end > known]
    begin = old.receipts[first]
    bent = [
        {**begin, "hash": old.receipts[second]["hash"]},
        {**begin, "signature": "A" * 86},
        {**begin, "at": "2026-11-27T09:29:47.123Z"},
        old.receipts[second],
    ]
    for one in bent:
        answer = hand_back(lena, old, first, until=second, begin=one)
        assert (answer.status_code, answer.json["code"]) == (409, "sync.stretch_unproved")
    answer = hand_back(lena, old, first, until=second, begin={**begin, "key": "0" * 64})
    assert (answer.status_code, answer.json["code"]) == (409, "sync.receipt_of_another_key")
    assert hand_back(lena, old, first, until=second, begin={"hash": begin["hash"]}).status_code == 422
    assert log_of(lena, old.audit).cursor == known + 1


def test_an_author_who_sends_what_a_colleague_had_brought_ends_his_chain_there_afterwards_too(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    unread(his)
    device.send(his.made)
    his.push()
    old, before = remember(lena, device.audit), rows_of(device.audit)
    put_back(backup)
    assert hand_back(lena, old, known).json["next"] is None
    assert rows_of(device.audit) == before
