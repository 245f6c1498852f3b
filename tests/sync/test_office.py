"""What the office writes into a log: a chain like a tablet's, folded by every tablet like its own."""

import pytest

from server.database import SERVER, unit_of_work
from server.domain.fold import LogView
from server.domain.refusals import Refused
from server.storage.identifiers import new_id
from server.sync.office import Change, append, create_audit
from tests.devices import Device, new_audit
from tests.people import Person


def begin(person: Person, *changes: Change) -> str:
    audit = new_id()
    born = Change.add(f"audit/{audit}", {"workspace": person.workspace, "type": "surveillance"})
    with unit_of_work(SERVER) as session:
        create_audit(session, workspace=person.workspace, account=person.account, audit=audit, changes=[born, *changes])
    return audit


def write(person: Person, audit: str, *changes: Change) -> None:
    with unit_of_work(SERVER) as session:
        append(session, audit=audit, account=person.account, changes=changes)


def seen_by(person: Person, audit: str) -> LogView:
    device = Device(person, audit)
    device.pull()
    return device.view()


def test_an_audit_that_the_office_began_is_taken_along_by_its_team(lena: Person, aron: Person):
    member = "team_member/aron"
    audit = begin(
        lena,
        Change.add(member, {"account": aron.account}),
        Change(member, "name", "Aron"),
        Change(member, "role", "auditor"),
    )
    (listed,) = aron.get("/api/audits").json
    assert (listed["id"], listed["type"], listed["team_role"]) == (audit, "surveillance", "auditor")
    assert seen_by(aron, audit).of_kind("team_member")[0].get("name") == "Aron"


@pytest.mark.slow
def test_a_tablet_goes_on_where_the_office_began(lena: Person):
    audit = begin(lena)
    device = Device(lena, audit)
    device.pull()
    device.add_finding()
    device.push_all()
    write(lena, audit, Change(f"audit/{audit}", "title", "Surveillance 1"))
    device.pull()
    assert device.view().of_kind("finding")
    assert device.is_safe()
    assert lena.get("/api/audits").json[0]["title"] == "Surveillance 1"


def test_the_office_replaces_what_the_log_shows_and_makes_no_dispute(lena: Person):
    device = new_audit(lena, title="Stage 2")
    device.push_all()
    ref = f"audit/{device.audit}"
    write(lena, device.audit, Change(ref, "title", "Stage 2, both sites"), Change(ref, "title", "Stage 2, all sites"))
    device.pull()
    shown = device.view().entity(ref)
    assert shown is not None
    assert shown.get("title") == "Stage 2, all sites"
    assert not shown.fields["title"].is_disputed


def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written(lena: Person):
    audit = begin(lena)
    ref = f"audit/{audit}"
    for change, code in [
        (Change(ref, "starts_on", "tomorrow"), "operation.value_unfit"),
        (Change(ref, "weather", "rain"), "operation.unknown_kind"),
        (Change(f"audit/{new_id()}", "title", "another"), "operation.value_unfit"),
        (Change("no reference", "title", "x"), "envelope.malformed"),
    ]:
        with pytest.raises(Refused) as refused:
            write(lena, audit, Change(ref, "title", "half"), change)
        assert refused.value.refusal.code == code
    shown = seen_by(lena, audit).entity(ref)
    assert shown is not None
    assert shown.get("title") is None


def test_an_audit_that_is_not_there_cannot_be_written(lena: Person):
    with pytest.raises(LookupError):
        write(lena, new_id(), Change("site/x", "name", "Hall 2"))
