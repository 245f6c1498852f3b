"""What was set aside is asked again when the team changes, when the old log comes back, and when the server is a newer one."""

import pytest

from schemas.entities import ENTITIES
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of
from server.domain.refusals import Refusal
from server.identity.by_hand import block_installation
from server.storage import server_state
from server.sync import place
from server.sync.ask_again import OF_THE_VERSION
from server.sync.office import Change, append
from server.sync.update import ask_after_update
from tests.devices import Device, codes, new_audit
from tests.old_log import back_up, hand_back, put_back, remember
from tests.people import Person

pytestmark = pytest.mark.slow


def log_of(person: Person, audit: str) -> Device:
    reader = Device(person, audit)
    reader.pull()
    return reader


def aside(person: Person, audit: str) -> list[str]:
    return sorted(why["code"] for why in log_of(person, audit).view().quarantined.values())


def titles(person: Person, audit: str) -> list[str]:
    view = log_of(person, audit).view()
    return sorted(finding.get("title") for finding in view.of_kind("finding") if finding.get("title"))


def write(person: Person, audit: str, *changes: Change) -> None:
    with unit_of_work(SERVER) as session:
        append(session, audit=audit, account=person.account, changes=changes)


@pytest.fixture
def early(database, lena, aron) -> tuple[Device, Device]:
    """Aron recorded before he stood in the team."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("of Aron")
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    return device, his


def test_whoever_comes_into_the_team_counts_with_what_waited(early, lena, aron):
    device, _ = early
    device.add_member(aron)
    device.push()
    assert titles(lena, device.audit) == ["of Aron"]
    assert aside(lena, device.audit) == []
    assert titles(aron, device.audit) == ["of Aron"], "he sees the audit, and his tablet agrees"


def test_so_it_is_when_the_office_puts_him_there(early, lena, aron, paula):
    device, _ = early
    member = f"team_member/{aron.account}"
    write(paula, device.audit, Change.add(member, {"account": aron.account}), Change(member, "role", "auditor"))
    assert titles(lena, device.audit) == ["of Aron"]


def test_who_may_only_watch_is_told_so_and_another_role_lets_it_count(early, lena, aron):
    device, _ = early
    member = device.add_member(aron, "observer")
    device.push()
    assert aside(lena, device.audit) == ["operation.not_permitted"] * 2
    device.set(member, "role", "auditor")
    device.push()
    assert titles(lena, device.audit) == ["of Aron"]


def test_nothing_is_said_twice_and_nobody_elses_work_is_asked(early, lena, aron, paula):
    device, _ = early
    hers = Device(paula, device.audit)
    hers.set("note/1", "text", "of nobody in the team")
    hers.push()
    device.add_member(aron)
    device.push()
    assert aside(lena, device.audit) == ["audit.not_assigned"]
    before = log_of(lena, device.audit).cursor
    device.add_member(aron)
    device.push()
    assert log_of(lena, device.audit).cursor == before + 3


def test_what_a_blocked_tablet_sent_before_waits_for_the_lead_auditor(early, lena, aron):
    device, _ = early
    block_installation(aron.installation)
    device.add_member(aron)
    device.push()
    assert aside(lena, device.audit) == ["audit.not_assigned"] * 2


def test_who_is_let_in_by_one_who_is_let_in_counts_too(database, lena, aron, paula):
    """Aron had entered Paula; neither counted until Lena entered Aron as a leader."""
    device = new_audit(lena)
    device.push()
    his, hers = Device(aron, device.audit), Device(paula, device.audit)
    his.add_member(paula)
    his.push()
    hers.add_finding("of Paula")
    hers.push()
    device.add_member(aron, "audit_team_leader")
    device.push()
    assert titles(lena, device.audit) == ["of Paula"]


# --- Its author sends it


def test_what_a_colleague_brought_counts_when_its_author_sends_it(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("of Aron")
    stolen = lena.enrol_another()
    block_installation(stolen.installation)
    Device(stolen, device.audit).send(his.made)  # first home after a restore, or from an export
    his.push()
    assert titles(lena, device.audit) == ["of Aron"], aside(lena, device.audit)


def test_and_what_follows_on_it_counts_when_its_author_comes_into_the_team(database, lena, aron):
    """`_misfit_again` asks who sent the one before, `follow_chain` had asked where the chain stood: the same entry gets another answer, and one that is never asked again."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    his.set("note/1", "text", "first")
    stolen = lena.enrol_another()
    block_installation(stolen.installation)
    Device(stolen, device.audit).send(his.made)
    his.push()
    his.add_finding("of Aron")
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    device.add_member(aron)
    device.push()
    assert titles(lena, device.audit) == ["of Aron"], aside(lena, device.audit)


