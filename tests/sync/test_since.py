"""Since when an entry counts: what was set aside and counts later has arrived later, on the server and on every tablet."""

from typing import Any

import pytest

from server.database import SERVER, reading
from server.domain.fold import LogView, fold_log
from server.domain.operation import digest_of
from server.storage import audits
from server.storage import operation_log as log
from server.sync import push as pushing
from tests.devices import Device, codes, new_audit
from tests.old_log import back_up, hand_back, put_back, remember
from tests.people import Person

pytestmark = pytest.mark.slow

LINK = "evidence_link/1"
FIRST = {"evidence": "e1", "finding": "f1", "criterion": None}
OTHER = FIRST | {"evidence": "e2"}


def view(audit: str) -> LogView:
    """As the log itself says it, with the times of receipt."""
    with reading(SERVER) as session:
        return fold_log(log.load_entries(session, audit))


def born(audit: str) -> Any:
    return view(audit).entities[LINK].born


def first_author(audit: str) -> str:
    """Whose birth counts, of several that say the same."""
    shown = view(audit).entities[LINK].born_view
    assert shown is not None
    return shown.heads[-1].chain.account


def said_of(audit: str, text: str) -> list[Any]:
    """What the server has said about it, in the order of the log."""
    with reading(SERVER) as session:
        row = audits.find_audit(session, audit)
        assert row is not None
        return [word.value for word, _at in log.verdicts_on(session, row, [digest_of(text.encode())])]


def received_at(audit: str, text: str) -> int:
    with reading(SERVER) as session:
        row = log.find_entry(session, audit, digest_of(text.encode()))
        assert row is not None
        return row.received_at


def release(person: Person, audit: str, text: str) -> None:
    answer = person.post(f"/api/audits/{audit}/operations/{digest_of(text.encode())}/release")
    assert answer.status_code == 204, answer.json


@pytest.fixture
def waiting(database, lena, aron) -> tuple[Device, Device, str]:
    """Aron linked a photo before he stood in the team; Lena linked another under the same id, and everybody saw hers."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    text = his.add(LINK, **FIRST)
    his.push()
    device.add(LINK, **OTHER)
    device.push()
    return device, his, text


def test_what_a_person_lets_count_later_is_not_the_first(waiting, lena):
    device, _, text = waiting
    assert born(device.audit) == OTHER
    release(lena, device.audit, text)
    assert born(device.audit) == OTHER


def test_the_server_asks_the_next_birth_against_the_same_first_one(waiting, lena, aron):
    """Its columns and its fold tell the same: otherwise the photo under a caption would be another on the screen and in the log."""
    device, _, text = waiting
    device.add_member(aron)
    device.push()
    release(lena, device.audit, text)
    third = Device(aron.enrol_another(), device.audit)
    third.add(LINK, **OTHER)
    assert codes(third.push()) == [None]
    fourth = Device(aron.enrol_another(), device.audit)
    fourth.add(LINK, **FIRST)
    assert codes(fourth.push()) == ["operation.already_born"]
    assert born(device.audit) == OTHER


@pytest.mark.parametrize("how", ["release", "team", "author"])
def test_the_word_that_lets_it_count_says_since_when(database, lena, aron, how):
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    text = his.add(LINK, **FIRST)
    if how == "author":
        device.add_member(aron)
        device.push()
        device.send(his.made)
    else:
        his.push()
    hers = device.add(LINK, **FIRST)
    device.push()
    if how == "release":
        release(lena, device.audit, text)
    elif how == "team":
        device.add_member(aron)
        device.push()
    else:
        his.push()
    word = said_of(device.audit, text)[-1]
    assert word["state"] == "applied"
    assert word["since"] > received_at(device.audit, hers)
    assert word.get("by") == (lena.account if how == "release" else None)
    assert first_author(device.audit) == lena.account


@pytest.mark.parametrize("is_in_one_batch", [True, False])
def test_within_one_millisecond_whoever_was_first_stays_first(
    database, lena, aron, paula, monkeypatch, is_in_one_batch
):
    """The clock stands still: Aron's waits, Lena's comes, Aron's begins to count, Paula's comes."""
    monkeypatch.setattr(pushing, "now_ms", lambda: 4_000_000_000_000)
    device = new_audit(lena)
    device.add_member(paula)
    device.push()
    his, others = Device(aron, device.audit), Device(paula, device.audit)
    waits = his.add(LINK, **FIRST)
    his.push()
    last = others.add("evidence_link/2", **FIRST)
    device.add(LINK, **FIRST)
    if not is_in_one_batch:
        device.push()
    device.add_member(aron)
    device.push()
    others.push()
    assert first_author(device.audit) == lena.account
    since = said_of(device.audit, waits)[-1]["since"]
    assert since <= received_at(device.audit, last), "what comes next is not before it"


def test_brought_and_sent_in_one_batch_it_comes_behind_what_stands_before_it_there(database, lena, aron, monkeypatch):
    """Aron's second entry had been brought; his first and his third come with it. The three have counted in that order."""
    monkeypatch.setattr(pushing, "now_ms", lambda: 4_000_000_000_000)
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    texts = [his.add(f"evidence_link/{number}", **FIRST) for number in range(3)]
    device.send(texts[1:2])
    assert codes(his.push()) == [None] * 3
    began = said_of(device.audit, texts[1])[-1]["since"]
    assert received_at(device.audit, texts[0]) < began <= received_at(device.audit, texts[2])


