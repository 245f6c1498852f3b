"""Evidence that is withdrawn: its bytes leave the server for good, whatever comes in afterwards; its hash, who, when and why stay."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refused
from server.domain.vocabulary import Role
from server.evidence.bring import bring_evidence
from server.evidence.derivatives import report_picture
from server.evidence.upload import Sender as Uploading
from server.evidence.upload import append_to_upload
from server.storage import accounts, audits, operation_log
from server.storage import erasures as kept
from server.storage import evidence as records
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.sync import erase as erasing
from server.sync.erase import Erased, erase_content_of, withdraw_evidence
from server.sync.restore import catch_up_with_register
from server.upkeep.examine_files import examine_files
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
    send,
)
from tests.evidence.test_two_audits import read
from tests.evidence.test_upload import PowerCut
from tests.people import enter

pytestmark = pytest.mark.slow

WHY = "Withdrawn at the request of the person shown."


@pytest.fixture
def files(config: Config) -> EvidenceFiles:
    return EvidenceFiles(config)


@pytest.fixture
def shown(database, lena) -> Device:
    """Lena's audit with a picture that has arrived, and what she wrote under it."""
    device = new_audit(lena)
    device.push()
    device.add(
        f"evidence/{new_id()}",
        kind="photo",
        sha256=SHA256,
        size=len(PICTURE),
        media_type="image/jpeg",
        source="camera_still",
        file_name=None,
        captured_at="2026-11-24T09:41:07.250Z",
    )
    device.push()
    send(device)
    device.set(evidence_in(device)[0], "caption", "Mr Novak at the press")
    device.push()
    return device


@pytest.fixture(autouse=True)
def _files_and_rows_agree(app: Flask, config: Config) -> Iterator[None]:
    yield
    assert list(examine_files(config)) == []


def test_who_has_left_hears_which_file_went(shown, aron, paula):
    """The tablet lets the bytes go; nobody's words are in the answer."""
    member = shown.add_member(aron)
    shown.push()
    his = Device(aron, shown.audit)
    his.pull()
    shown.make("del", member, "deleted", True, bases=[head for heads in shown.heads.values() for head in heads])
    shown.push()
    withdraw(paula, shown)
    one = {"id": shown.audit, "seq": his.cursor, "hash": his.hash, "told": None}
    [told] = aron.post("/api/audits/left", json={"audits": [one]}).json
    assert {entry["evidence"] for entry in told["erased"]} == {SHA256, None}
    assert WHY not in str(told)


@pytest.mark.parametrize("is_naming_erased", [False, True], ids=["named", "the entry that named him is erased"])
def test_who_has_left_is_told_so_when_a_file_brings_it_back_and_a_stranger_is_not(
    shown, aron, paula, app: Flask, is_naming_erased: bool
):
    mara = enter(app, aron.workspace, "Mara Outside", Role.AUDITOR)
    member = shown.add_member(aron)
    [birth] = shown.heads[member, "born"]
    shown.push()
    shown.make("del", member, "deleted", True, bases=[head for heads in shown.heads.values() for head in heads])
    shown.push()
    withdraw(paula, shown)
    if is_naming_erased:
        erase_content_of(paula.account, roles_of(paula), shown.audit, [birth], WHY)
    refused = announce(shown, person=aron)
    assert (refused.status_code, refused.json["code"]) == (410, "evidence.withdrawn")
    assert announce(shown, person=mara).status_code == 404


def evidence_in(device: Device) -> list[str]:
    found = dict.fromkeys(
        entity for entity, field in device.heads if entity.startswith("evidence/") and field == "born"
    )
    return list(found)


def withdraw(person, device: Device, entity: str | None = None) -> Erased:
    evidence = (entity or evidence_in(device)[0]).partition("/")[2]
    return withdraw_evidence(person.account, roles_of(person), device.audit, evidence, WHY)


def roles_of(person) -> audits.Roles:
    with reading(SERVER) as session:
        return accounts.roles_of(session, person.account)


def on_disk(config: Config) -> list[Path]:
    """Whatever any folder of the data has that holds the picture's bytes, or is called by its hash."""
    found = [path for path in config.data_folder.rglob("*") if path.is_file()]
    return [path for path in found if SHA256 in path.name or PICTURE[:1000] in path.read_bytes()]


