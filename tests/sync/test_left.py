"""What is erased after somebody has left the team is told to that person's tablet, and nothing else is."""

import pytest

from server.database import SERVER, reading
from server.domain import membership
from server.domain.operation import GENESIS, digest_of
from server.domain.vocabulary import Role
from server.identity.by_hand import block_installation
from server.storage import accounts
from server.storage.identifiers import new_id
from server.sync.erase import erase_content_of
from tests.devices import Device, new_audit
from tests.old_log import back_up, put_back
from tests.people import Person, enter

pytestmark = pytest.mark.slow


@pytest.fixture
def hers(database, lena, aron) -> Device:
    device = new_audit(lena)
    device.member = device.add_member(aron)
    device.add_finding("Mr Novak smoked")
    device.push()
    return device


def leaves(hers: Device) -> None:
    hers.make("del", hers.member, "deleted", True, bases=[head for heads in hers.heads.values() for head in heads])
    hers.push()


def digest_of_last(device: Device) -> str:
    return digest_of(device.made[-1].encode())


def erase(paula: Person, device: Device, *digests: str) -> None:
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, digests, "At the request of Mr Novak")


def asks(person: Person, device: Device, **changed: object) -> list[dict[str, object]]:
    one = {"id": device.audit, "seq": device.cursor, "hash": device.hash, "told": None, **changed}
    answer = person.post("/api/audits/left", json={"audits": [one]})
    assert answer.status_code == 200, answer.json
    return [told for told in answer.json if told["erased"]]


def test_what_is_erased_after_somebody_has_left_is_told_by_its_digest_alone(hers, aron, paula):
    his, said = Device(aron, hers.audit), digest_of_last(hers)
    his.pull()
    leaves(hers)
    assert aron.get("/api/audits").json == []
    assert asks(aron, his) == []
    erase(paula, hers, said)
    [told] = asks(aron, his)
    assert told == {
        "id": hers.audit,
        "is_there": True,
        "told": told["told"],
        "erased": [{"digest": said, "evidence": None}],
    }


def test_it_is_not_said_twice_and_anything_more_is_said(hers, aron, paula):
    his = Device(aron, hers.audit)
    his.pull()
    leaves(hers)
    first, second = (digest_of(text.encode()) for text in hers.made[-3:-1])
    erase(paula, hers, first)
    [told] = asks(aron, his)
    assert asks(aron, his, told=told["told"]) == []
    erase(paula, hers, second)
    [more] = asks(aron, his, told=told["told"])
    assert {one["digest"] for one in more["erased"]} == {first, second}


def test_what_was_written_after_somebody_has_left_is_not_told(hers, aron, paula):
    his = Device(aron, hers.audit)
    his.pull()
    leaves(hers)
    hers.add_finding("Written without him")
    hers.push()
    erase(paula, hers, digest_of_last(hers))
    assert asks(aron, his) == []


@pytest.mark.parametrize("is_first_erased", [True, False], ids=["before leaving", "after leaving"])
def test_who_left_is_told_it_also_where_the_entry_that_named_them_was_erased(hers, aron, paula, is_first_erased):
    his, said = Device(aron, hers.audit), digest_of_last(hers)
    [birth] = hers.heads[hers.member, "born"]
    his.pull()
    if is_first_erased:
        erase(paula, hers, birth)
    else:
        leaves(hers)
        erase(paula, hers, birth)
    assert aron.get("/api/audits").json == []
    hers.pull()
    hers.add_finding("Written without him")
    hers.push()
    erase(paula, hers, said, digest_of_last(hers))
    hers.pull()
    for proof in ({}, {"seq": hers.cursor, "hash": hers.hash}):
        [told] = asks(aron, his, **proof)
        assert {one["digest"] for one in told["erased"]} == {birth, said}


def test_who_left_does_not_learn_it_with_the_hash_that_a_push_answers_either(hers, aron, paula):
    his, said = Device(aron, hers.audit), digest_of_last(hers)
    his.pull()
    leaves(hers)
    hers.add_finding("Written without him")
    hers.push()
    erase(paula, hers, digest_of_last(hers))
    his.add_finding("Sent afterwards")
    head = his.push().json["head"]
    assert asks(aron, his, seq=head["seq"], hash=head["hash"]) == []
    erase(paula, hers, said)
    [told] = asks(aron, his, seq=head["seq"], hash=head["hash"])
    assert [one["digest"] for one in told["erased"]] == [said]


@pytest.mark.parametrize("changed", [{"hash": "0" * 64}, {"seq": 0, "hash": GENESIS}, {"seq": 3}, {"seq": 9_999}])
def test_who_cannot_prove_what_is_on_the_tablet_hears_nothing(hers, aron, otto, paula, changed):
    his = Device(aron, hers.audit)
    his.pull()
    leaves(hers)
    erase(paula, hers, digest_of(hers.made[-2].encode()))
    assert asks(otto, his, **changed) == []


def test_who_was_never_in_the_team_hears_nothing_also_with_the_hash_that_a_push_answers(hers, cast, paula):
    mara = enter(cast.app, cast.ours, "Mara Outside", Role.AUDITOR)
    erase(paula, hers, digest_of(hers.made[-2].encode()))
    outside = Device(mara, hers.audit)
    outside.make("add", "note/1", "born", {"observed_at": "2026-11-24T10:00:00.000Z"})
    head = outside.push().json["head"]
    assert asks(mara, outside, seq=head["seq"], hash=head["hash"]) == []