# --- After a restore


def test_a_tablet_that_was_home_before_the_old_log_takes_nobody_back_behind_the_others(database, lena, aron):
    """Hers had come first. It came once more after the restore, and then his old entry was handed back, with its old time."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    hers = device.add(LINK, **FIRST)
    device.push()
    came = received_at(device.audit, hers)
    his = Device(aron, device.audit)
    his.add(LINK, **FIRST)
    his.push()
    old = remember(lena, device.audit)
    put_back(backup)
    device.push([hers])
    assert received_at(device.audit, hers) > came
    assert hand_back(lena, old, known).json["next"] is None
    assert said_of(device.audit, hers) == [{"state": "applied", "since": came}]
    assert first_author(device.audit) == lena.account
    hand_back(lena, old, known)
    assert len(said_of(device.audit, hers)) == 1, "said once"


def test_only_what_tells_who_was_first_is_said_again(database, lena):
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    text = device.set("note/1", "text", "sent twice")
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    device.push([text])
    hand_back(lena, old, known)
    assert said_of(device.audit, text) == []


def test_what_began_to_count_keeps_its_time(database, lena, aron):
    """It waited, counted since he came into the team, was asked anew by the restored server, and is what it was."""
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    his = Device(aron, device.audit)
    text = his.add(LINK, **FIRST)
    his.push()
    device.add_member(aron)
    device.push()
    since = said_of(device.audit, text)[-1]["since"]
    old = remember(lena, device.audit)
    put_back(backup)
    assert codes(his.push(his.made)) == ["audit.not_assigned"]
    assert hand_back(lena, old, known).json["next"] is None
    assert said_of(device.audit, text)[-1] == {"state": "applied", "since": since}
    with reading(SERVER) as session:
        row = log.find_entry(session, device.audit, digest_of(text.encode()))
        assert row is not None
        assert log.arrival_of(row)[0] == since


# --- A restored server whose clock is behind the old log

BEFORE_BACKUP, OLD_LOG, CLOCK_BEHIND = 4_000_000_000_000, 4_000_000_900_000, 4_000_000_000_500


def test_what_came_since_a_restore_is_not_the_first_because_the_clock_was_behind(database, lena, aron, monkeypatch):
    """Hers stood in the old log. His came after the restore, by a clock that said a time from before hers."""
    monkeypatch.setattr(pushing, "now_ms", lambda: BEFORE_BACKUP)
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    monkeypatch.setattr(pushing, "now_ms", lambda: OLD_LOG)
    device.add(LINK, **OTHER)
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    monkeypatch.setattr(pushing, "now_ms", lambda: CLOCK_BEHIND)
    his = Device(aron, device.audit)
    texts = [his.add(LINK, **OTHER), his.set(his.add_finding(), "title", "Seen after the restore")]
    his.push()
    assert first_author(device.audit) == aron.account
    assert hand_back(lena, old, known).status_code == 200
    assert first_author(device.audit) == lena.account
    began = [said_of(device.audit, text)[-1]["since"] for text in texts]
    assert OLD_LOG < began[0] < began[1], "in the order in which it came"
    assert hand_back(lena, old, known).status_code == 200
    assert [said_of(device.audit, text)[-1]["since"] for text in texts] == began, "twice does no harm"


def test_a_longer_old_log_moves_it_behind_that_one_too(database, lena, aron, monkeypatch):
    monkeypatch.setattr(pushing, "now_ms", lambda: BEFORE_BACKUP)
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    monkeypatch.setattr(pushing, "now_ms", lambda: OLD_LOG)
    device.set(device.add_finding(), "title", "The shorter log ends here")
    device.push()
    shorter = remember(lena, device.audit)
    monkeypatch.setattr(pushing, "now_ms", lambda: OLD_LOG + 1000)
    device.add(LINK, **OTHER)
    device.push()
    longer = remember(lena, device.audit)
    put_back(backup)
    monkeypatch.setattr(pushing, "now_ms", lambda: CLOCK_BEHIND)
    his = Device(aron, device.audit)
    his.add(LINK, **OTHER)
    his.push()
    for old in (shorter, longer):
        assert hand_back(lena, old, known).status_code == 200
    assert first_author(device.audit) == lena.account


def test_who_was_taken_out_in_the_old_log_does_not_count_because_the_clock_was_behind(
    database, lena, aron, monkeypatch
):
    monkeypatch.setattr(pushing, "now_ms", lambda: BEFORE_BACKUP)
    device = new_audit(lena)
    member = device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    monkeypatch.setattr(pushing, "now_ms", lambda: OLD_LOG)
    device.make("del", member, "deleted", True, bases=[id for ids in device.heads.values() for id in ids][:900])
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    monkeypatch.setattr(pushing, "now_ms", lambda: CLOCK_BEHIND)
    his = Device(aron, device.audit)
    text = his.set("finding/f1", "title", "Written after he was taken out")
    his.push()
    assert hand_back(lena, old, known).status_code == 200
    assert said_of(device.audit, text)[-1]["code"] == "audit.not_assigned"
