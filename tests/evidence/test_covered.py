"""A photo of which something is covered for privacy: who may have its original, and that each opening is noted."""

import pytest

from server.database import SERVER, reading
from server.storage import evidence as records
from tests.devices import Device, new_audit
from tests.evidence.sending import PICTURE, SHA256, name_picture, send
from tests.people import Person

COVER = {"kind": "redact", "colour": None, "points": [[10, 20], [400, 500]], "text": None}
ARROW = {"kind": "arrow", "colour": "red", "points": [[10, 20], [400, 500]], "text": None}


@pytest.fixture
def device(database: object, lena: Person, aron: Person) -> Device:
    """Lena's audit with a photo that the server holds; Aron is in her team."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    name_picture(device)
    send(device)
    return device


def draw(device: Device, *shapes: dict[str, object]) -> None:
    photo = next(entity for entity, field in device.heads if entity.startswith("evidence/") and field == "born")
    device.set(photo, "annotation", list(shapes))
    device.push()


def read(person: Person, device: Device) -> bytes | tuple[int, str]:
    with person.get(f"/api/audits/{device.audit}/evidence/{SHA256}") as answer:
        return answer.data if answer.status_code == 200 else (answer.status_code, answer.json["code"])


def openings(device: Device) -> list[tuple[str, str]]:
    with reading(SERVER) as session:
        return [(one.account, one.sha256) for one in records.openings(session, device.audit)]


def test_a_photo_with_an_arrow_is_open_to_the_team_and_nothing_is_noted(device: Device, aron: Person):
    draw(device, ARROW)
    assert read(aron, device) == PICTURE
    assert openings(device) == []


def test_what_is_covered_goes_to_the_leader_and_the_programme_manager_alone(
    device: Device, lena: Person, aron: Person, paula: Person
):
    draw(device, ARROW, COVER)
    assert read(aron, device) == (403, "evidence.covered")
    assert read(lena, device) == PICTURE
    assert read(paula, device) == PICTURE
    assert openings(device) == [(lena.account, SHA256), (paula.account, SHA256)]


def test_where_two_drew_at_once_it_is_covered_if_one_of_them_covered(device: Device, aron: Person):
    draw(device, ARROW)
    his = Device(aron, device.audit)
    his.pull()
    photo = next(entity for entity, field in device.heads if entity.startswith("evidence/") and field == "annotation")
    his.make("set", photo, "annotation", [COVER], bases=[])
    his.push()
    assert read(aron, device) == (403, "evidence.covered")


def test_where_the_cover_was_taken_back_the_team_may_see_it_again(device: Device, aron: Person):
    draw(device, COVER)
    draw(device, ARROW)
    assert read(aron, device) == PICTURE


def test_who_may_not_see_what_is_under_a_cover_does_not_get_it_by_taking_the_cover_off(device: Device, aron: Person):
    draw(device, COVER)
    his = Device(aron, device.audit)
    his.pull()
    his.heads = dict(device.heads)
    for shapes in ([ARROW], [ARROW, COVER]):
        draw(his, *shapes)
        assert read(aron, device) == (403, "evidence.covered")
    assert openings(device) == []


def test_the_same_file_under_another_entry_is_covered_too(device: Device, aron: Person):
    draw(device, COVER)
    name_picture(device)
    assert read(aron, device) == (403, "evidence.covered")


def test_of_whoever_may_not_see_the_audit_nothing_is_noted_and_nothing_told(device: Device, otto: Person):
    draw(device, COVER)
    assert read(otto, device) == (404, "request.not_found")
    assert openings(device) == []
