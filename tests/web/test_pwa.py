"""The built app: one page, files that never change, and files that are asked for anew."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.app import create_app
from server.config import Config


@pytest.fixture
def api(config: Config, tmp_path: Path) -> FlaskClient:
    """A server with a small built app."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Auditbook</title>")
    (dist / "service-worker.js").write_text("self.skipWaiting()")
    (dist / "manifest.webmanifest").write_text("{}")
    (dist / "assets/index-3f9a.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("not to be served")
    return create_app(replace(config, pwa=str(dist))).test_client()


@pytest.mark.parametrize("address", ["/", "/index.html"])
def test_the_one_page_is_answered_plainly_under_both_names(api: FlaskClient, address: str):
    with api.get(address) as answer:
        assert answer.status_code == 200
        assert answer.content_type == "text/html; charset=utf-8"
        assert b"<title>Auditbook</title>" in answer.data
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("address", "media_type"),
    [("/service-worker.js", "text/javascript"), ("/manifest.webmanifest", "application/manifest+json")],
)
def test_what_brings_an_update_is_asked_for_anew(api: FlaskClient, address: str, media_type: str):
    with api.get(address) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.mimetype == media_type


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever(api: FlaskClient):
    with api.get("/assets/index-3f9a.js") as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    gone = api.get("/assets/index-0000.js")
    assert gone.status_code == 404
    assert "immutable" not in gone.headers.get("Cache-Control", "")


def test_a_file_that_has_not_changed_is_not_sent_again(api: FlaskClient):
    with api.get("/service-worker.js") as first:
        tag = first.headers["ETag"]
    with api.get("/service-worker.js", headers={"If-None-Match": tag}) as again:
        assert again.status_code == 304
        assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "address",
    ["/audits", "/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/api/x"],
)
def test_nothing_else_is_there(api: FlaskClient, address: str):
    assert api.get(address).status_code == 404


def test_an_app_that_is_not_built_says_how_to(config: Config, tmp_path: Path):
    api = create_app(replace(config, pwa=str(tmp_path / "none"))).test_client()
    answer = api.get("/")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "make run" in answer.get_data(as_text=True)
    assert str(tmp_path / "none") in answer.get_data(as_text=True)
