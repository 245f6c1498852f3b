"""Evidence on its way: cut anywhere, sent twice, sent at once, sent wrong."""

import hashlib
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.evidence import MAX_EVIDENCE_BYTES
from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refused
from server.domain.vocabulary import Role
from server.evidence import upload as uploading
from server.storage import accounts
from server.storage import evidence as records
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.tables.evidence import Blob
from tests.devices import Device, new_audit
from tests.evidence.sending import (
    PICTURE,
    SHA256,
    announce,
    append,
    bring,
    key_of,
    known,
    name_picture,
    offset_of,
    send,
)
from tests.people import enter

pytestmark = pytest.mark.slow


@pytest.fixture
def files(app):
    config: Config = app.config["AUDITBOOK"]
    return EvidenceFiles(config)


@pytest.fixture
def device(lena):
    device = new_audit(lena)
    device.push()
    return device


def test_a_file_in_three_parts_becomes_evidence_when_it_is_whole(database, device, files):
    created = announce(device)
    assert created.status_code == 201
    assert created.headers["Tus-Resumable"] == "1.0.0"
    address = created.headers["Location"]
    for start in range(0, len(PICTURE), 80_000):
        assert known(device, SHA256) == []
        part = append(device, address, start, PICTURE[start : start + 80_000])
        assert part.status_code == 204
    assert part.headers["Upload-Offset"] == str(len(PICTURE))
    assert known(device, SHA256, "0" * 64) == [SHA256]
    path = files.blobs.path(key_of(device))
    assert path.read_bytes() == PICTURE
    assert list((path.parents[3] / "uploads").iterdir()) == []


@pytest.mark.parametrize("cut", [0, 1, 65_535, 65_536, 65_537, 199_999])
def test_an_upload_that_is_cut_goes_on_where_it_stood(database, device, cut):
    address = announce(device).headers["Location"]
    answer = append(device, address, 0, PICTURE[:cut], promised=len(PICTURE))
    assert (answer.status_code, answer.json["code"]) == (409, "evidence.offset")
    offset = offset_of(device, address)
    assert offset == answer.json["facts"]["offset"] == cut
    assert append(device, address, offset, PICTURE[offset:]).status_code == 204
    assert known(device, SHA256) == [SHA256]


def test_an_upload_that_is_cut_many_times_arrives(device):
    address = announce(device).headers["Location"]
    while (offset := offset_of(device, address)) < len(PICTURE):
        append(device, address, offset, PICTURE[offset : offset + 17_003], promised=len(PICTURE) - offset)
    assert known(device, SHA256) == [SHA256]


def test_an_app_that_lost_the_address_goes_on_with_the_same_upload(database, device):
    first = announce(device)
    append(device, first.headers["Location"], 0, PICTURE[:50_000])
    again = announce(device)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Upload-Offset"] == "50000"


def test_a_wrong_offset_is_answered_with_the_right_one(device):
    address = announce(device).headers["Location"]
    append(device, address, 0, PICTURE[:1000])
    for offset in (0, 999, 1001):
        answer = append(device, address, offset, PICTURE[offset:])
        assert (answer.status_code, answer.json["facts"]) == (409, {"offset": 1000})


def test_bytes_that_are_held_already_are_not_sent_again(database, device, lena, aron):
    address = announce(device).headers["Location"]
    append(device, address, 0, PICTURE)
    device.add_member(aron)
    device.push()
    again = announce(device, person=aron)
    assert again.headers["Upload-Offset"] == str(len(PICTURE))
    assert append(device, again.headers["Location"], 0, PICTURE, person=aron).status_code == 204
    assert offset_of(device, again.headers["Location"], person=aron) == len(PICTURE)


@pytest.mark.parametrize("data", [PICTURE[:-1] + b"!", b""], ids=["another", "empty"])
def test_a_file_that_is_not_what_was_announced_is_no_evidence(database, device, files, data):
    created = announce(device, data, sha256=SHA256)
    answer = append(device, created.headers["Location"], 0, data) if data else created
    assert (answer.status_code, answer.json["code"]) == (422, "evidence.hash_mismatch")
    assert known(device, SHA256) == []
    assert not files.blobs.exists(key_of(device))
    if data:
        gone = append(device, created.headers["Location"], 0, data)
        assert (gone.status_code, gone.json["code"]) == (410, "evidence.upload_gone")
    retried = announce(device).headers["Location"]
    append(device, retried, 0, PICTURE)
    assert known(device, SHA256) == [SHA256]


