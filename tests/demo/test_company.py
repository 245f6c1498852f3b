"""The demonstration's company: sixty people on two sites, and nobody who exists."""

import re

from server.demo.company import CERTIFICATION_BODY, PEOPLE
from server.demo.works import AREAS, EXTERNAL_PROVIDERS, HEADCOUNT, PROCESSES, SHIFTS, SITES, headcount_of
from server.domain.vocabulary import PhotoPolicy, TeamRole

PEOPLE_IDS = {person.id for person in PEOPLE}


def test_sixty_people_work_there_on_two_sites_and_at_night():
    assert sum(headcount_of(site.id) for site in SITES) == 60
    assert len(SITES) == 2
    assert any(row.shift == "night" and row.agency for row in HEADCOUNT)


def test_heat_treatment_is_outsourced_and_two_areas_allow_no_photos():
    (outsourced,) = [process for process in PROCESSES if process.provider is not None]
    assert "Heat treatment" in outsourced.name
    assert outsourced.provider in {provider.id for provider in EXTERNAL_PROVIDERS}
    assert sum(area.photos is PhotoPolicy.FORBIDDEN for area in AREAS) == 2


def test_places_and_owners_exist():
    sites, areas, shifts = ({one.id for one in many} for many in (SITES, AREAS, SHIFTS))
    for process in PROCESSES:
        assert process.owner in PEOPLE_IDS
        assert set(process.sites) <= sites
        assert set(process.areas) <= areas
        assert set(process.shifts) <= shifts
    assert {area.site for area in AREAS} <= sites
    assert {row.site for row in HEADCOUNT} <= sites


def test_the_team_has_one_leader_and_an_interpreter_without_an_account():
    roles = {person.id: person.team_role for person in PEOPLE if person.team_role is not None}
    assert list(roles.values()).count(TeamRole.AUDIT_TEAM_LEADER) == 1
    (interpreter,) = [person for person in PEOPLE if person.team_role is TeamRole.INTERPRETER]
    assert not interpreter.roles
    assert "ro" in interpreter.languages


def test_every_address_is_reserved_and_every_place_invented():
    """The domain `example` belongs to nobody (RFC 2606), and no German town has a postal code that begins with 000."""
    assert all(person.email.endswith(".example") for person in PEOPLE)
    assert CERTIFICATION_BODY.report_email.endswith(".example")
    for address in (CERTIFICATION_BODY.address, *(site.address for site in SITES)):
        assert re.search(r", 000\d\d \w+$", address), address
