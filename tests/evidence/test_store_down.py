"""S3 is away while people work: what needs no file goes on, what does is refused with a word, and no byte is sent twice for it."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from server.app import create_app
from server.config import Config
from server.jobs.tidy_up import tidy_up
from server.storage.evidence_store import EvidenceFiles
from server.upkeep.examine_files import examine_files
from tests.conftest import close_database
from tests.devices import Device, new_audit
from tests.e2e.serving import Server, free_port
from tests.evidence.sending import PICTURE, SHA256, announce, append, key_of, known, name_picture, offset_of, send
from tests.evidence.test_broken_connections import Connection
from tests.evidence.test_file_gone import read
from tests.evidence.test_withdrawn import withdraw
from tests.links import Link
from tests.objects import Objects
from tests.stage import Stage
from tests.upkeep.conftest import Command, command

pytestmark = pytest.mark.slow

__all__ = ["command"]

DOWN = (503, "server.store_unreachable")


@pytest.fixture
def s3(objects: Objects, config: Config, app: Flask) -> Config:
    """The server keeps its evidence in S3, from now on."""
    settings = objects.settings(config)
    app.config["AUDITBOOK"] = settings
    return settings


@pytest.fixture
def device(s3, lena) -> Device:
    device = new_audit(lena)
    device.push()
    name_picture(device)
    return device


@pytest.fixture
def outage(app: Flask, s3: Config) -> Callable[[], Callable[[], None]]:
    """Begins one, and gives what ends it."""

    def begin() -> Callable[[], None]:
        app.config["AUDITBOOK"] = replace(s3, s3_endpoint=f"http://127.0.0.1:{free_port()}")
        return lambda: app.config.update(AUDITBOOK=s3)

    return begin


def test_the_last_bytes_of_a_photo_come_while_the_store_is_away(device, outage, s3):
    address = announce(device).headers["Location"]
    append(device, address, 0, PICTURE[:-1])
    end = outage()
    refused = append(device, address, len(PICTURE) - 1, PICTURE[-1:])
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (*DOWN, "5")
    device.add_finding("Work goes on")
    assert device.push().status_code == 200
    device.pull()
    answer = device.person.post(f"/api/audits/{device.audit}/evidence/known", json={"sha256": [SHA256]})
    # It has no row, so the store was not even asked.
    assert (answer.status_code, answer.json["stored"]) == (200, [])
    assert device.person.api.head(address).status_code == 503
    end()
    assert offset_of(device, address) == len(PICTURE), "every byte was here already"
    assert (known(device, SHA256), read(device)) == ([SHA256], PICTURE)


def test_nobody_is_told_that_a_photo_is_gone_or_here(device, outage, s3, app):
    send(device)
    end = outage()
    asked = (
        device.person.get(f"/api/audits/{device.audit}/evidence/{SHA256}"),
        device.person.post(f"/api/audits/{device.audit}/evidence/known", json={"sha256": [SHA256]}),
        device.person.get(f"/api/audits/{device.audit}/custody"),
    )
    assert {(answer.status_code, answer.json["code"]) for answer in asked} == {DOWN}
    [told] = examine_files(app.config["AUDITBOOK"])
    assert told.startswith("evidence was not looked through to the end: The place where")
    end()
    assert read(device) == PICTURE
    assert list(examine_files(s3)) == []


def test_a_line_that_breaks_for_good_in_the_middle_of_a_download_ends_it_short(device, app, s3, monkeypatch):
    send(device)
    monkeypatch.setattr("server.storage.s3_blobs.PART", 50_000)
    port = urlsplit(s3.s3_endpoint).port or 0
    with Link(port) as link:
        app.config["AUDITBOOK"] = replace(s3, s3_endpoint=link.address)
        chunks = EvidenceFiles(app.config["AUDITBOOK"]).blobs.chunks(key_of(device))
        assert next(chunks) == PICTURE[:50_000]
    with pytest.raises(Exception, match=r"server\.store_unreachable"):
        list(chunks)


def test_what_is_withdrawn_while_the_store_is_away_is_given_to_nobody_and_goes_afterwards(device, outage, s3, paula):
    send(device)
    end = outage()
    withdraw(paula, device)
    end()
    assert read(device) == (410, "evidence.withdrawn")
    assert EvidenceFiles(s3).blobs.exists(key_of(device))
    [told] = examine_files(s3)
    assert "withdrawn evidence" in told and "still there" in told
    tidy_up(s3)
    assert not EvidenceFiles(s3).blobs.remains(key_of(device))
    assert list(examine_files(s3)) == []


# --- At the start


@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"s3_bucket": "another-bucket"}, "NoSuchBucket"), ({"s3_secret_access_key": "another"}, "SignatureDoesNotMatch")],
)
def test_over_another_bucket_or_with_a_wrong_key_nothing_starts(s3, command: Command, wrong, why):
    code, _, complaint = command("worker", at=replace(s3, **wrong))
    assert code == 2
    assert f"refuses the server ({why})" in complaint
    assert not {"another", s3.s3_secret_access_key} & set(re.findall(r"[\w-]+", complaint))


def test_a_server_whose_store_is_away_starts_and_uses_it_when_it_is_back(
    objects: Objects, sqlite_stage: Stage, tmp_path: Path
):
    """What is done before it serves asks the store as well, in a process of its own: no client of S3 survives a fork."""
    config = objects.settings(sqlite_stage.set(tmp_path / "served", peopled=True))
    app = create_app(config)
    lena = sqlite_stage.cast(app).lena
    device = new_audit(lena)
    device.push()
    name_picture(device)
    address = announce(device).headers["Location"]
    port = free_port()
    away = replace(config, s3_endpoint=f"http://127.0.0.1:{port}")
    cookie = lena.api.get_cookie("auditbook")
    assert cookie is not None
    with Server(config.data_folder, AUDITBOOK_DEMO="0", AUDITBOOK_WORKER="0", **settings_of(away)) as server:
        assert "Everything else works meanwhile." in server.log()
        line = Connection(server, f"auditbook={cookie.value}")
        line.patch(address, 0, PICTURE, promised=len(PICTURE))
        assert line.answer()[0] == 503
        line.close()
        with Link(urlsplit(objects.endpoint).port or 0, at=port):
            line = Connection(server, f"auditbook={cookie.value}")
            line.ask("HEAD", address)
            status, headers = line.answer()
            line.close()
            assert (status, headers["upload-offset"]) == (204, str(len(PICTURE))), "every byte was here already"
            assert b"".join(EvidenceFiles(config).blobs.chunks(key_of(device))) == PICTURE
    close_database(app)


def settings_of(config: Config) -> dict[str, str]:
    names = ("s3_bucket", "s3_prefix", "s3_endpoint", "s3_access_key_id", "s3_secret_access_key")
    return {f"AUDITBOOK_{name.upper()}": getattr(config, name) for name in names}
