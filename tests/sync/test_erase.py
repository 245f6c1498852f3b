"""Erasure: content goes, and what remains still proves that something was said, by whom, when, and why it was taken out."""

import pytest

from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of, erase_content
from server.domain.refusals import Refused
from server.storage import accounts, audits
from server.storage import operation_log as log
from server.sync.erase import erase_content_of
from tests.devices import Device, codes, new_audit, states, verdicts

SECRET = "Mr Novak, a cleaner, was not trained."


def erase(person, device: Device, *texts: str, reason: str = "Withdrawn at the request of the person shown.") -> None:
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, person.account)
    erase_content_of(person.account, roles, device.audit, [digest_of(text.encode()) for text in texts], reason)


def stored(device: Device, text: str) -> log.LoggedOperation:
    with reading(SERVER) as session:
        entry = log.find_entry(session, device.audit, digest_of(text.encode()))
        assert entry is not None
        session.expunge(entry)
    return entry


@pytest.fixture
def told(database, lena, aron) -> tuple[Device, str]:
    device = new_audit(lena)
    device.add_member(aron)
    finding = device.add_finding()
    text = device.set(finding, "failure", SECRET)
    device.push()
    return device, text


def test_what_was_erased_is_gone_and_every_hash_still_checks(told, lena, aron, paula):
    device, text = told
    erase(paula, device, text)
    assert SECRET.encode() not in stored(device, text).data
    for person in (lena, aron):
        reader = Device(person, device.audit)
        reader.pull()
        assert reader.hash == paula_hash(paula, device)
        finding = reader.view().of_kind("finding")[0]
        assert finding.get("title") == "No calibration record"
        assert finding.get("failure") is None
        assert finding.fields["failure"].is_erased
        (why,) = reader.view().erased.values()
        assert (why["by"], why["reason"]) == (paula.account, "Withdrawn at the request of the person shown.")


def paula_hash(paula, device: Device) -> str:
    listed = next(audit for audit in paula.get("/api/audits").json if audit["id"] == device.audit)
    found: str = listed["head"]["hash"]
    return found


def test_erased_twice_it_is_written_once(told, paula):
    device, text = told
    erase(paula, device, text)
    before = paula_hash(paula, device)
    erase(paula, device, text)
    assert paula_hash(paula, device) == before


def test_a_tablet_that_sends_it_again_does_not_bring_it_back(told, paula):
    device, text = told
    erase(paula, device, text)
    assert states(device.push(device.made)) == ["duplicate"] * len(device.made)
    assert SECRET.encode() not in stored(device, text).data


def test_only_who_may_erase_does(told, lena, aron, otto, ruth):
    device, text = told
    for person, code in ((lena, "account.not_permitted"), (aron, "account.not_permitted"), (otto, "request.not_found")):
        with pytest.raises(Refused) as refused:
            erase(person, device, text)
        assert refused.value.refusal.code == code
    assert SECRET.encode() in stored(device, text).data


def test_what_the_log_does_not_hold_cannot_be_erased_and_nothing_else_is(told, paula):
    device, text = told
    with pytest.raises(Refused):
        erase(paula, device, text, "never sent")
    assert SECRET.encode() in stored(device, text).data


def test_an_erased_title_leaves_the_list_too(told, lena, paula):
    device, _ = told
    title = next(text for text in device.made if '"fld":"title"' in text and '"ent":"audit/' in text)
    erase(paula, device, title)
    assert [audit["title"] for audit in lena.get("/api/audits").json] == [None]


def test_after_a_restore_the_register_erases_again_what_tablets_bring(told, paula, lena):
    """The backup is older than the operation; the register is not in the backup. One tablet heard of the erasure, one did not."""
    device, text = told
    erase(paula, device, text)
    with unit_of_work(SERVER) as session:
        audit = audits.lock_audit(session, device.audit)
        assert audit is not None
        session.execute(log.sa.delete(log.LoggedOperation).where(log.LoggedOperation.audit_id == device.audit))
        for table in (accounts.sa.table("chain_head"), accounts.sa.table("chain")):
            session.execute(accounts.sa.delete(table))
        audit.head_seq, audit.head_hash = 0, "0" * 64
    assert set(states(device.push(device.made))) == {"stored"}
    assert SECRET.encode() not in stored(device, text).data
    reader = Device(lena, device.audit)
    reader.pull()
    assert reader.view().of_kind("finding")[0].fields["failure"].is_erased
    assert len(reader.view().erased) == 1


def test_an_operation_that_comes_without_content_keeps_its_place_and_shows_nothing(database, lena):
    """A tablet dropped it as it was told to; the server that told it was restored, and nobody here remembers the decision."""
    device = new_audit(lena)
    text = device.set(f"audit/{device.audit}", "scope", "to be erased")
    device.set(f"audit/{device.audit}", "reference", "A-9")
    header, content_sha256 = erase_content(text.encode())
    sent = [*device.made[:3], {"header": header.decode(), "content_sha256": content_sha256}, device.made[4]]
    answer = device.push(sent)
    assert codes(answer) == [None, None, None, "operation.content_missing", None]
    assert verdicts(answer)[3]["digest"] == digest_of(text.encode())
    device.pull()
    assert device.view().entity(f"audit/{device.audit}").get("scope") is None
    assert device.view().entity(f"audit/{device.audit}").get("reference") == "A-9"


def test_an_erased_member_is_no_longer_in_the_team(told, paula, aron):
    device, _ = told
    assert [audit["team_role"] for audit in aron.get("/api/audits").json] == ["auditor"]
    erase(paula, device, next(text for text in device.made if '"account":"' + aron.account in text.partition("\n")[2]))
    assert aron.get("/api/audits").json == []