def test_an_empty_file_that_was_announced_as_empty_is_evidence(device):
    assert announce(device, b"").status_code == 201
    assert known(device, hashlib.sha256(b"").hexdigest()) == [hashlib.sha256(b"").hexdigest()]


def test_an_empty_file_that_is_announced_while_it_is_being_finished_is_finished_once(device, files, monkeypatch):
    sha256 = name_picture(device, b"")
    with reading(SERVER) as session:
        sender = uploading.Sender(device.person.account, accounts.roles_of(session, device.person.account))
    announced = uploading.Announced(device.audit, sha256, 0, "image/jpeg")
    monkeypatch.setattr("server.storage.upload_files._PREEMPTION", 0.0)
    put = files.blobs.put

    def put_after_another_one(key: BlobKey, source: Path) -> None:
        monkeypatch.setattr(files.blobs, "put", put)
        with pytest.raises(Refused, match=r"server\.busy"):
            uploading.create_upload(files, sender, announced)
        put(key, source)

    monkeypatch.setattr(files.blobs, "put", put_after_another_one)
    assert uploading.create_upload(files, sender, announced).offset == 0
    assert known(device, sha256) == [sha256]


def test_more_bytes_than_announced_are_refused(device):
    address = announce(device, PICTURE[:1000]).headers["Location"]
    answer = append(device, address, 0, PICTURE)
    assert (answer.status_code, answer.json["code"]) == (413, "evidence.too_large")


def test_a_file_beyond_the_limit_is_not_begun(device):
    answer = announce(device, length=MAX_EVIDENCE_BYTES + 1)
    assert (answer.status_code, answer.json["code"]) == (413, "evidence.too_large")


def test_an_upload_can_be_given_up(device, files):
    address = announce(device).headers["Location"]
    append(device, address, 0, PICTURE[:1000])
    assert device.person.api.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert device.person.api.head(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 410
    assert files.uploads.size(address.rpartition("/")[2]) == 0


def test_an_upload_belongs_to_whoever_began_it(database, device, aron, otto):
    device.add_member(aron)
    device.push()
    address = announce(device).headers["Location"]
    for person in (aron, otto):
        assert append(device, address, 0, PICTURE, person=person).status_code == 410
        assert person.api.head(address).status_code == 410
        assert person.api.delete(address).status_code == 410
    assert announce(device, person=otto).status_code == 404


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Upload-Length", "many"),
        ("Upload-Length", "-1"),
        ("Upload-Length", "²"),
        ("Upload-Metadata", "sha256 !!!"),
        ("Upload-Metadata", "sha256 //79"),
        ("Upload-Metadata", ""),
    ],
)
def test_an_announcement_of_another_shape_is_refused(device, header, value):
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": ""} | {header: value}
    answer = device.person.post("/api/evidence/uploads", headers=headers)
    assert answer.json["code"] == "request.malformed"


class PowerCut(BaseException):
    """Everything in memory is gone; what is on disk stays."""


def test_a_crash_before_the_check_is_made_good_by_the_next_question(database, device, files, monkeypatch):
    address = announce(device).headers["Location"]

    def die(*_: object, **__: object) -> None:
        raise PowerCut

    monkeypatch.setattr(uploading, "_finish", die)
    with pytest.raises(PowerCut):
        append(device, address, 0, PICTURE)
    monkeypatch.undo()
    assert offset_of(device, address) == len(PICTURE)
    assert known(device, SHA256) == [SHA256]


