"""
An entry rots on the server's disk: it is given to nobody, whoever asks for it is told, and a tablet that has the right bytes puts it
right. That the doctor names it is in tests/upkeep/test_doctor.py.
"""

import json

import pytest
import sqlalchemy as sa

from server.cli import _is_signed
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of, erase_content
from server.domain.refusals import Refusal, Refused
from server.storage.server_state import note_asked_version
from server.storage.tables.operation import LoggedOperation
from server.sync.put_right import put_right_from_copy
from server.sync.update import ask_after_update
from server.upkeep.examine import examine_logs
from tests.devices import Device, codes, header_of, new_audit
from tests.sync.test_erase import erase, stored

pytestmark = pytest.mark.slow


def rot(device: Device, text: str, *, into: tuple[bytes, bytes]) -> int:
    """Some bytes of what the disk has of it become others. The number of the entry."""
    row = stored(device, text)
    assert into[0] in row.data
    with unit_of_work(SERVER) as session:
        session.execute(
            sa.update(LoggedOperation)
            .where(LoggedOperation.audit_id == device.audit, LoggedOperation.seq == row.seq)
            .values(data=row.data.replace(*into))
        )
    return row.seq


def complaints() -> list[str]:
    return [sentence for log in examine_logs(_is_signed) for sentence in log.complaints]


@pytest.fixture
def audit(database, lena, aron) -> Device:
    device = new_audit(lena)
    device.add_member(aron)
    device.add_finding("No calibration record")
    device.push()
    return device


def test_an_entry_that_has_rotted_is_given_to_nobody_and_its_tablet_puts_it_right(audit: Device, aron):
    text = audit.made[-1]
    seq = rot(audit, text, into=(b"No calibration", b"No vaccination"))
    colleague = Device(aron, audit.audit)
    refused = aron.get(f"/api/audits/{audit.audit}/operations?after={seq - 1}&limit=500")
    assert (refused.status_code, refused.json["code"], refused.json["facts"]) == (
        409,
        "sync.entry_damaged",
        {"seq": seq},
    )
    assert [item["seq"] for item in colleague.page()["operations"]] == list(range(1, seq)), "what is before is given"

    colleague.add_finding("Raised meanwhile")
    assert colleague.push().status_code == 200, "what the tablets send is taken"
    assert complaints() != []
    assert audit.push(audit.made).status_code == 200
    assert complaints() == []
    colleague.pull()
    assert {finding.get("title") for finding in colleague.view().of_kind("finding")} == {
        "No calibration record",
        "Raised meanwhile",
    }


def test_bytes_that_were_not_what_was_stored_put_nothing_right(audit: Device):
    """Who sends an entry again with other words sends another entry."""
    rot(audit, audit.made[-1], into=(b"No calibration", b"No vaccination"))
    lie = audit.made[-1].replace("No calibration", "No violation")
    audit.push([lie])
    with reading(SERVER) as session:
        rotten = session.scalar(
            sa.select(LoggedOperation).where(LoggedOperation.digest == digest_of(audit.made[-1].encode()))
        )
        assert b"No vaccination" in rotten.data
    audit.push(audit.made)
    assert complaints() == []


def test_what_was_erased_stays_erased_when_its_header_is_put_right(audit: Device, paula):
    text = audit.made[-1]
    erase(paula, audit, text)
    rot(audit, text, into=(b"Europe/Berlin", b"Europe/Dublin"))
    assert complaints() != []
    audit.push(audit.made)
    header, content_sha256 = erase_content(text.encode())
    row = stored(audit, text)
    assert (row.data, row.content_sha256) == (header, content_sha256)
    assert complaints() == []


@pytest.fixture
def without_aron(database, lena, aron) -> Device:
    device = new_audit(lena)
    device.push()
    return device


def test_what_was_set_aside_does_not_count_because_its_bytes_have_rotted(without_aron: Device, aron):
    stranger = Device(aron, without_aron.audit)
    stranger.add_member(aron, "audit_team_leader")
    assert {said["reason"]["code"] for said in stranger.push().json["verdicts"]} == {"audit.not_assigned"}
    for text in stranger.made:
        rot(stranger, text, into=(b'"salt":"A', b'"salt":"B'))
    without_aron.add("team_member/01a22000-0000-7000-8000-0000000000aa", account=without_aron.person.account)
    assert without_aron.push().status_code == 200
    assert aron.get("/api/audits").json == []
    stranger.push(stranger.made)


