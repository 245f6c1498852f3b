"""The power goes at some point of a push. What was not answered may be there or not; what was answered is, and never half of it."""

import pytest

from server.database import SERVER, reading
from server.storage import operation_log as log
from server.storage.tables.operation import Chain
from server.sync import push as pushing
from server.sync import receive
from tests.devices import new_audit, states

pytestmark = pytest.mark.slow


class PowerCut(BaseException):
    """Everything in memory is gone; what is on disk stays."""


def before(function):
    def dying(*args, **more):
        raise PowerCut

    return dying


def behind(function):
    def dying(*args, **more):
        function(*args, **more)
        raise PowerCut

    return dying


POINTS = [
    (pushing.audits, "lock_audit", before),
    (pushing.audits, "create_audit_row", behind),
    (pushing.audits, "lock_audit", behind),
    (receive.chains, "load_chain", behind),
    (log, "append_entries", before),
    (log, "append_entries", behind),
    (receive.audits, "save_team", behind),
    (pushing, "_note_head_signature", behind),
    (pushing, "verdicts_on", before),
]


@pytest.mark.parametrize(("where", "name", "when"), POINTS, ids=[f"{when.__name__} {n}" for _, n, when in POINTS])
def test_a_push_that_dies_before_it_is_committed_never_was(database, lena, monkeypatch, where, name, when):
    device = new_audit(lena)
    device.set(f"audit/{device.audit}", "starts_on", "never")
    monkeypatch.setattr(where, name, when(getattr(where, name)))
    with pytest.raises(PowerCut):
        device.push()
    monkeypatch.undo()
    with reading(SERVER) as session:
        assert session.query(log.LoggedOperation).count() == 0
        assert session.query(Chain).count() == 0
    assert states(device.push()) == ["stored"] * 3 + ["quarantined"]
    device.pull()
    assert device.is_safe()


def test_an_answer_that_is_lost_is_given_again(database, lena, monkeypatch):
    device = new_audit(lena)
    device.push()
    device.add_finding()
    committed = pushing._push_to
    monkeypatch.setattr(pushing, "_push_to", behind(committed))
    with pytest.raises(PowerCut):
        device.push()
    monkeypatch.undo()
    answer = device.push()
    assert states(answer) == ["duplicate"] * 2
    assert [verdict["seq"] for verdict in answer.json["verdicts"]] == [4, 5]
