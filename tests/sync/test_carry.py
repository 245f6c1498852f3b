"""What a colleague or a spare tablet brings counts as its author's, where the author's tablet has signed it."""

import pytest

from server.database import SERVER, reading
from server.domain.operation import ChainKey
from server.domain.refusals import Refused
from server.identity.by_hand import block_installation
from server.storage import chains
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


def test_what_is_not_signed_and_not_understood_outlives_an_update_of_the_server(database, lena, aron, monkeypatch):
    """The server asks such entries again, whoever sent them; here nobody did who has an account."""
    hers, his = team_of_two(lena, aron)
    his.make("set", "finding/1", "title", "from a later version", v=99)
    assert by_hand(his, head_signature=None) == ["envelope.unknown_version"]
    monkeypatch.setattr("server.storage.server_state.version", lambda: "99.0")
    ask_after_update()
    hers.pull()
    assert [said["code"] for said in hers.view().quarantined.values()] == ["envelope.unknown_version"]