def test_an_entry_that_is_no_text_any_more_stops_neither_a_push_nor_the_start(without_aron: Device, aron):
    waiting = Device(aron, without_aron.audit)
    waiting.make("frobnicate", f"audit/{without_aron.audit}", "title", "From a newer app")
    waiting.add_finding("Not in the team yet")
    waiting.push()
    for text in waiting.made:
        rot(waiting, text, into=(b'"salt":"A', b'"salt":"\xff'))
    without_aron.add_member(aron)
    assert without_aron.push().status_code == 200
    with unit_of_work(SERVER) as session:
        note_asked_version(session, "older")
    ask_after_update()
    waiting.push(waiting.made)


def test_what_has_rotted_is_not_erased_before_it_is_put_right(audit: Device, paula):
    """The hash that would be kept would be that of other words, and nobody could ever prove the entry again."""
    text = audit.made[-1]
    seq = rot(audit, text, into=(b"No calibration", b"No vaccination"))
    with pytest.raises(Refused) as refused:
        erase(paula, audit, text)
    assert refused.value.refusal == Refusal("operation.damaged", {"seq": seq})
    audit.push(audit.made)
    erase(paula, audit, text)
    assert stored(audit, text).data == erase_content(text.encode())[0]


def test_an_erased_entry_that_has_rotted_is_put_right_by_a_tablet_that_has_its_header_alone(audit: Device, paula):
    text = audit.made[-1]
    erase(paula, audit, text)
    rot(audit, text, into=(b"Europe/Berlin", b"Europe/Dublin"))
    erase(paula, audit, text)
    header, content_sha256 = erase_content(text.encode())
    erased = {"header": header.decode(), "content_sha256": content_sha256}
    answer = audit.send_body(json.dumps(audit.batch([*audit.made[:-1], erased])).encode())
    assert answer.status_code == 200
    assert (stored(audit, text).data, stored(audit, text).content_sha256) == (header, content_sha256)


def test_a_header_alone_takes_no_words_away_from_what_has_rotted_and_was_not_erased(audit: Device):
    text = audit.made[-1]
    rot(audit, text, into=(b"No calibration", b"No vaccination"))
    header, content_sha256 = erase_content(text.encode())
    erased = {"header": header.decode(), "content_sha256": content_sha256}
    audit.send_body(json.dumps(audit.batch([*audit.made[:-1], erased])).encode())
    assert b"No vaccination" in stored(audit, text).data
    audit.push(audit.made)
    assert stored(audit, text).data == text.encode()


# --- What follows from it


def birth_of_member(audit: Device) -> str:
    return next(text for text in audit.made if '"ent":"team_member/' in text and '"fld":"born"' in text)


@pytest.mark.parametrize("is_list_derived_meanwhile", [True, False])
def test_who_was_out_of_the_team_for_the_rot_is_in_it_again_and_so_is_the_work_that_waits(
    audit: Device, aron, is_list_derived_meanwhile
):
    rot(audit, birth_of_member(audit), into=(b'"salt":"A', b'"salt":"B'))
    if is_list_derived_meanwhile:
        audit.add("team_member/01a22000-0000-7000-8000-0000000000aa", account=audit.person.account)
        audit.push()
        assert aron.get("/api/audits").json == []
    colleague = Device(aron, audit.audit)
    colleague.add_finding("Raised meanwhile")
    assert set(codes(colleague.push())) == {"audit.not_assigned"}
    audit.push(audit.made)
    assert [listed["team_role"] for listed in aron.get("/api/audits").json] == ["auditor"]
    colleague.pull()
    titles = {finding.get("title") for finding in colleague.view().of_kind("finding")}
    assert titles == {"No calibration record", "Raised meanwhile"}


def test_a_copy_of_the_log_brings_the_team_back_as_well(audit: Device, aron):
    rot(audit, birth_of_member(audit), into=(b'"salt":"A', b'"salt":"B'))
    colleague = Device(aron, audit.audit)
    colleague.add_finding("Raised meanwhile")
    assert set(codes(colleague.push())) == {"audit.not_assigned"}
    assert len(put_right_from_copy(audit.audit, [(text.encode(), None) for text in audit.made])) == 1
    colleague.pull()
    assert "Raised meanwhile" in {finding.get("title") for finding in colleague.view().of_kind("finding")}


def test_a_title_that_has_rotted_is_in_the_list_again(audit: Device, lena):
    title = next(text for text in audit.made if "Stage 2 Musterwerk" in text)
    rot(audit, title, into=(b"Musterwerk", b"Muskelwerk"))
    audit.set(f"audit/{audit.audit}", "reference", "A-2026-018")
    audit.push()
    assert [listed["title"] for listed in lena.get("/api/audits").json] == [None]
    audit.push(audit.made)
    assert [listed["title"] for listed in lena.get("/api/audits").json] == ["Stage 2 Musterwerk"]