def test_what_somebody_sent_and_never_pulled_is_told_without_a_proof(hers, aron, paula):
    his = Device(aron, hers.audit)
    his.add_finding("sent, and out of the team before it came back")
    his.push()
    leaves(hers)
    erase(paula, hers, digest_of_last(his))
    [told] = asks(aron, his, seq=0, hash=GENESIS)
    assert [one["digest"] for one in told["erased"]] == [digest_of_last(his)]


def test_a_blocked_tablet_and_one_that_is_not_enrolled_hear_nothing(hers, aron, paula):
    his = Device(aron, hers.audit)
    his.pull()
    leaves(hers)
    erase(paula, hers, digest_of(hers.made[-2].encode()))
    block_installation(aron.installation)
    one = {"id": hers.audit, "seq": his.cursor, "hash": his.hash, "told": None}
    answer = aron.post("/api/audits/left", json={"audits": [one]})
    assert answer.json["code"] == "account.installation_revoked"


def test_an_audit_that_is_asked_about_over_and_over_is_answered_once(hers, aron, paula):
    his, said = Device(aron, hers.audit), digest_of_last(hers)
    his.pull()
    leaves(hers)
    erase(paula, hers, said)
    one = {"id": hers.audit, "seq": his.cursor, "hash": his.hash, "told": None}
    answer = aron.post("/api/audits/left", json={"audits": [one] * 500})
    assert [[erased["digest"] for erased in told["erased"]] for told in answer.json] == [[said]]


def test_who_was_in_the_team_twice_is_told_what_came_until_the_second_leaving(hers, aron, paula):
    his = Device(aron, hers.audit)
    leaves(hers)
    hers.add_finding("Between the two")
    between = digest_of_last(hers)
    hers.member = hers.add_member(aron)
    hers.add_finding("In his second time")
    second = digest_of_last(hers)
    hers.push()
    his.pull()
    leaves(hers)
    hers.add_finding("Without him")
    hers.push()
    erase(paula, hers, between, second, digest_of_last(hers))
    hers.pull()
    [told] = asks(aron, his, seq=hers.cursor, hash=hers.hash)
    assert {erased["digest"] for erased in told["erased"]} == {between, second}


def test_whoever_names_herself_over_and_over_and_is_set_aside_costs_one_look(hers, cast, paula, monkeypatch):
    mara = enter(cast.app, cast.ours, "Mara Outside", Role.AUDITOR)
    erase(paula, hers, digest_of(hers.made[-2].encode()))
    outside = Device(mara, hers.audit)
    for _ in range(20):
        outside.add(f"team_member/{new_id()}", account=mara.account)
    head = outside.push().json["head"]
    folded, fold = [], membership.fold_log
    monkeypatch.setattr(membership, "fold_log", lambda entries: folded.append(len(entries)) or fold(entries))
    assert asks(mara, outside, seq=head["seq"], hash=head["hash"]) == []
    assert folded == []


def test_who_was_let_in_after_having_been_set_aside_is_told(hers, lena, cast, paula):
    """She names herself, which the leader lets count; then she is taken out again."""
    mara = enter(cast.app, cast.ours, "Mara Outside", Role.AUDITOR)
    outside, said = Device(mara, hers.audit), digest_of_last(hers)
    member = f"team_member/{new_id()}"
    outside.add(member, account=mara.account)
    outside.push()
    assert asks(mara, outside) == []
    address = f"/api/audits/{hers.audit}/operations/{digest_of_last(outside)}/release"
    assert lena.post(address).status_code == 204
    outside.pull()
    hers.pull()
    hers.make("del", member, "deleted", True, bases=[digest_of_last(outside)])
    hers.push()
    erase(paula, hers, said)
    [told] = asks(mara, outside)
    assert [erased["digest"] for erased in told["erased"]] == [said]


def test_who_left_hears_that_the_log_is_not_there_any_more(hers, aron):
    """A backup was put back and nobody said so; the log has grown past where he had pulled it."""
    his = Device(aron, hers.audit)
    backup = back_up()
    hers.add_finding("Mr Novak was here")
    hers.push()
    his.pull()
    leaves(hers)
    one = {"id": hers.audit, "seq": his.cursor, "hash": his.hash, "told": None}
    assert aron.post("/api/audits/left", json={"audits": [one]}).json == []
    put_back(backup)
    other = Device(hers.person.enrol_another(), hers.audit)
    other.pull()
    for title in ("a", "b", "c", "d"):
        other.add_finding(title)
    other.push()
    assert aron.post("/api/audits/left", json={"audits": [one]}).json == [
        {"id": hers.audit, "is_there": False, "told": None, "erased": []}
    ]


def test_of_an_audit_that_is_not_known_the_same_is_said_as_to_whoever_guesses(hers, otto):
    guessed = [{"id": audit, "seq": 3, "hash": "0" * 64, "told": None} for audit in (hers.audit, new_id())]
    said = otto.post("/api/audits/left", json={"audits": guessed}).json
    assert [{**one, "id": None} for one in said] == [{"id": None, "is_there": False, "told": None, "erased": []}] * 2


def test_whether_there_is_an_audit_is_not_told_to_whoever_has_nothing_of_it(hers, otto):
    def answered(audit: str) -> object:
        return otto.post(
            "/api/audits/left", json={"audits": [{"id": audit, "seq": 0, "hash": GENESIS, "told": None}]}
        ).json

    assert answered(hers.audit) == answered(new_id()) == []
