"""Every way of saying no has a status, a code that the tablet translates, and the shape of RFC 9457."""

from http import HTTPStatus
from pathlib import Path

import pytest
from flask import Flask
from structlog.testing import capture_logs

from schemas.problem import ProblemSchema
from server.domain.refusals import SENTENCES, Refusal, Refused
from server.web.problems import CHECKSUM_MISMATCH, status_of
from tests.people import Person


@pytest.mark.parametrize("code", SENTENCES)
def test_every_refusal_has_a_status(code: str):
    status = status_of(code)
    assert status == CHECKSUM_MISMATCH or HTTPStatus(status) >= 400


def test_a_refusal_is_told_as_problem_details(app: Flask):
    answer = app.test_client().get("/api/session")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert ProblemSchema().validate(answer.json) == {}
    assert answer.json["code"] == "account.sign_in_needed"
    assert answer.json["detail"] == "Please sign in again. Everything on this tablet is kept meanwhile."


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"email": "lena\\u0000@example.org", "password": "x"}', "NUL in a text"),
        (b'{"email": "\\ud800", "password": "x"}', "half a surrogate pair in a text"),
        (b'{"email": 1e400, "password": "x"}', "number with a fraction or exponent: 1e400"),
        (b'{"email": NaN, "password": "x"}', "number with a fraction or exponent: NaN"),
        (b'{"email": 12345678901234567890, "password": "x"}', "integer beyond 2^53: 12345678901234567890"),
        (b'{"email": "a", "email": "b"}', "the same key twice in one object"),
        (b'{"email": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 16"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_a_body_that_could_break_a_database_is_refused_before_it_gets_there(app: Flask, body: bytes, why: str):
    answer = app.test_client().post("/api/session", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["code"] == "request.malformed"
    assert answer.json["facts"] == {"why": why}


def test_a_body_that_does_not_fit_its_schema_is_told_where(app: Flask):
    answer = app.test_client().post("/api/session", json={"email": 7, "is_admin": True})
    assert answer.status_code == 422
    assert answer.json["code"] == "request.malformed"
    assert answer.json["facts"]["why"] == (
        "email: Not a valid string.; password: Missing data for required field.; is_admin: Unknown field"
    )


def test_an_object_is_expected_where_a_list_comes(app: Flask):
    assert app.test_client().post("/api/session", json=[]).status_code == 422


def test_a_wrong_method_is_answered_with_those_that_are_taken(app: Flask):
    answer = app.test_client().patch("/api/session", json={})
    assert answer.status_code == 405
    assert answer.json["code"] == "request.method"
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["Allow"].split(", "))


def test_a_body_of_another_kind_is_refused(app: Flask):
    answer = app.test_client().post("/api/session", data={"email": "lena@example.org"})
    assert answer.status_code == 415
    assert answer.json["code"] == "request.media_type"


def test_a_body_that_is_too_large_is_refused(app: Flask):
    app.config["MAX_CONTENT_LENGTH"] = 100
    answer = app.test_client().post("/api/session", json={"email": "x" * 200, "password": "x"})
    assert answer.status_code == 413
    assert answer.json["facts"] == {"limit": 100}


def test_what_is_not_there_is_not_found(lena: Person):
    for address in ("/api/nothing", "/api", "/nothing", "/api/standards/iso1-1900", "/assets/none.js"):
        answer = lena.get(address)
        assert (answer.status_code, answer.json["code"]) == (404, "request.not_found"), address


def test_a_fault_is_told_by_a_reference_that_stands_in_the_log(app: Flask):
    @app.get("/api/fault")
    def fault() -> None:
        raise ZeroDivisionError("the secret of the house")

    with capture_logs() as lines:
        answer = app.test_client().get("/api/fault")
    assert answer.status_code == 500
    assert answer.json["code"] == "server.fault"
    assert answer.json["reference"] == answer.json["facts"]["reference"]
    assert answer.json["reference"] in answer.json["detail"]
    assert "secret" not in answer.get_data(as_text=True)
    (line,) = [line for line in lines if line["event"] == "fault"]
    assert line["reference"] == answer.json["reference"]
    assert isinstance(line["exc_info"], ZeroDivisionError)


def test_a_full_disk_is_told_as_what_it_is_and_not_as_a_fault(app: Flask):
    @app.get("/api/full")
    def full() -> None:
        with Path("/dev/full").open("wb") as disk:
            disk.write(b"a photo")

    answer = app.test_client().get("/api/full")
    assert (answer.status_code, answer.json["code"]) == (507, "server.full")


@pytest.mark.parametrize(
    ("refusal", "status", "wait"),
    [
        (Refusal("request.too_many", {"seconds": 30}), 429, "30"),
        (Refusal("server.busy"), 503, "5"),
    ],
)
def test_who_has_to_wait_is_told_how_long(app: Flask, refusal: Refusal, status: int, wait: str):
    @app.get("/api/wait")
    def refuse() -> None:
        raise Refused(refusal)

    answer = app.test_client().get("/api/wait")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, wait)


def test_too_deep_a_nesting_anywhere_is_the_sender_s_matter(app: Flask):
    @app.get("/api/deep")
    def deep() -> None:
        raise RecursionError

    assert app.test_client().get("/api/deep").status_code == 400