@pytest.mark.parametrize("asked_by", ["head", "announcement"])
def test_a_crash_between_the_file_and_its_row_is_made_good(database, device, files, monkeypatch, asked_by):
    address = announce(device).headers["Location"]

    def die(*_: object, **__: object) -> None:
        raise PowerCut

    monkeypatch.setattr(records, "add_blob", die)
    with pytest.raises(PowerCut):
        append(device, address, 0, PICTURE)
    monkeypatch.undo()
    assert known(device, SHA256) == []
    assert files.blobs.exists(key_of(device))
    offset = offset_of(device, address) if asked_by == "head" else int(announce(device).headers["Upload-Offset"])
    assert offset == len(PICTURE)
    assert known(device, SHA256) == [SHA256]


def test_who_may_not_hear_what_is_here_does_not_hear_of_a_file_without_its_row(database, device, app):
    bring(device)
    with unit_of_work(SERVER) as session:
        session.execute(sa.delete(Blob))
    mara = enter(app, device.person.workspace, "Mara Outside", Role.AUDITOR)
    created = announce(device, person=mara)
    assert created.headers["Upload-Offset"] == "0"
    assert append(device, created.headers["Location"], 0, PICTURE, person=mara).status_code == 204
    assert known(device, SHA256) == [SHA256]


def test_a_file_in_the_store_that_is_damaged_is_not_taken_for_evidence(device, files, monkeypatch):
    """A name in the store is a claim; without a row it is checked before it counts."""
    path = files.blobs.path(key_of(device))
    path.parent.mkdir(parents=True)
    path.write_bytes(PICTURE[:-1])
    created = announce(device)
    assert created.headers["Upload-Offset"] == "0"
    append(device, created.headers["Location"], 0, PICTURE)
    assert path.read_bytes() == PICTURE