def test_the_bytes_and_what_was_made_of_them_are_gone(shown: Device, paula, config: Config, files: EvidenceFiles):
    beside = files.blobs.path(key_of(shown)).with_name(f"{SHA256}.report.jpg")
    beside.write_bytes(b"a smaller picture")
    assert on_disk(config)
    assert withdraw(paula, shown).evidence == (SHA256,)
    assert on_disk(config) == []
    assert read(shown) == "evidence.withdrawn"
    assert known(shown, SHA256) == []
    with reading(SERVER) as session:
        assert records.find_blob(session, files.blobs, key_of(shown)) is None


def test_hash_person_time_and_reason_stay_and_no_word_about_it(shown: Device, lena, paula):
    withdraw(paula, shown)
    reader = Device(lena, shown.audit)
    reader.pull()
    view = reader.view()
    [entity] = view.of_kind("evidence")
    assert (entity.get("sha256"), entity.get("caption")) == (None, None)
    words = [view.erased[head.digest] for head in (*entity.born_view.heads, *entity.fields["caption"].heads)]
    assert [(word["by"], word["reason"]) for word in words] == [(paula.account, WHY)] * 2
    assert [word.get("evidence") for word in words] == [SHA256, None]


def test_what_was_drawn_on_it_goes_with_it(
    shown: Device, lena, paula, config: Config, files: EvidenceFiles, tmp_path: Path
):
    words = {"kind": "text", "colour": "red", "points": [[100, 900]], "text": "Novak without gloves"}
    shown.set(evidence_in(shown)[0], "annotation", [words])
    shown.push()
    drawn = files.blobs.path(key_of(shown)).with_name(f"{SHA256}.{'ab' * 16}.report.jpg")
    drawn.write_bytes(b"a smaller picture, with words on it")
    withdraw(paula, shown)
    reader = Device(lena, shown.audit)
    reader.pull()
    told = str([(entry.operation.value, entry.operation.field) for entry in reader.pulled])
    assert "annotation" in told
    assert "Novak" not in told
    assert not drawn.exists()
    assert on_disk(config) == []


def test_said_twice_it_is_written_once_and_answered_alike(shown: Device, lena, paula):
    first = withdraw(paula, shown)
    head = Device(lena, shown.audit)
    head.pull()
    assert withdraw(paula, shown) == first
    after = Device(lena, shown.audit)
    after.pull()
    assert after.hash == head.hash


def test_a_file_that_another_entry_names_stays_until_that_one_is_withdrawn_too(shown: Device, paula, config: Config):
    name_picture(shown)
    one, other = evidence_in(shown)
    assert withdraw(paula, shown, one).evidence == ()
    assert read(shown) == PICTURE
    assert withdraw(paula, shown, other).evidence == (SHA256,)
    assert on_disk(config) == []


def test_the_same_picture_in_another_audit_stays(shown: Device, lena, paula):
    other = new_audit(lena, title="Stage 2 Nachbarwerk")
    other.push()
    bring(other)
    withdraw(paula, shown)
    assert read(other) == PICTURE


def test_an_upload_of_it_is_refused_for_good_and_one_under_way_leaves_nothing(
    shown: Device, lena, paula, config: Config, files: EvidenceFiles
):
    unsent = PICTURE[::-1]
    sha256 = name_picture(shown, unsent)
    address = announce(shown, unsent).headers["Location"]
    append(shown, address, 0, unsent[:1000], promised=len(unsent))
    assert list(files.uploads.path(address.rpartition("/")[2]).parent.iterdir())
    assert withdraw(paula, shown, evidence_in(shown)[-1]).evidence == (sha256,)
    assert not any(path.stat().st_size for path in (config.data_folder / "uploads").iterdir())
    gone = append(shown, address, 1000, unsent[1000:])
    assert (gone.status_code, gone.json["code"]) == (410, "evidence.upload_gone")
    again = announce(shown, unsent)
    assert (again.status_code, again.json["code"]) == (410, "evidence.withdrawn")
    with pytest.raises(Refused) as refused:
        bring_evidence(files, shown.audit, sha256, len(unsent), "image/jpeg", [unsent])
    assert refused.value.refusal.code == "evidence.withdrawn"


