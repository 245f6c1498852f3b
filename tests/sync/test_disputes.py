"""Two people meet in one thing, through the routes: what each tablet shows afterwards is the same, and nothing was chosen for anybody."""

from dataclasses import replace
from typing import Any

import pytest

from server.domain.operation import digest_of
from tests.devices import Device, new_audit, states
from tests.people import Person

pytestmark = pytest.mark.slow

FAR = "999999999999999-00000000"


def digest(text: str) -> str:
    return digest_of(text.encode())


@pytest.fixture
def both(database, lena: Person, aron: Person) -> tuple[Device, Device, str]:
    """Lena's and Aron's tablets in one audit, and a finding that both have seen."""
    hers = new_audit(lena)
    hers.add_member(aron)
    finding = hers.add_finding("Gauges")
    hers.push()
    his = Device(aron, hers.audit)
    his.heads = dict(hers.heads)
    for one in (hers, his):
        one.pull()
    return hers, his, finding


def meet(*tablets: Device) -> None:
    for tablet in tablets:
        if tablet.sent < len(tablet.made):
            assert set(states(tablet.push())) == {"stored"}
    for tablet in tablets:
        tablet.pull()


def shown(tablet: Device, ref: str, name: str) -> Any:
    entity = tablet.view().entity(ref)
    assert entity is not None
    return entity.fields[name]


def test_the_same_value_from_two_people_is_no_dispute_and_keeps_both_authors(both):
    hers, his, finding = both
    for one in (hers, his):
        one.set(finding, "title", "Gauges past their date")
    meet(hers, his)
    for one in (hers, his):
        title = shown(one, finding, "title")
        assert (title.value, title.is_disputed) == ("Gauges past their date", False)
        assert {head.chain.account for head in title.heads} == {hers.person.account, his.person.account}


def test_an_edit_that_knows_nothing_of_a_resolution_opens_the_dispute_again(both, lena):
    hers, his, finding = both
    second = Device(lena.enrol_another(), hers.audit, heads=dict(hers.heads))
    for one, words in ((hers, "of Lena"), (his, "of Aron")):
        one.set(finding, "title", words)
    meet(hers, his)
    assert shown(hers, finding, "title").is_disputed
    heads = [head.digest for head in shown(hers, finding, "title").heads]
    hers.make("resolve", finding, "title", "of both", bases=heads)
    second.set(finding, "title", "a fourth, from a tablet that was offline all day")
    meet(hers)
    assert not shown(hers, finding, "title").is_disputed
    meet(second, hers, his)
    for one in (hers, his, second):
        title = shown(one, finding, "title")
        assert title.is_disputed
        values = {head.value for head in title.heads}
        assert values == {"of both", "a fourth, from a tablet that was offline all day"}


def test_a_deletion_that_meets_an_edit_takes_nothing_away_until_somebody_decides(both):
    hers, his, finding = both
    seen = [head.digest for head in shown(hers, finding, "title").heads]
    born = [digest(text) for text in hers.made if f'"{finding}"' in text and '"fld":"born"' in text]
    hers.make("del", finding, "deleted", True, bases=[*seen, *born])
    his.set(finding, "title", "Gauges, and the recall list")
    meet(hers, his, hers)
    for one in (hers, his):
        entity = one.view().entity(finding)
        assert entity is not None
        assert (entity.is_deletion_disputed, entity.is_deleted) == (True, False)
        assert entity.get("title") == "Gauges, and the recall list"
    every = [head.digest for name in ("title",) for head in shown(hers, finding, name).heads]
    hers.make("del", finding, "deleted", True, bases=[*every, *born, *hers.heads[finding, "deleted"]])
    meet(hers, his)
    entity = his.view().entity(finding)
    assert entity is not None
    assert (entity.is_deletion_disputed, entity.is_deleted) == (False, True)


def test_a_stamp_beyond_all_bounds_from_one_tablet_wins_nothing_and_stops_nobody(both):
    hers, his, finding = both
    hers.make("set", finding, "title", "from the year 33658", hlc=FAR)
    meet(hers)
    his.set(finding, "title", "received later, by a clock that is right")
    meet(his, hers)
    for one in (hers, his):
        title = shown(one, finding, "title")
        assert (title.value, title.is_disputed) == ("received later, by a clock that is right", True)
    # Whoever has seen both goes on from there: the far stamp binds nobody's next word.
    heads = [head.digest for head in shown(his, finding, "title").heads]
    his.make("resolve", finding, "title", "agreed", bases=heads)
    meet(his, hers)
    assert replace(shown(hers, finding, "title"), arrivals=()) == replace(shown(his, finding, "title"), arrivals=())
    assert shown(hers, finding, "title").value == "agreed"