@pytest.mark.parametrize("meanwhile", ["the other one heard that the bytes are wrong", "the bytes are gone"])
def test_who_asked_while_another_one_asked_hears_of_no_file_that_is_not_here(
    database, device, files, monkeypatch, meanwhile
):
    """Every byte came and the power went before the check; one byte has rotted. Two tabs ask how far it came."""
    address = announce(device).headers["Location"]
    upload = address.rpartition("/")[2]
    files.uploads.append(upload, [PICTURE[:-1], b"!" if PICTURE[-1:] != b"!" else b"?"])
    sender = uploading.Sender(device.person.account, {device.person.workspace: frozenset()})
    locked = files.uploads.locked

    def locked_after_the_other(*given):
        if meanwhile == "the bytes are gone":
            files.uploads.remove(upload)
        else:
            assert device.person.api.head(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 422
        return locked(*given)

    monkeypatch.setattr(files.uploads, "locked", locked_after_the_other)
    with pytest.raises(uploading.Refused) as refused:
        uploading.upload_progress(files, sender, upload)
    assert refused.value.refusal.code == "evidence.upload_gone"
    with reading(SERVER) as session:
        assert session.scalars(sa.select(Blob.sha256)).all() == []
    send(device)
    assert known(device, SHA256) == [SHA256]


def test_while_the_bytes_are_checked_nobody_hears_that_all_arrived(device, files):
    address = announce(device).headers["Location"]
    upload = address.rpartition("/")[2]
    files.uploads.append(upload, [PICTURE])
    with files.uploads.locked(upload, None):
        assert device.person.api.head(address, headers={"Tus-Resumable": "1.0.0"}).status_code == 503
    assert offset_of(device, address) == len(PICTURE)


def test_whoever_holds_an_upload_is_made_to_let_go_by_a_second_connection(app, device, files):
    """The first connection is dead and does not know. It is interrupted; what it brought is kept."""
    upload = announce(device).headers["Location"].rpartition("/")[2]
    sender = uploading.Sender(device.person.account, {device.person.workspace: frozenset()})
    has_begun, is_interrupted = threading.Event(), threading.Event()

    def dead_connection(_room: int):
        yield PICTURE[:1000]
        has_begun.set()
        is_interrupted.wait(10)

    def first() -> None:
        with app.app_context():
            uploading.append_to_upload(files, sender, upload, 0, dead_connection, is_interrupted.set)

    thread = threading.Thread(target=first)
    thread.start()
    has_begun.wait(10)
    with pytest.raises(uploading.Refused) as refused:
        uploading.append_to_upload(files, sender, upload, 0, lambda room: [PICTURE[:room]])
    thread.join()
    assert refused.value.refusal.facts == {"offset": 1000}
    progress = uploading.append_to_upload(files, sender, upload, 1000, lambda room: [PICTURE[1000:]])
    assert progress.offset == len(PICTURE)


def test_an_upload_that_cannot_be_freed_is_answered_as_busy(app, device, files):
    upload = announce(device).headers["Location"].rpartition("/")[2]
    with files.uploads.locked(upload, None):
        answer = append(device, f"/api/evidence/uploads/{upload}", 0, PICTURE)
    assert (answer.status_code, answer.json["code"]) == (503, "server.busy")


def test_two_tablets_bring_the_same_picture_at_once(app, database, device, lena, aron):
    device.add_member(aron)
    device.push()
    addresses = {person.name: announce(device, person=person).headers["Location"] for person in (lena, aron)}
    assert len(set(addresses.values())) == 2
    answers = []

    def bring(person) -> None:
        with app.app_context():
            api = app.test_client()
            api.set_cookie("auditbook", person.api.get_cookie("auditbook").value)
            answers.append(
                api.patch(
                    addresses[person.name],
                    data=PICTURE,
                    headers={"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
                ).status_code
            )

    threads = [threading.Thread(target=bring, args=(person,)) for person in (lena, aron)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204, 204]
    assert known(device, SHA256) == [SHA256]


# --- And back


def test_the_bytes_come_back_as_they_left_and_can_do_no_harm(database, device):
    sha256 = bring(device)
    address = f"/api/audits/{device.audit}/evidence/{sha256}"
    answer = device.person.get(address)
    assert answer.data == PICTURE
    answer.close()
    assert answer.headers["ETag"] == f'"{sha256}"'
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={sha256}.jpg"
    with device.person.get(address, headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert again.status_code == 304


def test_evidence_that_has_not_arrived_is_said_to_be_missing(database, device):
    name_picture(device)
    answer = device.person.get(f"/api/audits/{device.audit}/evidence/{SHA256}")
    assert (answer.status_code, answer.json["code"]) == (404, "evidence.not_stored")


def test_bytes_of_another_audit_are_not_given_out(database, device, lena, aron):
    sha256 = bring(device)
    other = new_audit(lena)
    other.add_member(aron)
    other.push()
    assert aron.get(f"/api/audits/{other.audit}/evidence/{sha256}").json["code"] == "request.not_found"


def test_a_page_sent_as_evidence_is_not_shown_as_one(device):
    sha256 = bring(device, b"<script>alert(1)</script>", "text/html")
    with device.person.get(f"/api/audits/{device.audit}/evidence/{sha256}") as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("media_type", ["", "a\x00b", "image", "x" * 200, "text/html; charset=utf-8"])
def test_no_name_of_a_type_is_a_reason_to_lose_a_file(database, device, media_type):
    created = announce(device, media_type=media_type)
    assert append(device, created.headers["Location"], 0, PICTURE).status_code == 204


def test_the_other_side_of_the_wall_does_not_learn_what_is_held(database, cast, device, files):
    bring(device)
    theirs = new_audit(cast.otto)
    theirs.push()
    assert known(theirs, SHA256) == []
    with reading(SERVER) as session:
        assert records.find_blob(session, files.blobs, key_of(theirs)) is None


def test_whoever_was_taken_out_of_the_team_still_brings_the_picture_that_an_own_entry_names(
    database, device, lena, aron, otto
):
    """The entry is kept aside for the lead auditor; without its bytes there would be nothing to decide on."""
    member = device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.pull()
    device.make("del", member, "deleted", True, bases=[head for heads in device.heads.values() for head in heads])
    device.push()
    assert announce(his).status_code == 404, "no entry of his names it yet"
    name_picture(his)
    assert known(his, SHA256, "0" * 64) == []
    send(his)
    assert known(device, SHA256) == [SHA256]
    assert announce(his, b"another picture").status_code == 404
    assert announce(Device(otto, device.audit)).status_code == 404