def test_whoever_names_it_again_brings_nothing_and_nobody_waits_for_it(shown: Device, paula):
    withdraw(paula, shown)
    name_picture(shown)
    assert announce(shown).json["code"] == "evidence.withdrawn"
    shown.pull()
    held = shown.person.get(f"/api/audits/{shown.audit}/custody").json
    assert (held["lacking"], held["evidence_count"]) == ([], 0)


@pytest.mark.parametrize("moment", ["while its bytes come", "between its place and its row"])
def test_what_is_withdrawn_while_it_arrives_leaves_nothing(
    database, lena, paula, config: Config, files: EvidenceFiles, moment: str, monkeypatch: pytest.MonkeyPatch
):
    device = new_audit(lena)
    device.push()
    name_picture(device)
    upload = announce(device).headers["Location"].rpartition("/")[2]
    with reading(SERVER) as session:
        sender = Uploading(lena.account, accounts.roles_of(session, lena.account))

    def chunks(_room: int) -> Iterator[bytes]:
        yield PICTURE[:1000]
        if moment == "while its bytes come":
            withdraw(paula, device)
        yield PICTURE[1000:]

    put = files.blobs.put

    def put_and_withdraw(key, source):
        put(key, source)
        if moment != "while its bytes come":
            withdraw(paula, device)
            put_back = files.blobs.path(key)
            put_back.write_bytes(PICTURE)

    monkeypatch.setattr(files.blobs, "put", put_and_withdraw)
    with pytest.raises(Refused) as refused:
        append_to_upload(files, sender, upload, 0, chunks)
    assert refused.value.refusal.code == "evidence.withdrawn"
    assert on_disk(config) == []