def test_who_had_been_taken_out_of_the_team_and_wrote_on_during_the_rot_is_set_aside(audit: Device, aron):
    member = header_of(birth_of_member(audit))["ent"]
    audit.make("del", member, "deleted", True, bases=[head for heads in audit.heads.values() for head in heads])
    audit.push()
    rot(audit, audit.made[-1], into=(b'"salt":"A', b'"salt":"B'))
    gone = Device(aron, audit.audit)
    gone.add_finding("Not in the team any more")
    assert set(codes(gone.push())) == {None}
    audit.push(audit.made)
    audit.pull()
    assert [finding.get("title") for finding in audit.view().of_kind("finding")] == ["No calibration record"]


def test_what_waited_while_it_had_rotted_itself_is_asked_when_it_is_put_right(without_aron: Device, aron):
    waiting = Device(aron, without_aron.audit)
    waiting.add_finding("Not in the team yet")
    waiting.push()
    rot(waiting, waiting.made[0], into=(b'"salt":"A', b'"salt":"B'))
    without_aron.add_member(aron)
    without_aron.push()
    waiting.push(waiting.made)
    waiting.pull()
    assert [finding.get("title") for finding in waiting.view().of_kind("finding")] == ["Not in the team yet"]


# --- What the server said rots


def rot_word_on(device: Device, text: str) -> tuple[int, bytes]:
    """The server's verdict on this. Its number, and its bytes as they were."""
    about = f"operation/{digest_of(text.encode())}"
    with unit_of_work(SERVER) as session:
        [word] = session.scalars(sa.select(LoggedOperation).where(LoggedOperation.entity == about))
        right = word.data
        word.data = right.replace(b'"state":"quarantined"', b'"state":"quarantineD"')
        assert word.data != right
        return word.seq, right


def test_what_was_set_aside_is_given_to_nobody_while_the_verdict_on_it_has_rotted(without_aron: Device, aron, lena):
    """Whoever got it without the verdict would take it as counting."""
    stranger = Device(aron, without_aron.audit)
    stranger.add_member(aron, "audit_team_leader")
    stranger.push()
    seq, right = rot_word_on(stranger, stranger.made[1])
    page = f"/api/audits/{without_aron.audit}/operations?limit=500&after="
    given = lena.get(f"{page}0").json
    assert (given["next"], len(given["operations"])) == (seq - 2, seq - 2)
    for after in (seq - 2, seq - 1):
        refused = lena.get(f"{page}{after}")
        assert (refused.json["code"], refused.json["facts"]) == ("sync.entry_damaged", {"seq": seq})
    assert put_right_from_copy(without_aron.audit, [(right, None)]) == [seq]
    assert lena.get(f"{page}0").json["next"] == lena.get(f"{page}0").json["head"]["seq"]


def test_a_later_verdict_that_has_rotted_holds_back_nothing_in_front_of_it(without_aron: Device, aron, lena):
    """What it is about was given long before, and stands as it stood then."""
    waiting = Device(aron, without_aron.audit)
    waiting.add_finding("Not in the team yet")
    waiting.push()
    without_aron.add_member(aron)
    without_aron.push()
    with unit_of_work(SERVER) as session:
        about = f"operation/{digest_of(waiting.made[-1].encode())}"
        word = session.scalars(
            sa.select(LoggedOperation).where(LoggedOperation.entity == about).order_by(LoggedOperation.seq.desc())
        ).first()
        assert word is not None
        seq, right = word.seq, word.data
        word.data = right.replace(b'"state":"applied"', b'"state":"applieD"')
    page = f"/api/audits/{without_aron.audit}/operations?limit=500&after="
    assert lena.get(f"{page}0").json["next"] == seq - 1
    assert lena.get(f"{page}{seq - 1}").json["code"] == "sync.entry_damaged"
    put_right_from_copy(without_aron.audit, [(right, None)])


def test_what_was_set_aside_does_not_count_because_the_verdict_on_it_has_rotted(without_aron: Device, aron):
    stranger = Device(aron, without_aron.audit)
    stranger.add_member(aron, "audit_team_leader")
    stranger.push()
    words = [rot_word_on(stranger, text) for text in stranger.made]
    without_aron.add("team_member/01a22000-0000-7000-8000-0000000000aa", account=without_aron.person.account)
    without_aron.push()
    assert aron.get("/api/audits").json == []
    assert put_right_from_copy(without_aron.audit, [(right, None) for _, right in words]) == [seq for seq, _ in words]
