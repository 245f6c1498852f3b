"""Pull: every page contiguous, the running hash right, and only for those who may."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from schemas.sync import AuditListingSchema, PullPageSchema, PushAnswerSchema
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import GENESIS, advance_running_hash, digest_of
from server.domain.vocabulary import Origin
from server.storage import accounts
from server.storage.identifiers import new_id
from server.storage.server_state import begin_new_epoch
from server.sync.erase import erase_content_of
from tests.devices import Device, codes, header_of, new_audit, states


@pytest.mark.slow
def test_pages_of_every_size_lead_to_the_same_log(database, lena):
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "starts_on", "never")
    for number in range(10):
        device.add_finding(f"Finding {number}")
    device.push()
    logs = []
    for limit in (1, 2, 7, 1000):
        reader = Device(lena, device.audit)
        reader.pull(limit)
        logs.append((reader.pulled_digests, reader.hash))
    assert all(each == logs[0] for each in logs)
    assert len(logs[0][0]) == 25


def test_an_empty_page_carries_the_hash_at_the_cursor(database, lena):
    device = new_audit(lena)
    device.push()
    device.pull()
    page = device.page()
    assert page["operations"] == []
    assert (page["next"], page["hash"]) == (3, device.hash)


def test_the_beginning_of_a_log_has_the_hash_of_nothing(database, lena):
    device = new_audit(lena)
    device.push()
    page = device.page(limit=1)
    assert page["next"] == 1
    assert page["hash"] != GENESIS


@pytest.mark.slow
def test_a_page_is_bounded_in_bytes_as_well(database, lena):
    device = new_audit(lena)
    for number in range(5):
        record = "x" * 800_000
        device.add(f"closing_record/{number}", record=record, sha256=sha256(record.encode()).hexdigest())
    for text in device.made:
        device.push([text])
    page = device.ask_page()
    assert 3 < len(page["operations"]) < 8
    device.pull()
    assert device.is_safe()


def test_a_restored_server_says_so_and_gets_back_what_it_lacks(database, lena):
    device = new_audit(lena)
    device.push()
    device.pull()
    with unit_of_work(SERVER) as session:
        epoch = begin_new_epoch(session)
    answer = lena.get(f"/api/audits/{device.audit}/operations", query_string={"epoch": device.epoch, "after": 3})
    assert answer.status_code == 409
    assert answer.json["code"] == "sync.epoch_changed"
    assert answer.json["facts"] == {"epoch": epoch}


def test_a_cursor_ahead_of_the_head_is_said(database, lena):
    device = new_audit(lena)
    device.push()
    answer = lena.get(f"/api/audits/{device.audit}/operations", query_string={"after": 4})
    assert answer.json["code"] == "sync.cursor_ahead"
    assert answer.json["facts"] == {"head": 3}


def test_the_answers_have_the_shape_of_the_contract(app, lena):
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "starts_on", "never")
    pushed = device.push()
    assert PushAnswerSchema().validate(pushed.json) == {}
    pulled = lena.get(f"/api/audits/{device.audit}/operations")
    assert PullPageSchema().validate(pulled.json) == {}
    listed = lena.get("/api/audits")
    assert AuditListingSchema(many=True).validate(listed.json) == {}
    assert {answer.headers["Cache-Control"] for answer in (pushed, pulled, listed)} == {"no-store"}


@pytest.mark.slow
def test_a_large_page_is_packed_for_whoever_takes_it(app, lena):
    device = new_audit(lena)
    for number in range(50):
        device.add_finding(f"Finding {number}")
    device.push()
    address = f"/api/audits/{device.audit}/operations"
    packed = lena.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(lena.get(address).data) / 4


AUDIT_ROUTES: list[tuple[str, str, Callable[[str], dict[str, object]]]] = [
    ("GET", "/api/audits/{audit}/operations", lambda _: {}),
    ("POST", "/api/audits/{audit}/operations/" + "0" * 64 + "/release", lambda _: {}),
    ("POST", "/api/audits/{audit}/evidence/known", lambda _: {"json": {"sha256": []}}),
    ("GET", "/api/audits/{audit}/evidence/" + "0" * 64, lambda _: {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "address", "more"), AUDIT_ROUTES, ids=[route[1] for route in AUDIT_ROUTES])
@pytest.mark.parametrize("who", ["otto", "aron", "ruth"])
def test_to_somebody_else_an_audit_does_not_exist(database, cast, who, method, address, more):
    """Otto is of another certification body; Aron and Ruth are of this one, but not in the team."""
    device = new_audit(cast.lena)
    device.push()
    asks = getattr(cast, who).api
    answer = asks.open(address.format(audit=device.audit), method=method, **more(device.audit))
    unknown = asks.open(address.format(audit=new_id()), method=method, **more(device.audit))
    assert (answer.status_code, answer.json["code"]) == (404, "request.not_found")
    assert answer.data == unknown.data


@pytest.mark.slow
def test_what_a_stranger_pushes_stays_on_the_strangers_side_of_the_wall(database, cast):
    """And is answered as if the audit did not exist anywhere: the numbers are those of his own side."""
    device = new_audit(cast.lena)
    device.push()
    stranger = Device(cast.otto, device.audit)
    stranger.add_finding()
    answer = stranger.push()
    assert states(answer) == ["quarantined"] * 2
    assert answer.json["head"]["seq"] == 4
    device.pull()
    assert device.cursor == 3
    assert cast.otto.get("/api/audits").json == []


@pytest.mark.slow
@pytest.mark.parametrize("is_in_workspace", [True, False])
def test_who_left_the_team_hears_that_his_work_arrived_and_sees_nothing_else(database, lena, aron, is_in_workspace):
    device = new_audit(lena)
    member = device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding()
    his.push()
    his.pull()
    his.add_finding("of the last day")
    device.make("del", member, "deleted", True, bases=[id for ids in device.heads.values() for id in ids])
    device.set(f"audit/{device.audit}", "scope", "for the team alone")
    device.push()
    if not is_in_workspace:
        with unit_of_work(SERVER) as session:
            for membership in session.query(accounts.Membership).filter_by(account_id=aron.account):
                session.delete(membership)
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    page = his.ask_page()
    assert ["data" in entry for entry in page["operations"]] == [False, False, True, True, True, True]
    assert "for the team alone" not in str(page)
    running = his.hash
    for entry in page["operations"]:
        digest = entry.get("digest") or digest_of(entry["data"].encode())
        received_at = round(datetime.fromisoformat(entry["received_at"]).timestamp() * 1000)
        running = advance_running_hash(running, digest, Origin(entry["origin"]), received_at)
    assert running == page["hash"] == page["head"]["hash"]
    assert aron.get("/api/audits").json == []
    assert PullPageSchema().validate(page) == {}


@pytest.mark.slow
def test_who_left_is_not_told_what_was_erased_of_others(database, lena, aron, paula):
    device = new_audit(lena)
    member = device.add_member(aron)
    text = device.set(f"audit/{device.audit}", "scope", "taken out")
    his = Device(aron, device.audit)
    device.push()
    his.add_finding()
    his.push()
    device.make("del", member, "deleted", True, bases=[id for ids in device.heads.values() for id in ids])
    device.push()
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    mine = digest_of(his.made[-1].encode())
    erase_content_of(paula.account, roles, device.audit, [digest_of(text.encode()), mine], "Withdrawn.")
    entries = his.ask_page(without=aron.installation)["operations"]
    shown = [header_of(entry["data"]) for entry in entries if "data" in entry]
    assert [(header["kind"], header["ent"]) for header in shown] == [("erasure", f"operation/{mine}")]
    assert not any("content_sha256" in entry for entry in entries)


def test_nobody_pulls_without_being_signed_in(app, lena):
    device = new_audit(lena)
    device.push()
    answer = app.test_client().get(f"/api/audits/{device.audit}/operations")
    assert (answer.status_code, answer.json["code"]) == (401, "account.sign_in_needed")


@pytest.mark.slow
def test_tablets_that_push_at_once_share_one_order_and_no_reader_skips_a_number(app: Flask, database, lena, aron):
    """
    Two people with three tablets each push small batches, of which some are committed late, while a seventh tablet pulls all the
    time: what took a lower number is never committed after a reader has passed it.
    """
    leading = new_audit(lena)
    leading.add_member(aron)
    leading.push()
    devices = [Device(person.enrol_another(), leading.audit) for person in (lena, aron) * 3]
    failed: list[BaseException] = []
    done = threading.Event()

    def work(device: Device) -> None:
        try:
            with app.app_context():
                api = app.test_client()
                api.set_cookie("auditbook", device.person.api.get_cookie("auditbook").value)
                for number in range(8):
                    device.add_finding(f"Finding {number}")
                    answer = device.send(device.made[device.sent :], api=api)
                    assert states(answer) == ["stored"] * 2
                    device.sent = len(device.made)
        except BaseException as problem:
            failed.append(problem)

    def watch(reader: Device) -> None:
        try:
            with app.app_context():
                api = app.test_client()
                api.set_cookie("auditbook", lena.api.get_cookie("auditbook").value)
                while not done.is_set():
                    reader.pull(limit=5, api=api)
                    time.sleep(0.005)
        except BaseException as problem:
            failed.append(problem)

    reader = Device(lena, leading.audit)
    watcher = threading.Thread(target=watch, args=(reader,))
    workers = [threading.Thread(target=work, args=(device,)) for device in devices]
    event.listen(Session, "before_commit", _commit_late)
    try:
        for thread in (watcher, *workers):
            thread.start()
        for thread in workers:
            thread.join()
        done.set()
        watcher.join()
    finally:
        event.remove(Session, "before_commit", _commit_late)
    assert failed == []
    reader.pull()
    assert reader.cursor == 6 + 6 * 16
    for device in devices:
        device.pull()
        assert device.is_safe()
        assert device.hash == reader.hash


def _commit_late(session: Session) -> None:
    """The numbers are given out, and for a moment, longer for some, nobody else can see them."""
    if not session.connection().get_execution_options().get("readonly", False):
        time.sleep(random.choice((0, 0, 0.005, 0.03)))


@pytest.mark.slow
def test_the_same_batch_sent_at_once_is_stored_once(app: Flask, database, lena):
    device = new_audit(lena)
    answers = []

    def send() -> None:
        with app.app_context():
            api = app.test_client()
            api.set_cookie("auditbook", lena.api.get_cookie("auditbook").value)
            answers.append(device.send(device.made, api=api))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states(answer) for answer in answers) == [["duplicate"] * 3] * 5 + [["stored"] * 3]
    assert {answer.json["head"]["seq"] for answer in answers} == {3}


@pytest.mark.slow
def test_what_a_tablet_has_made_itself_comes_back_as_its_digest(database, lena, aron):
    """It is safe once it has come back; sending the text as well would double what a slow link carries."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding()
    his.push()
    page = device.ask_page(without=lena.installation)
    assert [sorted(entry) for entry in page["operations"][:6]] == [["digest", "origin", "received_at", "seq"]] * 6
    assert [sorted(entry) for entry in page["operations"][6:]] == [["data", "origin", "received_at", "seq"]] * 2
    assert all("data" in entry for entry in his.ask_page(without=lena.installation)["operations"][:6])


@pytest.mark.slow
def test_after_a_restore_the_server_writes_under_another_name(database, lena):
    """Tablets may know entries of its old chain that the backup has not: their numbers must not be given out again."""
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "type", "no such type")
    device.push()
    with unit_of_work(SERVER) as session:
        begin_new_epoch(session)
    device.set(f"audit/{device.audit}", "type", "none such either")
    device.push()
    device.epoch = None
    device.pull()
    verdicts = [entry.operation for entry in device.pulled if entry.operation.chain.account == "server"]
    assert [verdict.dseq for verdict in verdicts] == [1, 1]
    assert verdicts[0].chain != verdicts[1].chain


def test_a_page_never_ends_between_an_operation_and_its_verdict(database, lena):
    device = new_audit(lena)
    device.make("set", "finding/x", "grade", "no such grade")
    end = device.push().json["head"]["seq"]
    page = device.page(limit=end - 1)
    assert (page["next"], len(page["operations"])) == (end, end)
    assert header_of(page["operations"][-1]["data"])["kind"] == "verdict"