def test_a_power_cut_right_after_the_decision_is_healed_at_the_next_start(
    shown: Device, paula, config: Config, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(kept.EvidenceFiles, "__init__", _without_power)
        with pytest.raises(PowerCut):
            withdraw(paula, shown)
    assert on_disk(config)
    [said] = examine_files(config)
    assert f"the file of withdrawn evidence {SHA256} is still there" in said
    catch_up_with_register()
    assert on_disk(config) == []


def test_a_power_cut_leaves_no_part_of_an_upload_that_was_under_way(
    shown: Device, paula, config: Config, monkeypatch: pytest.MonkeyPatch
):
    unsent, other = PICTURE[::-1], PICTURE[1:] + PICTURE[:1]
    name_picture(shown, unsent)
    for picture in (unsent, other):
        append(shown, announce(shown, picture).headers["Location"], 0, picture[:1000], promised=len(picture))
    with monkeypatch.context() as patch:
        patch.setattr(kept.EvidenceFiles, "__init__", _without_power)
        with pytest.raises(PowerCut):
            withdraw(paula, shown, evidence_in(shown)[-1])
    catch_up_with_register()
    lying = [path.read_bytes() for path in (config.data_folder / "uploads").iterdir() if path.suffix != ".lock"]
    assert lying == [other[:1000]]


def test_a_photo_that_is_being_taken_in_by_hand_while_a_server_starts_arrives(
    database, shown: Device, files: EvidenceFiles
):
    unsent = PICTURE[::-1]
    sha256 = name_picture(shown, unsent)

    def chunks() -> Iterator[bytes]:
        yield unsent[:1000]
        catch_up_with_register()
        yield unsent[1000:]

    assert bring_evidence(files, shown.audit, sha256, len(unsent), "image/jpeg", chunks())
    assert known(shown, sha256) == [sha256]


def test_what_is_withdrawn_while_it_is_taken_in_by_hand_leaves_nothing(
    shown: Device, paula, config: Config, files: EvidenceFiles
):
    unsent = PICTURE[:1000]
    sha256 = name_picture(shown, unsent)
    entity = evidence_in(shown)[-1]

    def chunks() -> Iterator[bytes]:
        yield unsent[:500]
        withdraw(paula, shown, entity)
        yield unsent[500:]

    with pytest.raises(Refused, match=r"evidence\.withdrawn"):
        bring_evidence(files, shown.audit, sha256, len(unsent), "image/jpeg", chunks())
    assert not files.blobs.exists(key_of(shown, sha256))


def _without_power(self: EvidenceFiles, config: Config) -> None:
    class Dead:
        def delete(self, _key: object) -> None:
            raise PowerCut

        def remove(self, _upload: str) -> None:
            raise PowerCut

    self.blobs = Dead()  # type: ignore[assignment]
    self.uploads = Dead()  # type: ignore[assignment]


def test_where_the_decision_is_rolled_back_the_bytes_stay(shown: Device, paula, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise PowerCut

    monkeypatch.setattr(erasing.Receiver, "erase", fail)
    with pytest.raises(PowerCut):
        withdraw(paula, shown)
    assert read(shown) == PICTURE
    monkeypatch.undo()
    # It stands in the register, which is written first: the next start carries it out.
    catch_up_with_register()
    assert read(shown) == "evidence.withdrawn"


def test_a_picture_that_is_being_made_for_a_report_meanwhile_does_not_stay(
    shown: Device, paula, config: Config, files: EvidenceFiles, monkeypatch: pytest.MonkeyPatch
):
    from server.evidence import derivatives

    def decode_while_it_goes(_original: Path, targets: Mapping[int, Path], _drawing: str | None) -> None:
        withdraw(paula, shown)
        for target in targets.values():
            target.write_bytes(b"a smaller picture")

    monkeypatch.setattr(derivatives, "_decode", decode_while_it_goes)
    assert report_picture(files, key_of(shown)).name is None
    assert on_disk(config) == []


def ask(person, device: Device, **body: object) -> tuple[int, dict]:
    answer = person.post(f"/api/audits/{device.audit}/erasures", json=body)
    return answer.status_code, answer.json


def test_by_its_route_the_answer_says_what_went(shown: Device, paula, config: Config):
    [entity] = evidence_in(shown)
    said = {heads[0] for (about, _), heads in shown.heads.items() if about == entity}
    status, answer = ask(paula, shown, evidence=entity.partition("/")[2], reason=f"  {WHY} ")
    assert (status, set(answer["operations"]), answer["evidence"]) == (200, said, [SHA256])
    assert on_disk(config) == []
    shown.pull()
    assert {word["reason"] for word in shown.view().erased.values()} == {WHY}


def test_by_its_route_entries_go_by_their_digest(shown: Device, paula):
    title = shown.heads[f"audit/{shown.audit}", "title"][0]
    status, answer = ask(paula, shown, operations=[title], reason=WHY)
    assert (status, answer) == (200, {"operations": [title], "evidence": []})
    born = shown.heads[evidence_in(shown)[0], "born"][0]
    assert ask(paula, shown, operations=[born], reason=WHY)[1]["evidence"] == [SHA256]


@pytest.mark.parametrize(
    "body",
    [
        {"reason": WHY},
        {"evidence": new_id(), "operations": ["0" * 64], "reason": WHY},
        {"operations": [], "reason": WHY},
        {"evidence": new_id()},
        {"evidence": new_id(), "reason": " \n "},
        {"evidence": new_id(), "reason": "x" * 2001},
        {"operations": ["0" * 63], "reason": WHY},
        {"operations": ["0" * 64] * 201, "reason": WHY},
    ],
)
def test_what_does_not_say_what_goes_and_why_is_refused(shown: Device, paula, body: dict):
    status, answer = ask(paula, shown, **body)
    assert (status, answer["code"]) == (422, "request.malformed")


@pytest.mark.parametrize("role", Role)
def test_of_those_who_see_the_audit_the_programme_manager_alone_withdraws(shown: Device, lena, app: Flask, role: Role):
    person = enter(app, lena.workspace, f"{role.value} Somebody", role)
    shown.add_member(person)
    shown.push()
    status, answer = ask(person, shown, evidence=evidence_in(shown)[0].partition("/")[2], reason=WHY)
    sees = person.get(f"/api/audits/{shown.audit}/operations").status_code == 200
    if role is Role.PROGRAMME_MANAGER:
        assert status == 200
    else:
        refused = (403, "account.not_permitted") if sees else (404, "request.not_found")
        assert (status, answer["code"]) == refused


def test_only_the_programme_manager_withdraws(shown: Device, lena, otto, paula):
    for person, code in ((lena, "account.not_permitted"), (otto, "request.not_found")):
        with pytest.raises(Refused) as refused:
            withdraw(person, shown)
        assert refused.value.refusal.code == code
    with pytest.raises(Refused) as refused:
        withdraw(paula, shown, f"evidence/{new_id()}")
    assert refused.value.refusal.code == "request.not_found"
    assert read(shown) == PICTURE


def test_a_log_that_is_handed_back_tells_it_where_the_register_was_lost(shown: Device, paula, config: Config):
    """The word of the erasure names the file: whoever reads it again withdraws it again."""
    said = {"reason": WHY, "by": paula.account, "at": "2026-11-28T10:00:00.000Z", "evidence": SHA256}
    born = shown.heads[evidence_in(shown)[0], "born"][0]
    with unit_of_work(SERVER) as session:
        audit = audits.lock_audit(session, shown.audit)
        assert audit is not None
        kept.register_words(session, audit, born, said)
    assert on_disk(config) == []
    assert announce(shown).json["code"] == "evidence.withdrawn"


def test_what_a_restore_that_died_has_left_of_it_goes_as_well(
    shown: Device, paula, config: Config, files: EvidenceFiles
):
    """The power went when the photo was on the disk whole and had no name yet."""
    source = config.data_folder / "from-a-backup"
    source.write_bytes(PICTURE)
    dying = (
        "import os, pathlib, sys; from server.config import Config; from server.storage import blobs, evidence_store;"
        "from server.upkeep import restore; os.fsync = lambda _: os._exit(7);"
        "restore._put_evidence(evidence_store.EvidenceFiles(Config(data=sys.argv[1])), pathlib.Path(sys.argv[2]),"
        "blobs.BlobKey(*sys.argv[3:]))"
    )
    files.blobs.delete(key_of(shown))
    key = key_of(shown)
    given = [config.data_folder, source, key.workspace, key.audit, key.sha256]
    assert subprocess.run([sys.executable, "-c", dying, *given], check=False).returncode == 7
    source.unlink()
    assert len(on_disk(config)) == 1
    withdraw(paula, shown)
    catch_up_with_register()
    assert on_disk(config) == []


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "rotten"])
def test_what_the_doctor_moves_meanwhile_goes_as_well(
    shown: Device, paula, config: Config, files: EvidenceFiles, monkeypatch: pytest.MonkeyPatch, is_whole: bool
):
    path, key, unlink = files.blobs.path(key_of(shown)), key_of(shown), Path.unlink
    if not is_whole:
        path.write_bytes(b"rotten")
    moves = iter([lambda: files.blobs.set_aside(key), lambda: files.blobs.put(key, *files.blobs.aside(key))])

    def unlinked(gone: Path, missing_ok: bool = False) -> None:
        if gone == path or gone.parent.name == "damaged":
            next(moves, lambda: None)()
        unlink(gone, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlinked)
    withdraw(paula, shown)
    monkeypatch.undo()
    assert on_disk(config) == []


