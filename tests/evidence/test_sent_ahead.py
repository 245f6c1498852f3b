"""Smaller pictures go ahead of a photo: who sees them, until when, and that nothing covered or withdrawn is in them."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from PIL import Image

from server.config import Config
from server.database import SERVER, reading
from server.jobs.registry import JOBS
from server.jobs.worker import run_next_job
from server.storage import evidence as records
from server.storage.evidence_store import EvidenceFiles
from tests.devices import Device, new_audit
from tests.evidence.sending import announce, append, key_of, name_picture, send
from tests.people import Person

COVER = {"kind": "redact", "colour": None, "points": [[0, 0], [9999, 9999]], "text": None}


def jpeg(colour: str, size: tuple[int, int] = (64, 48)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "JPEG", quality=90)
    return made.getvalue()


PHOTO = jpeg("green", (2400, 1800))
SMALL = jpeg("red")


@dataclass
class Photo:
    """One photo in an audit, as the tablet that took it knows it."""

    device: Device
    sha256: str

    @property
    def address(self) -> str:
        return f"/api/audits/{self.device.audit}/evidence/{self.sha256}/pictures"

    @property
    def entity(self) -> str:
        heads = self.device.heads
        return next(entity for entity, field in heads if entity.startswith("evidence/") and field == "born")

    def draw(self, *shapes: dict[str, object]) -> None:
        self.device.set(self.entity, "annotation", list(shapes))
        self.device.push()


@pytest.fixture
def photo(database: object, lena: Person, aron: Person) -> Photo:
    """In Lena's audit, with Aron in her team: named in the log, and no byte of it is on the server."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    return Photo(device, name_picture(device, PHOTO))


@pytest.fixture
def files(config: Config) -> EvidenceFiles:
    return EvidenceFiles(config)


def put(photo: Photo, picture: bytes = SMALL, size: str = "thumbnail", person: Person | None = None) -> object:
    api = (person or photo.device.person).api
    answer = api.put(f"{photo.address}/{size}", data=picture, content_type="image/jpeg")
    return answer.status_code if answer.status_code == 204 else (answer.status_code, answer.json["code"])


def look(person: Person, photo: Photo, size: str = "thumbnail") -> bytes | tuple[int, str]:
    with person.get(f"{photo.address}/{size}") as answer:
        return answer.data if answer.status_code == 200 else (answer.status_code, answer.json["code"])


def colour(picture: object) -> str:
    """The one that there is most of."""
    assert isinstance(picture, bytes), picture
    with Image.open(io.BytesIO(picture)) as opened:
        red, green, _blue = opened.convert("RGB").resize((1, 1)).tobytes()
    return "red" if red > 100 else "green" if green > 60 else "black"


def ahead(photo: Photo) -> tuple[list[str], list[str]]:
    asked = {"sha256": [photo.sha256]}
    answer = photo.device.person.post(f"/api/audits/{photo.device.audit}/evidence/known", json=asked)
    return answer.json["thumbnails"], answer.json["views"]


def work(app: Flask) -> None:
    while run_next_job(app, jobs=JOBS):
        pass


def test_a_colleague_sees_the_thumbnail_before_the_photo_has_come(photo: Photo, aron: Person):
    assert look(aron, photo) == (404, "evidence.not_stored")
    assert put(photo) == 204
    assert look(aron, photo) == SMALL
    assert look(aron, photo, "view") == (404, "evidence.not_stored")


def test_the_tablet_hears_what_it_need_not_send_again(photo: Photo):
    assert ahead(photo) == ([], [])
    put(photo)
    assert ahead(photo) == ([photo.sha256], [])
    put(photo, size="view")
    assert ahead(photo) == ([photo.sha256], [photo.sha256])


def test_it_does_not_count_as_evidence(photo: Photo, files: EvidenceFiles):
    put(photo)
    put(photo, size="view")
    key = key_of(photo.device, photo.sha256)
    with reading(SERVER) as session:
        assert records.find_blob(session, files.blobs, key) is None


@pytest.mark.slow
def test_once_the_photo_is_there_what_is_shown_is_made_of_it(photo: Photo, aron: Person, app: Flask):
    put(photo)
    put(photo, size="view")
    send(photo.device, PHOTO)
    assert colour(look(aron, photo)) == "green", "the server makes it of the original, whatever was sent ahead"
    assert colour(look(aron, photo, "view")) == "green"
    work(app)
    assert ahead(photo) == ([], [])


@pytest.mark.slow
def test_pictures_are_made_as_soon_as_a_photo_has_come(photo: Photo, app: Flask, files: EvidenceFiles):
    send(photo.device, PHOTO)
    work(app)
    key = key_of(photo.device, photo.sha256)
    blobs = files.blobs
    assert [blobs.has_beside(key, name) for name in ("report.jpg", "thumbnail.jpg")] == [True, True]
    sizes = [
        Image.open(io.BytesIO(blobs.read_beside(key, name) or b"")).size for name in ("report.jpg", "thumbnail.jpg")
    ]
    assert sizes == [(1600, 1200), (320, 240)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "arrive", [put, lambda photo: send(photo.device, PHOTO)], ids=["sent ahead", "the photo itself"]
)
def test_what_is_covered_is_painted_over_for_everybody_and_no_opening_is_noted(
    photo: Photo, aron: Person, arrive: Callable[[Photo], object]
):
    arrive(photo)
    photo.draw(COVER)
    assert [colour(look(person, photo)) for person in (aron, photo.device.person)] == ["black", "black"]
    with reading(SERVER) as session:
        assert records.openings(session, photo.device.audit) == []


@pytest.mark.slow
def test_a_withdrawal_takes_it_along_and_it_does_not_come_back(
    photo: Photo, aron: Person, paula: Person, files: EvidenceFiles
):
    put(photo)
    erasure = {"evidence": photo.entity.partition("/")[2], "reason": "At the request of the person shown."}
    answer = paula.post(f"/api/audits/{photo.device.audit}/erasures", json=erasure)
    assert answer.status_code == 200, answer.json
    assert look(aron, photo) == (410, "evidence.withdrawn")
    assert put(photo) == (410, "evidence.withdrawn")
    assert not files.blobs.remains(key_of(photo.device, photo.sha256))


def test_only_who_sees_the_audit_sends_or_sees_it(photo: Photo, otto: Person):
    assert put(photo, person=otto) == (404, "request.not_found")
    put(photo)
    assert look(otto, photo) == (404, "request.not_found")


@pytest.mark.parametrize("picture", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff" + bytes(256 * 1024)])
def test_what_is_no_jpeg_or_too_large_is_refused(photo: Photo, picture: bytes):
    assert put(photo, picture) == (422, "evidence.not_a_picture")
    assert ahead(photo) == ([], [])


def test_nothing_is_kept_of_what_the_log_does_not_name(photo: Photo):
    assert put(Photo(photo.device, "0" * 64)) == (404, "request.not_found")


@pytest.mark.slow
def test_a_file_of_which_no_picture_can_be_made_says_so(photo: Photo, aron: Person):
    data = b"%PDF-1.7 not really"
    photo.sha256 = name_picture(photo.device, data)
    append(photo.device, announce(photo.device, data).headers["Location"], 0, data)
    assert look(aron, photo) == (404, "evidence.no_picture")


@pytest.mark.slow
def test_what_claims_to_be_a_jpeg_and_is_none_shows_nothing_once_something_is_covered(photo: Photo, aron: Person):
    put(photo, b"\xff\xd8\xff and nothing more")
    photo.draw(COVER)
    assert look(aron, photo) == (404, "evidence.not_stored")
