"""What a colleague or a spare tablet brings counts as its author's, where the author's tablet has signed it."""

import base64

import pytest

from server.database import SERVER, reading
from server.domain.operation import ChainKey
from server.domain.refusals import Refused
from server.identity.by_hand import block_installation
from server.storage import accounts, chains
from server.storage.server_state import server_identity
from server.storage.tables.operation import LoggedOperation
from server.sync.carry import bring_by_hand
from server.sync.push import Batch
from server.sync.update import ask_after_update
from tests.devices import Device, codes, new_audit, states
from tests.people import Person

pytestmark = pytest.mark.slow


def team_of_two(lena: Person, aron: Person, role: str = "auditor") -> tuple[Device, Device]:
    device = new_audit(lena)
    device.add_member(aron, role)
    device.push()
    return device, Device(aron, device.audit)


def titles(device: Device) -> list[object]:
    device.pull()
    return [finding.get("title") for finding in device.view().of_kind("finding")]


def test_what_a_colleague_brings_counts_under_its_authors_name(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    his.add_finding("written by Aron")
    answer = his.carried_by(lena)
    assert states(answer) == ["stored"] * 2
    assert answer.json["next_dseq"] == 3
    assert titles(hers) == ["written by Aron"]
    assert hers.view().quarantined == {}
    with reading(SERVER) as session:
        senders = {row.sent_by_account for row in session.query(LoggedOperation).filter_by(entity_kind="finding")}
    assert senders == {aron.account}


def test_the_author_who_comes_back_sends_duplicates_and_goes_on(database, lena, aron):
    _, his = team_of_two(lena, aron)
    his.add_finding("brought by Lena")
    his.carried_by(lena)
    assert states(his.push()) == ["duplicate"] * 2
    his.add_finding("sent by himself")
    assert states(his.push()) == ["stored"] * 2
    his.pull()
    assert his.is_safe()


def test_it_may_be_brought_twice_and_by_several(database, lena, aron, paula):
    _, his = team_of_two(lena, aron)
    his.add_finding()
    his.carried_by(lena)
    assert states(his.carried_by(lena)) == ["duplicate"] * 2
    assert states(his.carried_by(paula)) == ["duplicate"] * 2


def test_its_authors_role_decides_and_not_the_carriers(database, lena, aron):
    """Lena leads; that does not make an expert's grade one that counts."""
    _, his = team_of_two(lena, aron, "technical_expert")
    his.add_finding()
    assert codes(his.carried_by(lena)) == ["operation.not_permitted"] * 2


def test_a_member_who_brings_the_leaders_work_needs_no_right_of_his_own(database, lena, aron):
    hers, _ = team_of_two(lena, aron)
    hers.set(f"audit/{hers.audit}", "title", "Renamed on the way")
    assert states(hers.carried_by(aron, hers.made[-1:])) == ["stored"]


def test_what_nobody_signed_is_kept_until_its_author_sends_it(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    his.add_finding("unsigned")
    assert codes(his.carried_by(lena, head_signature=None)) == ["operation.not_yours"] * 2
    assert titles(hers) == []
    assert states(his.push()) == ["duplicate"] * 2
    assert titles(hers) == ["unsigned"]


def test_what_was_kept_unsigned_counts_when_it_is_brought_with_its_signature(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    his.add_finding("first without")
    his.carried_by(lena, head_signature=None)
    his.carried_by(lena)
    assert titles(hers) == ["first without"]
    assert hers.view().quarantined == {}


def test_a_signature_of_another_key_vouches_for_nothing(database, lena, aron, paula):
    _, his = team_of_two(lena, aron)
    his.add_finding()
    forged = Device(Person(**{**vars(aron), "key": paula.key}), his.audit, made=his.made, dseq=2, prev=his.prev)
    assert codes(forged.carried_by(lena)) == ["operation.not_yours"] * 2


def test_a_signature_vouches_only_for_what_leads_to_what_was_signed(database, lena, aron):
    """A forged entry beside Aron's would otherwise come under his name."""
    hers, his = team_of_two(lena, aron)
    his.add_finding("written by Aron")
    forger = Device(aron, hers.audit)
    forger.add_finding("put into his mouth")
    beside = [forger.made[0], *his.made]
    assert codes(his.carried_by(lena, beside)) == ["operation.not_yours"] * 3
    assert titles(hers) == []


def test_what_a_blocked_tablet_wrote_is_set_aside_as_such(database, lena, aron):
    _, his = team_of_two(lena, aron)
    his.add_finding()
    block_installation(aron.installation)
    assert codes(his.carried_by(lena)) == ["account.installation_revoked"] * 2


def test_a_blocked_tablet_brings_nothing(database, lena, aron):
    _, his = team_of_two(lena, aron)
    his.add_finding()
    block_installation(lena.installation)
    assert his.carried_by(lena).json["code"] == "account.installation_revoked"


def test_an_audit_comes_into_being_by_what_is_brought(database, lena, aron):
    """Begun and held without a network; then the tablet of the leader fell into the coolant."""
    hers = new_audit(lena)
    hers.add_member(aron)
    assert states(hers.carried_by(aron)) == ["stored"] * 6
    his = Device(aron, hers.audit)
    his.pull()
    assert his.view().entities[f"audit/{hers.audit}"].get("title") == "Stage 2 Musterwerk"
    assert [audit["id"] for audit in lena.get("/api/audits").json] == [hers.audit]


def test_what_lacks_its_predecessor_is_kept_all_the_same(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    his.add_finding("before")
    his.add_finding("after")
    assert codes(his.carried_by(lena, his.made[2:])) == ["operation.not_yours"] * 2
    his.push_all()
    assert sorted(map(str, titles(hers))) == ["after", "before"]


def test_somebody_from_elsewhere_learns_nothing_and_changes_nothing(database, lena, aron, otto):
    hers, his = team_of_two(lena, aron)
    his.add_finding()
    answer = his.carried_by(otto)
    assert codes(answer) == ["operation.not_yours"] * 2
    assert answer.json["receipt"] is None
    assert titles(hers) == []


def test_it_does_not_change_what_is_known_about_the_carriers_own_chain(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    for _ in range(10):
        his.add_finding()
    his.carried_by(lena, head_signature=None)
    with reading(SERVER) as session:
        announced = {chain.account: chain.announced_dseq for chain in chains.chains(session, hers.audit)}
    assert announced[lena.account] == len(hers.made)
    hers.add_finding()
    assert states(hers.push()) == ["stored"] * 2


def test_a_tablet_that_is_not_enrolled_brings_nothing(database, lena, aron):
    _, his = team_of_two(lena, aron)
    his.add_finding()
    with lena.app.test_client() as nobody:
        assert his.carried_by(Person(**{**vars(lena), "api": nobody})).status_code == 401


# --- Of a tablet that drowned before the server knew its key


def drowned(person: Person) -> Device:
    """Begun and written without a network; the tablet was never enrolled."""
    device = new_audit(person.with_lost_tablet())
    device.add_finding("before it drowned")
    return device


def audits_of(person: Person) -> list[str]:
    return [audit["id"] for audit in person.get("/api/audits").json]


def brought_in_name(person: Person) -> int:
    count: int = person.get("/api/session").json["brought_in_name"]
    return count


def test_one_yes_of_its_author_is_no_yes_to_what_others_bring_afterwards(database, lena, aron):
    """Aron made the file, the key in it, and the words."""
    hers = new_audit(lena)
    hers.add_member(aron)
    hers.push()
    forged = Device(lena.with_lost_tablet(key=aron.key), hers.audit)
    forged.add_finding("She thought that it was hers")
    assert codes(forged.carried_by(lena)) == [None] * 2
    forged.add_finding("Words that Lena never wrote")
    assert codes(forged.carried_by(aron, forged.made[2:])) == ["operation.not_yours"] * 2

    other = new_audit(lena, title="Aron is not in this team")
    other.push()
    more = Device(forged.person, other.audit)
    more.add_member(aron, "lead")
    assert codes(more.carried_by(aron)) == ["operation.not_yours"] * len(more.made)
    assert other.audit not in audits_of(aron)


@pytest.mark.parametrize("has_key", [True, False])
def test_a_tablet_that_enrols_itself_says_nothing_about_a_key_that_came_in_a_file(database, lena, aron, has_key):
    """Aron made the file and the key in it, under the name of a tablet of hers; on that she signs in again."""
    hers = new_audit(lena)
    hers.add_member(aron)
    hers.push()
    forged = Device(lena.with_lost_tablet(key=aron.key), hers.audit)
    forged.add_finding("She thought that it was hers")
    forged.carried_by(lena)
    own = {"id": forged.person.installation, "name": "", "public_key": lena.public_key if has_key else None}
    assert lena.enrol_another().api.put(f"/api/installations/{own['id']}", json=own).status_code == 200
    forged.add_finding("Words that Lena never wrote")
    assert codes(forged.carried_by(aron, forged.made[2:])) == ["operation.not_yours"] * 2
    assert titles(hers) == ["She thought that it was hers"]
    forged.carried_by(lena, forged.made[2:])
    assert len(titles(hers)) == 2, "on her word it counts, now as before"


def test_what_its_author_brings_counts_although_the_tablet_was_never_known(database, lena):
    lost = drowned(lena)
    assert states(lost.carried_by(lena)) == ["stored"] * len(lost.made)
    assert audits_of(lena) == [lost.audit]
    assert titles(Device(lena, lost.audit)) == ["before it drowned"]
    with reading(SERVER) as session:
        [kept] = [one for one in accounts.installations(session) if one.id == lost.person.installation]
        [key] = accounts.installation_keys(session, lost.person.installation, lena.account)
    assert (kept.vouched_by, kept.last_seen_at, kept.revoked_at) == (lena.account, None, None)
    assert base64.urlsafe_b64encode(key).decode().rstrip("=") == lost.person.public_key


def test_what_its_author_brings_in_two_parts_counts_as_well(database, lena):
    lost = drowned(lena)
    lost.carried_by(lena, lost.made[:3])
    assert states(lost.carried_by(lena, lost.made[3:])) == ["stored"] * len(lost.made[3:])


def test_where_a_colleague_brought_it_first_it_counts_when_its_author_brings_it(database, lena, aron):
    """Until then it is held, and nobody sees the audit; who brings it is told."""
    lost = drowned(lena)
    lost.add_member(aron)
    answer = lost.carried_by(aron)
    assert codes(answer) == ["operation.not_yours"] * len(lost.made)
    assert audits_of(lena) == audits_of(aron) == []
    assert [brought_in_name(person) for person in (lena, aron)] == [len(lost.made), 0]
    lost.carried_by(lena)
    assert audits_of(lena) == audits_of(aron) == [lost.audit]
    assert titles(Device(aron, lost.audit)) == ["before it drowned"]
    assert states(lost.carried_by(aron)) == ["duplicate"] * len(lost.made)
    assert brought_in_name(lena) == 0


def test_whose_name_it_stands_in_hears_no_more_of_it_where_it_is_held_behind_another_wall_as_well(database, lena, otto):
    lost = drowned(lena)
    lost.carried_by(otto)
    assert brought_in_name(lena) == len(lost.made)
    lost.carried_by(lena)
    assert brought_in_name(lena) == 0


def test_in_an_audit_that_is_known_it_counts_when_its_author_brings_it(database, lena, aron):
    hers, _ = team_of_two(lena, aron)
    lost = Device(aron.with_lost_tablet(), hers.audit)
    lost.add_finding("before it drowned")
    assert codes(lost.carried_by(lena)) == ["operation.not_yours"] * 2
    assert titles(hers) == []
    lost.carried_by(aron)
    assert titles(hers) == ["before it drowned"]
    assert hers.view().quarantined == {}


def test_nobody_puts_words_into_a_colleagues_mouth_by_a_tablet_of_his_own_making(database, lena, aron, paula):
    """He may lead, run the programme, or have signed with a key that the server knows as his: it is not her account that brings it."""
    hers, _ = team_of_two(lena, aron)
    for key in (None, aron.key):
        forged = Device(lena.with_lost_tablet(key), hers.audit)
        forged.add_finding("never said")
        for carrier in (aron, paula):
            assert set(codes(forged.carried_by(carrier))) == {"operation.not_yours"}
    assert titles(hers) == []


def test_the_word_of_its_author_replaces_no_key_that_is_known(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    other = Device(aron.with_lost_tablet(), hers.audit)
    other.person.installation = aron.installation
    other.add_finding("signed by another key under the name of his tablet")
    assert codes(other.carried_by(aron.enrol_another())) == ["operation.not_yours"] * 2
    with reading(SERVER) as session:
        assert len(accounts.installation_keys(session, aron.installation, aron.account)) == 1
    his.add_finding("written by Aron")
    assert states(his.push()) == ["stored"] * 2


def test_the_key_that_comes_along_has_to_be_the_one_that_signed(database, lena, aron):
    lost = drowned(lena)
    for wrong in (aron.public_key, "no key", None):
        assert set(codes(lost.carried_by(lena, public_key=wrong))) == {"operation.not_yours"}
    with reading(SERVER) as session:
        assert accounts.installation(session, lost.person.installation, lena.account) is None


def test_a_tablet_that_could_not_sign_is_believed_by_its_authors_session(database, lena, aron):
    """A browser without keys: from there, too, everything is sent unsigned."""
    lost = drowned(lena)
    unsigned = {"head_signature": None, "public_key": None}
    assert set(codes(lost.carried_by(aron, **unsigned))) == {"operation.not_yours"}
    lost.carried_by(lena, **unsigned)
    assert titles(Device(lena, lost.audit)) == ["before it drowned"]


def test_what_does_not_lead_to_what_was_signed_is_not_believed_on_its_authors_word(database, lena):
    lost, other = drowned(lena), drowned(lena)
    beside = [lost.made[0], other.made[1], *lost.made[1:]]
    assert set(codes(lost.carried_by(lena, beside))) == {"operation.not_yours"}


def test_a_lost_tablet_that_was_blocked_for_a_colleague_stays_blocked(database, lena, aron):
    """They shared it; only his name was ever enrolled on it."""
    hers, _ = team_of_two(lena, aron)
    lost = Device(lena.with_lost_tablet(), hers.audit)
    lost.person.installation = aron.installation
    block_installation(aron.installation)
    lost.add_finding()
    assert codes(lost.carried_by(lena)) == ["account.installation_revoked"] * 2


def test_a_lost_tablet_that_is_found_enrols_itself_and_goes_on(database, lena, aron):
    lost = drowned(lena)
    lost.carried_by(lena)
    found = {
        "id": lost.person.installation,
        "name": "From the bottom of the lake",
        "public_key": lost.person.public_key,
    }
    another = lena.enrol_another()
    assert another.api.put(f"/api/installations/{found['id']}", json=found).status_code == 200
    with reading(SERVER) as session:
        [kept] = [one for one in accounts.installations(session) if one.id == lost.person.installation]
    assert (kept.vouched_by, kept.name) == (None, "From the bottom of the lake")
    lost.add_member(aron)
    lost.carried_by(lena)
    lost.add_finding("brought by a colleague")
    assert states(lost.carried_by(aron, lost.made[-2:])) == ["stored"] * 2


def test_nobody_vouches_for_a_tablet_under_the_servers_own_name(database, lena):
    with reading(SERVER) as session:
        own = server_identity(session).installation
    lost = new_audit(Person(**{**vars(lena.with_lost_tablet()), "installation": own}))
    assert set(codes(lost.carried_by(lena))) == {"operation.not_yours"}


# --- By whoever runs the server


def by_hand(device: Device, **changed: object) -> list[str | None]:
    batch = device.batch(device.made, **changed)
    chain = ChainKey(batch["installation"], batch["account"], device.audit)
    answer = bring_by_hand(
        chain,
        Batch(device.audit, len(device.made), device.prev, batch["head_signature"], batch["operations"]),
    )
    assert answer.held
    return [verdict.reason.code if verdict.reason else verdict.verdict for verdict in answer.verdicts]


def test_whoever_runs_the_server_brings_what_is_signed(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    his.add_finding("by mail")
    assert by_hand(his) == []
    assert by_hand(his) == ["duplicate"] * 2
    assert titles(hers) == ["by mail"]


def test_what_is_not_signed_is_set_aside_and_waits_for_its_author(database, lena, aron):
    hers, his = team_of_two(lena, aron)
    his.add_finding("unsigned")
    assert by_hand(his, head_signature=None) == ["operation.not_yours"] * 2
    assert by_hand(his, head_signature=None) == ["operation.not_yours"] * 2
    hers.add_finding("the server's own chain goes on")
    hers.push()
    assert titles(hers) == ["the server's own chain goes on"]
    assert states(his.push()) == ["duplicate"] * 2
    assert sorted(map(str, titles(hers))) == ["the server's own chain goes on", "unsigned"]


def test_what_is_not_signed_and_belongs_nowhere_is_refused(database, lena):
    hers = new_audit(lena)
    with pytest.raises(Refused) as refused:
        by_hand(hers, head_signature=None)
    assert refused.value.refusal.code == "request.not_found"


def test_whoever_runs_the_server_may_vouch_for_the_author_and_for_nobody_else(database, lena, aron):
    lost = drowned(lena)
    batch = lost.batch(lost.made)
    chain = ChainKey(batch["installation"], batch["account"], lost.audit)
    given = Batch(lost.audit, len(lost.made), lost.prev, batch["head_signature"], batch["operations"])
    for account in (None, aron.account):
        with pytest.raises(Refused) as refused:
            bring_by_hand(chain, given, account, lost.person.public_key)
        assert refused.value.refusal.code == "handover.unknown_tablet"
    assert bring_by_hand(chain, given, lena.account, lost.person.public_key).verdicts == ()
    more = new_audit(lost.person)
    with pytest.raises(Refused) as refused:
        by_hand(more)
    assert refused.value.refusal.code == "handover.unknown_tablet", "the word is given anew for each file"
    assert titles(Device(lena, lost.audit)) == ["before it drowned"]


def test_what_is_not_signed_and_not_understood_outlives_an_update_of_the_server(database, lena, aron, monkeypatch):
    """The server asks such entries again, whoever sent them; here nobody did who has an account."""
    hers, his = team_of_two(lena, aron)
    his.make("set", "finding/1", "title", "from a later version", v=99)
    assert by_hand(his, head_signature=None) == ["envelope.unknown_version"]
    monkeypatch.setattr("server.storage.server_state.version", lambda: "99.0")
    ask_after_update()
    hers.pull()
    assert [said["code"] for said in hers.view().quarantined.values()] == ["envelope.unknown_version"]