def test_an_interview_is_withdrawn_as_a_picture_is_and_takes_no_file_along(shown: Device, lena, paula, config: Config):
    """It is told in words, so there is no file: its words go, its place stays, and the picture beside it is untouched."""
    told = f"evidence/{new_id()}"
    nothing = dict.fromkeys(("sha256", "size", "media_type", "source", "file_name"))
    shown.add(told, kind="interview", **nothing, captured_at="2026-11-24T09:55:00.000Z")
    shown.set(told, "interviewee", "Mr Novak")
    shown.set(told, "area", "press-shop")
    shown.push()
    assert withdraw(paula, shown, told).evidence == ()
    reader = Device(lena, shown.audit)
    reader.pull()
    entity = reader.view().entity(told)
    assert (entity.get("kind"), entity.get("interviewee"), entity.get("area")) == (None, None, "press-shop")
    assert on_disk(config) != []


def test_evidence_in_words_is_no_file_that_anybody_waits_for(shown: Device):
    nothing = dict.fromkeys(("sha256", "size", "media_type", "source", "file_name"))
    shown.add(f"evidence/{new_id()}", kind="observation", **nothing, captured_at="2026-11-24T09:55:00.000Z")
    shown.push()
    assert evidence_named_in(shown) == {SHA256}


def evidence_named_in(device: Device) -> set[str]:
    with reading(SERVER) as session:
        return operation_log.evidence_named(session, device.audit)
