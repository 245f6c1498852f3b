"""Release from quarantine: decided by a lead auditor, written into the log, folded by everybody."""

import pytest

from server.domain.operation import digest_of
from tests.devices import Device, codes, new_audit


def release(person, device, text):
    return person.post(f"/api/audits/{device.audit}/operations/{digest_of(text.encode())}/release")


@pytest.fixture
def stranded(database, lena, aron):
    """Aron worked before anybody put him into the team, and he was to watch only."""
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("found by a stranger")
    his.push()
    device.add_member(aron, "observer")
    device.push()
    return device, his


def test_a_released_operation_counts_for_everybody(stranded, lena):
    device, his = stranded
    assert [release(lena, device, text).status_code for text in his.made] == [204, 204]
    his.pull()
    assert [finding.get("title") for finding in his.view().of_kind("finding")] == ["found by a stranger"]
    assert his.view().quarantined == {}
    reversal = his.pulled[-1].operation
    since = reversal.value["since"]
    assert reversal.value == {"state": "applied", "since": since, "by": lena.account}


def test_released_twice_it_is_written_once(stranded, lena):
    device, his = stranded
    release(lena, device, his.made[0])
    head = lena.get("/api/audits").json[0]["head"]
    assert release(lena, device, his.made[0]).status_code == 204
    assert lena.get("/api/audits").json[0]["head"] == head


def test_a_repetition_of_a_released_operation_has_no_reason_any_more(stranded, lena):
    device, his = stranded
    release(lena, device, his.made[0])
    assert codes(his.push(his.made)) == [None, "operation.not_permitted"]


def test_only_somebody_with_the_right_releases(stranded, aron, paula):
    device, his = stranded
    assert release(aron, device, his.made[0]).json["code"] == "account.not_permitted"
    assert release(paula, device, his.made[0]).json["code"] == "account.not_permitted"


@pytest.mark.slow
def test_a_released_member_is_in_the_team(database, lena, aron):
    device = new_audit(lena)
    device.push()
    his = Device(aron, device.audit)
    his.add_member(aron)
    his.push()
    assert aron.get("/api/audits").json == []
    for text in his.made:
        release(lena, device, text)
    assert [audit["team_role"] for audit in aron.get("/api/audits").json] == ["auditor"]


def test_what_cannot_be_read_stays_where_it_is(database, lena):
    device = new_audit(lena)
    garbage = device.keep("garbage")
    device.push()
    assert release(lena, device, garbage).status_code == 422


def test_what_only_the_server_may_write_stays_where_it_is(database, lena):
    device = new_audit(lena)
    text = device.make("verdict", f"operation/{'0' * 64}", "verdict", {"state": "quarantined"})
    device.push()
    assert release(lena, device, text).json["code"] == "operation.reserved"


def test_nobody_decides_that_somebody_else_said_something(database, lena, aron):
    """A colleague could otherwise put words under Aron's name. They count when Aron's own tablet sends them."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    his = Device(aron, device.audit)
    his.add_finding("never said")
    device.push(his.made)
    assert release(lena, device, his.made[0]).json["code"] == "operation.not_yours"


def test_an_unknown_digest_is_nothing(database, lena):
    device = new_audit(lena)
    device.push()
    assert release(lena, device, "never sent").status_code == 404
    assert lena.post(f"/api/audits/{device.audit}/operations/nonsense/release").status_code == 422


def test_a_value_that_does_not_fit_its_field_never_counts(database, lena):
    """Records and screens are made from what counts: no decision makes a number a list of standards."""
    device = new_audit(lena)
    texts = [
        device.set(f"audit/{device.audit}", "criteria", 7),
        device.set(f"audit/{device.audit}", "starts_on", ["2026-11-24"]),
        device.set(f"audit/{device.audit}", "reference", "x" * 5000),
    ]
    device.push()
    for text in texts:
        assert release(lena, device, text).json["code"] == "operation.value_unfit"
    assert lena.get("/api/audits").status_code == 200
