"""Headers, cross-site requests, cookies: what holds for every route."""

from dataclasses import replace

import pytest
from flask import Flask
from structlog.testing import capture_logs

from server.app import create_app
from server.config import Config
from server.storage import clock
from server.web.security import CONTENT_SECURITY_POLICY
from tests.people import Person

SIGN_IN = {"email": "nobody@example.org", "password": "three unrelated words"}


@pytest.mark.parametrize("address", ["/", "/api/state", "/api/session", "/api/nothing", "/api/openapi.json"])
def test_every_answer_carries_the_headers_that_keep_other_sites_out(app: Flask, address: str):
    with app.test_client().get(address) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"].startswith("camera=(self), geolocation=(self), microphone=(self),")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_nothing_of_the_api_is_kept_by_a_cache(app: Flask):
    assert app.test_client().get("/api/state").headers["Cache-Control"] == "no-store"
    assert app.test_client().get("/api/nothing").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_only_this_site_may_change_anything(lena: Person, headers: dict[str, str], is_let_in: bool):
    answer = lena.api.delete("/api/session", headers=headers)
    assert answer.status_code == (204 if is_let_in else 403)
    if not is_let_in:
        assert answer.json["code"] == "request.cross_site"
        assert lena.get("/api/session").status_code == 200, "nothing was carried out"


def test_reading_is_left_to_the_browser_s_own_rules(lena: Person):
    assert lena.get("/api/session", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_form_of_another_site_has_no_media_type_that_is_taken(lena: Person):
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = lena.post("/api/password-resets", data=b'{"email": "a@b.example"}', content_type=media_type)
        assert answer.status_code == 415


def test_the_public_address_counts_as_this_site_behind_a_proxy_that_hides_it(config: Config):
    api = create_app(replace(config, public_url="https://audit.example")).test_client()
    answer = api.post("/api/session", json=SIGN_IN, headers={"Origin": "https://audit.example"})
    assert answer.json["code"] == "account.wrong_credentials"


def test_a_forged_host_is_refused_where_the_public_address_is_known(config: Config):
    api = create_app(replace(config, public_url="https://audit.example")).test_client()
    assert api.get("/api/state", headers={"Host": "evil.example"}).status_code == 400
    assert api.get("/api/state", headers={"Host": "audit.example"}).status_code == 200


def test_the_proxy_is_believed_only_if_it_is_configured(config: Config):
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    direct = create_app(config).test_client().get("/api/state", headers=forwarded)
    assert "Strict-Transport-Security" not in direct.headers
    behind = create_app(replace(config, trusted_proxies="1")).test_client().get("/api/state", headers=forwarded)
    assert behind.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_session_s_cookie_is_out_of_reach_for_scripts_and_for_other_sites(app: Flask, lena: Person):
    cookie = _sign_in(app, lena, "http://localhost")
    assert cookie.startswith("auditbook=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=7776000"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_over_https_the_cookie_has_a_name_that_plain_http_cannot_set(app: Flask, lena: Person):
    cookie = _sign_in(app, lena, "https://audit.example")
    assert cookie.startswith("__Host-auditbook=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_over_https_the_cookie_of_plain_http_opens_nothing(lena: Person):
    assert lena.get("/api/session", base_url="https://localhost").status_code == 401


def test_a_session_in_use_is_prolonged_and_one_that_is_forgotten_ends(lena: Person, monkeypatch: pytest.MonkeyPatch):
    began = clock.now_ms()
    for day, status in [(0, 200), (60, 200), (140, 200), (231, 401)]:
        at = began + day * clock.DAY
        monkeypatch.setattr("server.identity.sign_in.now_ms", lambda at=at: at)
        answer = lena.get("/api/session")
        assert answer.status_code == status, f"day {day}"
        assert ("Set-Cookie" in answer.headers) == (day in (60, 140))


def test_the_log_has_one_line_a_request_and_nothing_about_persons(app: Flask, lena: Person):
    with capture_logs() as lines:
        lena.get(f"/api/workspaces/{lena.workspace}/clients?search=Reiter", headers={"User-Agent": "Lena's tablet"})
        app.test_client().post("/api/session", json=SIGN_IN)
    assert [line["route"] for line in lines] == ["/api/workspaces/<uuid:workspace>/clients", "/api/session"]
    assert [set(line) for line in lines] == [{"event", "log_level", "method", "route", "status", "ms"}] * 2
    assert [line["log_level"] for line in lines] == ["info", "info"]


def _sign_in(app: Flask, person: Person, base_url: str) -> str:
    from server.database import SERVER, unit_of_work
    from server.identity.passwords import hash_password
    from server.storage import accounts

    with unit_of_work(SERVER) as session:
        accounts.set_password(session, person.account, hash_password("three unrelated words"), clock.now_ms())
    answer = app.test_client().post(
        "/api/session", base_url=base_url, json={"email": person.email, "password": "three unrelated words"}
    )
    assert answer.status_code == 200
    return answer.headers["Set-Cookie"]
