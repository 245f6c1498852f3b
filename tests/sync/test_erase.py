"""Erasure: content goes, and what remains still proves that something was said, by whom, when, and why it was taken out."""

import pytest

from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of, erase_content
from server.domain.refusals import Refused
from server.storage import accounts, audits
from server.storage import operation_log as log
from server.sync.erase import erase_content_of
from tests.devices import Device, codes, new_audit, states, verdicts
from tests.old_log import remember

pytestmark = pytest.mark.slow

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


def header_alone(text: str) -> dict[str, str]:
    header, content_sha256 = erase_content(text.encode())
    return {"header": header.decode(), "content_sha256": content_sha256}


def reading_of(person, device: Device) -> Device:
    reader = Device(person, device.audit)
    reader.pull()
    return reader


def test_who_brings_a_colleagues_entry_without_its_content_does_not_keep_out_the_colleagues_words(database, lena, aron):
    """A restored server hears from Aron's tablet first. What it says of Lena's work must not stand in the place of it."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    finding = device.add_finding("No calibration at all")
    his = Device(aron, device.audit)
    assert codes(his.send([header_alone(device.made[-1])])) == ["operation.content_missing"]
    assert states(device.push()) == ["stored"] * 2
    reader = reading_of(aron, device)
    assert reader.view().entity(finding).get("title") == "No calibration at all"
    brought = next(
        digest for digest, why in reader.view().quarantined.items() if why["code"] == "operation.content_missing"
    )
    answer = lena.post(f"/api/audits/{device.audit}/operations/{brought}/release")
    assert answer.json["code"] == "operation.content_missing"


def test_the_content_is_put_back_when_its_author_sends_it_after_all(database, lena, aron):
    """One of Lena's tablets had dropped it, and nobody here decided so; the other one still has her words."""
    device = new_audit(lena)
    device.push()
    finding = device.add_finding("No calibration at all")
    text = device.made[-1]
    assert codes(device.send([device.made[-2], header_alone(text)])) == [None, "operation.content_missing"]
    reader = reading_of(lena, device)
    assert reader.view().entity(finding).get("title") is None
    answer = device.push([text])
    assert (states(answer), codes(answer)) == (["duplicate"], [None])
    reader.pull()
    assert reader.view().quarantined == {}
    fresh = reading_of(lena, device)
    assert fresh.view().entity(finding).get("title") == "No calibration at all"
    assert fresh.hash == reader.hash
    assert states(device.push([text])) == ["duplicate"]
    fresh.pull()
    assert fresh.hash == reader.hash
    device.set(finding, "failure", "No record")
    device.sent = len(device.made) - 1
    assert states(device.push()) == ["stored"]


def test_with_the_content_comes_the_question_who_may_say_so(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron, "technical_expert")
    device.push()
    his = Device(aron, device.audit)
    his.add_finding()
    assert codes(his.push([header_alone(text) for text in his.made])) == ["operation.content_missing"] * 2
    assert codes(his.push()) == ["operation.not_permitted"] * 2
    assert reading_of(lena, device).view().of_kind("finding") == []


def test_a_member_whose_content_is_put_back_is_in_the_team_from_then_on(database, lena, aron):
    device = new_audit(lena)
    device.push()
    device.add_member(aron)
    device.send([header_alone(device.made[3]), *device.made[4:]])
    assert aron.get("/api/audits").json == []
    his = Device(aron, device.audit)
    his.add_finding()
    device.add_finding()
    device.push(device.made[3:])
    assert [audit["team_role"] for audit in aron.get("/api/audits").json] == ["auditor"]
    assert states(his.push()) == ["stored"] * 2


def test_the_header_and_the_whole_text_in_one_batch_are_one_entry(database, lena):
    device = new_audit(lena)
    device.push()
    finding = device.add_finding("No calibration at all")
    text = device.made[-1]
    assert states(device.send([device.made[-2], header_alone(text), text])) == ["stored", "stored", "duplicate"]
    assert reading_of(lena, device).view().entity(finding).get("title") == "No calibration at all"


def test_what_a_colleague_brought_whole_counts_when_its_author_confirms_the_header(database, lena, aron):
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    finding = device.add_finding("No calibration at all")
    his = Device(aron, device.audit)
    assert codes(his.send(device.made[-2:])) == ["operation.not_yours"] * 2
    assert codes(device.send([device.made[-2], header_alone(device.made[-1])])) == [None] * 2
    assert reading_of(aron, device).view().entity(finding).get("title") == "No calibration at all"


def test_what_was_decided_on_stays_out_where_only_the_header_had_come(database, lena, paula):
    device = new_audit(lena)
    finding = device.add_finding(SECRET)
    text = device.made[-1]
    device.push([*device.made[:-1], header_alone(text)])
    erase(paula, device, text)
    assert set(states(device.push())) == {"duplicate"}
    assert SECRET.encode() not in stored(device, text).data
    shown = reading_of(lena, device).view()
    assert len(shown.erased) == 1
    assert shown.entity(finding).get("title") is None


def test_a_deletion_and_a_seal_hold_no_words_and_stay(told, lena, paula):
    """Without the deletion the finding would be there again, and without the seal its record would be open."""
    device, _ = told
    finding = device.add_finding("raised by mistake")
    heads = device.heads.values()
    deletion = device.make("del", finding, "deleted", True, bases=[head for named in heads for head in named])
    device.push()
    with pytest.raises(Refused) as refused:
        erase(paula, device, deletion)
    assert refused.value.refusal.code == "operation.without_words"
    device.pull()
    assert device.view().entities[finding].is_deleted


def test_what_somebody_put_in_the_place_of_a_name_goes_with_the_content(told, lena, paula):
    """A verdict is never erased, so it repeats nothing of what was said."""
    device, _ = told
    words = "Ms Novak, on sick leave"
    text = device.make("add", "note/n1", "born", {words: 1})
    device.push()
    erase(paula, device, text)
    assert words not in str(remember(lena, device.audit).operations)


def test_what_is_one_line_that_nobody_can_read_is_not_erased(database, lena, aron, paula):
    """With an erasure the header that a colleague brought would read as if its author had written it."""
    device = new_audit(lena)
    his = Device(aron, device.audit)
    his.set("note/1", "text", SECRET)
    header = erase_content(his.made[0].encode())
    device.keep("not json at all")
    device.push()
    device.send([{"header": header[0].decode(), "content_sha256": header[1]}])
    for text in ("not json at all", header[0].decode()):
        with pytest.raises(Refused) as refused:
            erase(paula, device, text)
        assert refused.value.refusal.code == "operation.without_content"


def test_of_what_only_the_content_could_not_be_read_the_header_is_read_after_the_erasure(database, lena, paula):
    device = new_audit(lena)
    text = device.set("note/1", "text", 1).replace('"val":1}', '"val":1.5}')
    device.made[-1], device.prev = text, digest_of(text.encode())
    device.push()
    assert stored(device, text).kind is None
    erase(paula, device, text)
    assert (stored(device, text).kind, stored(device, text).verdict) == ("set", log.QUARANTINED)