def test_nobody_lets_count_what_a_blocked_tablet_brought_under_a_colleagues_name(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("never said")
    stolen = lena.enrol_another()
    block_installation(stolen.installation)
    assert codes(Device(stolen, device.audit).send(his.made)) == ["account.installation_revoked"] * 2
    answer = lena.post(f"/api/audits/{device.audit}/operations/{digest_of(his.made[0].encode())}/release")
    assert answer.json["code"] == "operation.not_yours"


def senders(person: Person, audit: str, text: str) -> list[tuple[str, str]]:
    """Of every verdict on it the code, and from which account it was sent."""
    words = [entry.operation for entry in log_of(person, audit).pulled if entry.operation.kind == "verdict"]
    about = f"operation/{digest_of(text.encode())}"
    return [(word.value["code"], word.value["sent_by"]["account"]) for word in words if word.entity == about]


def test_that_its_author_sent_what_nobody_can_read_stands_in_the_log(database, lena, aron):
    """Else nothing but a column would know it, and a restored server has other columns."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    text = his.make("set", "note/1", "text", "of tomorrow", v=2)
    device.send([text])
    his.push()
    his.push([text])
    code = "envelope.unknown_version"
    assert senders(lena, device.audit, text) == [(code, lena.account), (code, aron.account)], "once for each"
    his.set("note/1", "text", "and on")
    assert codes(his.push()) == [None]


def test_what_is_nobodys_stays_with_whoever_sent_it_first(database, lena, aron):
    """Bytes that name no chain: two who send them in turn would say so for ever."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    garbage = his.keep("garbage")
    his.set("note/1", "text", "behind it")
    device.send([garbage])
    his.push()
    assert len(senders(lena, device.audit, garbage)) == 1
    device.add_member(aron)
    device.push()
    assert aside(lena, device.audit) == ["envelope.not_plain_json"], "what follows on it counts"


# --- After handing back


def test_who_was_in_the_team_counts_with_what_the_restored_server_set_aside(database, lena, aron):
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    device.add_member(aron)
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    his = Device(aron, device.audit)
    his.add_finding("between")
    assert codes(his.push()) == ["audit.not_assigned"] * 2
    assert hand_back(lena, old, known).json["next"] is None
    assert titles(lena, device.audit) == ["between"]


def test_who_had_been_taken_out_of_the_team_does_not_count_with_what_came_between(database, lena, aron):
    device = new_audit(lena)
    member = device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("of his time in the team")
    his.push()
    backup, known = back_up(), log_of(lena, device.audit).cursor
    device.make("del", member, "deleted", True, bases=[head for heads in device.heads.values() for head in heads])
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    his.add_finding("between")
    assert codes(his.push()) == [None] * 2
    assert hand_back(lena, old, known).json["next"] is None
    assert titles(lena, device.audit) == ["of his time in the team"]
    assert aside(lena, device.audit) == ["audit.not_assigned"] * 2
    again = log_of(lena, device.audit).cursor
    hand_back(lena, old, known)
    assert log_of(lena, device.audit).cursor == again, "said once"


def test_what_he_was_let_count_by_a_person_meanwhile_goes_on_counting(database, lena, aron):
    device = new_audit(lena)
    device.push()
    backup, known = back_up(), device.dseq
    member = device.add_member(aron)
    device.make("del", member, "deleted", True, bases=[head for heads in device.heads.values() for head in heads])
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    his = Device(aron, device.audit)
    his.add_finding("between")
    his.push()
    for digest in log_of(lena, device.audit).view().quarantined:
        assert lena.post(f"/api/audits/{device.audit}/operations/{digest}/release").status_code == 204
    assert hand_back(lena, old, known).json["next"] is None
    assert titles(lena, device.audit) == ["between"]


def test_whoever_is_taken_out_after_the_restore_keeps_what_he_wrote_before(database, lena, aron):
    """Asked is what the team was when it arrived, not what it is now."""
    device = new_audit(lena)
    member = device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    device.set(member, "name", "Aron W.")
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    his = Device(aron, device.audit)
    his.add_finding("between")
    his.push()
    hers = Device(lena.enrol_another(), device.audit)
    hers.pull()
    heads = [entry.operation.digest for entry in hers.pulled if entry.operation.entity == member]
    hers.make("del", member, "deleted", True, bases=heads)
    hers.push()
    assert hand_back(lena, old, known).json["next"] is None
    assert titles(lena, device.audit) == ["between"]


def test_what_was_born_a_second_time_between_is_set_aside(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    device.add("evidence_link/1", evidence="e1", finding="f1", criterion=None)
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    his = Device(aron, device.audit)
    his.add("evidence_link/1", evidence="e2", finding="f1", criterion=None)
    assert codes(his.push()) == [None]
    assert hand_back(lena, old, known).json["next"] is None
    assert aside(lena, device.audit) == ["operation.already_born"]


def test_what_was_let_count_between_is_asked_as_of_then(database, lena, aron):
    """The old log made him an observer; the restored server made him an auditor again before his own tablet sent what was brought."""
    device = new_audit(lena)
    member = device.add_member(aron)
    device.push()
    backup, known = back_up(), device.dseq
    device.set(member, "role", "observer")
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    his, hers = Device(aron, device.audit), Device(lena.enrol_another(), device.audit)
    his.set("note/1", "text", "brought first")
    assert codes(hers.send(his.made)) == ["operation.not_yours"]
    hers.wall += 10**6
    hers.set(member, "role", "auditor")
    hers.push()
    assert codes(his.push()) == [None]
    assert hand_back(lena, old, known).json["next"] is None
    words = [entry.operation for entry in log_of(lena, device.audit).pulled if entry.operation.kind == "verdict"]
    assert [word.value["state"] for word in words] == ["quarantined", "applied"], "it is not set aside in between"


def test_a_birth_that_was_let_count_between_is_no_first_one(database, lena, aron):
    """It had waited since before the backup, and counts since the restored server knows its author; the old log has another."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    his.add("evidence_link/1", evidence="e1", finding="f1", criterion=None)
    his.push()
    backup, known = back_up(), log_of(lena, device.audit).cursor
    device.add("evidence_link/1", evidence="e2", finding="f1", criterion=None)
    device.push()
    old = remember(lena, device.audit)
    put_back(backup)
    hers = Device(lena.enrol_another(), device.audit)
    hers.add_member(aron)
    hers.push()
    assert aside(lena, device.audit) == []
    assert hand_back(lena, old, known).json["next"] is None
    assert aside(lena, device.audit) == ["operation.already_born"]
    assert log_of(lena, device.audit).view().entities["evidence_link/1"].get("evidence") == "e2"


# --- After an update


def unreadable(data: bytes, content_sha256: str | None = None) -> Refusal:
    return Refusal("envelope.unknown_version", {"version": "1"})


def ahead(person: Person, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A tablet that was updated before its server, which does not know deviations yet, and later not even the envelope."""
    device = new_audit(person)
    device.push()
    with monkeypatch.context() as then:
        then.delitem(ENTITIES, "deviation")
        device.set("deviation/1", "text", "A fire alarm of 40 minutes")
        assert codes(device.push()) == ["operation.unknown_kind"]
        then.setattr(place, "parse_operation", unreadable)
        device.add_finding("of today")
        device.add_member(person)
        assert set(codes(device.push())) == {"envelope.unknown_version"}
    device.add_finding("of tomorrow")
    device.push()
    return device


def test_what_an_older_server_did_not_know_counts_after_its_update(database, lena, monkeypatch):
    device = ahead(lena, monkeypatch)
    assert titles(lena, device.audit) == ["of tomorrow"]
    ask_after_update()
    assert titles(lena, device.audit) == ["of today", "of tomorrow"]
    assert aside(lena, device.audit) == []
    assert len(log_of(lena, device.audit).view().of_kind("team_member")) == 1
    device.set("note/1", "text", "and on")
    assert codes(device.push()) == [None]
    with reading(SERVER) as session:
        assert server_state.asked_version(session) == server_state.version()


def test_what_this_version_does_not_know_either_stays_and_nothing_is_said_again(database, lena):
    device = new_audit(lena)
    device.make("set", f"audit/{device.audit}", "title", "of tomorrow", v=2)
    device.set(f"audit/{device.audit}", "starts_on", "tomorrow")
    device.push()
    before = log_of(lena, device.audit).cursor
    ask_after_update()
    assert log_of(lena, device.audit).cursor == before


def test_one_version_asks_once(database, lena, monkeypatch):
    ask_after_update()
    device = ahead(lena, monkeypatch)
    ask_after_update()
    assert titles(lena, device.audit) == ["of tomorrow"]


def test_somebody_elses_work_is_not_let_in_by_an_update(database, lena, aron, monkeypatch):
    device = new_audit(lena)
    device.push()
    with monkeypatch.context() as then:
        then.delitem(ENTITIES, "deviation")
        his = Device(aron, device.audit)
        his.set("deviation/1", "text", "not his to say")
        his.push()
        device.send(his.made)
    ask_after_update()
    assert aside(lena, device.audit) == ["audit.not_assigned"]


def test_it_counts_after_the_update(database, lena, aron, monkeypatch):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("of Aron")
    real = place.parse_operation
    monkeypatch.setattr(
        place, "parse_operation", lambda data, c=None: Refusal("envelope.unknown_version", {"version": "2"})
    )
    device.send(his.made[1:])  # a colleague brings what he could take along
    his.push()  # then the author's own tablet
    monkeypatch.setattr(place, "parse_operation", real)
    monkeypatch.setattr(server_state, "version", lambda: "99")
    ask_after_update()
    assert titles(lena, device.audit) == ["of Aron"], aside(lena, device.audit)


def test_a_newer_apps_entry_is_asked_again_after_the_update(database, lena):
    device = new_audit(lena)
    device.push()
    device.make("annotate", "note/1", "text", "x")
    device.make("set", "note/1", "text", "x", strength=1)
    said = codes(device.push())
    assert set(said) <= set(OF_THE_VERSION), said
