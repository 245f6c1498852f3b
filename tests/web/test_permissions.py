"""
Every route with every role. A route that is not in the table fails the test: whoever adds one says here who may use it.

What a person may do inside an audit depends on its team and log, and is tested beside the sync, the evidence and the reports.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from server.domain.permissions import PERMITTED, Action, is_permitted
from server.domain.vocabulary import Role
from server.identity.by_hand import block_installation
from server.standards.catalogue import as_contract, catalogue_tree, standard
from server.storage.identifiers import new_id
from tests.people import Cast, Person, enter


class Open(Enum):
    """Who may use a route that belongs to no workspace."""

    ANYBODY = "also without signing in"
    SIGNED_IN = "everybody with an account"
    AUDIT = "those who may see the audit; to everybody else it does not exist"


@dataclass(frozen=True)
class Access:
    """Who may use a route, and a body that gets as far as that question."""

    who: Open | tuple[Action, ...]
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    """A body whose bytes matter."""


def to(*actions: Action, body: Mapping[str, Any] | None = None, **headers: str) -> Access:
    return Access(actions, body, headers)


A = Action
CLIENT = {"name": "Spanwerk GmbH"}
WORKSPACE = "/api/workspaces/<uuid:workspace>"
INVITATION = {"email": "nora@example.org", "name": "Nora", "roles": ["auditor"]}
CATALOGUE = catalogue_tree(as_contract(standard("iso9001-2015")))
NOTHING_SIGNED = json.dumps(
    {
        "protocol": 1,
        "epoch": new_id(),
        "after": 0,
        "receipt": {"at": "2026-11-27T09:29:47.123Z", "key": "0" * 64, "signature": "A" * 86},
        "entries": [f"{'0' * 64} device 0"],
        "operations": [],
    }
)
CHECKED = f"sha-256=:{base64.b64encode(hashlib.sha256(NOTHING_SIGNED.encode()).digest()).decode()}:"
HANDED_BACK = Access(
    Open.AUDIT, headers={"Content-Type": "application/json", "Content-Digest": CHECKED}, data=NOTHING_SIGNED
)
ANYBODY, SIGNED_IN, AUDIT = Access(Open.ANYBODY), Access(Open.SIGNED_IN), Access(Open.AUDIT)

TABLE: dict[tuple[str, str], Access] = {
    ("GET", "/"): ANYBODY,
    ("GET", "/index.html"): ANYBODY,
    ("GET", "/assets/<path:name>"): ANYBODY,
    ("GET", "/<path:name>"): ANYBODY,
    ("GET", "/api/openapi.json"): ANYBODY,
    ("GET", "/api/state"): ANYBODY,
    ("GET", "/api/state/address.svg"): ANYBODY,
    ("POST", "/api/session"): ANYBODY,
    ("GET", "/api/session"): SIGNED_IN,
    ("DELETE", "/api/session"): ANYBODY,
    ("POST", "/api/invitations/accept"): ANYBODY,
    ("POST", "/api/password-resets"): ANYBODY,
    ("POST", "/api/password-resets/confirm"): ANYBODY,
    ("PUT", "/api/installations/<uuid:installation>"): Access(
        Open.SIGNED_IN, {"id": new_id(), "name": "tablet", "public_key": None}
    ),
    ("GET", "/api/standards"): SIGNED_IN,
    ("GET", "/api/standards/<standard>"): SIGNED_IN,
    ("POST", f"{WORKSPACE}/invitations"): to(A.MANAGE_ACCOUNTS, body=INVITATION),
    ("GET", f"{WORKSPACE}/people"): to(A.CREATE_AUDIT, A.MANAGE_ACCOUNTS),
    ("GET", f"{WORKSPACE}/clients"): to(A.SEE_CLIENTS),
    ("POST", f"{WORKSPACE}/clients"): to(A.EDIT_CLIENTS, body=CLIENT),
    ("GET", f"{WORKSPACE}/clients/<uuid:client>"): to(A.SEE_CLIENTS),
    ("PUT", f"{WORKSPACE}/clients/<uuid:client>"): to(A.EDIT_CLIENTS, body=CLIENT, **{"If-Match": '"1"'}),
    ("GET", f"{WORKSPACE}/settings"): to(A.SEE_CLIENTS),
    ("PUT", f"{WORKSPACE}/settings"): to(A.MANAGE_SETTINGS, body={}, **{"If-Match": '"0"'}),
    ("GET", f"{WORKSPACE}/mails"): to(A.SEE_MAIL),
    ("GET", f"{WORKSPACE}/mails/<uuid:mail>"): to(A.SEE_MAIL),
    ("GET", "/api/audits"): SIGNED_IN,
    # Of audits that are not listed any more: what is told follows from what the tablet proves that it has.
    ("POST", "/api/audits/left"): Access(
        Open.SIGNED_IN, {"audits": [{"id": new_id(), "seq": 0, "hash": "0" * 64, "told": None}]}
    ),
    # A tablet's work is taken in even if the audit is not known here (yet): nothing is lost, and nothing is shown.
    ("POST", "/api/audits/<uuid:audit>/operations"): SIGNED_IN,
    # So is what somebody brings for a colleague.
    ("POST", "/api/audits/<uuid:audit>/operations/carried"): SIGNED_IN,
    ("GET", "/api/audits/<uuid:audit>/operations"): AUDIT,
    ("GET", "/api/audits/<uuid:audit>/custody"): AUDIT,
    ("POST", "/api/audits/<uuid:audit>/operations/<digest>/release"): AUDIT,
    ("POST", "/api/audits/<uuid:audit>/operations/handed-back"): HANDED_BACK,
    ("POST", "/api/evidence/uploads"): SIGNED_IN,
    ("HEAD", "/api/evidence/uploads/<uuid:upload>"): SIGNED_IN,
    ("PATCH", "/api/evidence/uploads/<uuid:upload>"): SIGNED_IN,
    ("POST", "/api/evidence/uploads/<uuid:upload>"): SIGNED_IN,
    ("DELETE", "/api/evidence/uploads/<uuid:upload>"): SIGNED_IN,
    ("POST", "/api/audits/<uuid:audit>/reports"): Access(Open.AUDIT, {"report_record": "report_record/1"}),
    ("GET", "/api/audits/<uuid:audit>/reports"): AUDIT,
    ("PUT", "/api/audits/<uuid:audit>/catalogues/<sha256>"): Access(Open.AUDIT, CATALOGUE),
    ("GET", "/api/reports/<uuid:report>.pdf"): AUDIT,
    ("POST", "/api/audits/<uuid:audit>/evidence/known"): Access(Open.AUDIT, {"sha256": []}),
    ("GET", "/api/audits/<uuid:audit>/evidence/<sha256>"): AUDIT,
    ("GET", "/api/audits/<uuid:audit>/evidence/<sha256>/pictures/<size>"): AUDIT,
    ("PUT", "/api/audits/<uuid:audit>/evidence/<sha256>/pictures/<size>"): Access(
        Open.AUDIT, headers={"Content-Type": "image/jpeg"}, data="a picture"
    ),
    ("GET", "/api/audits/<uuid:audit>/evidence/<sha256>/chain"): AUDIT,
    # Of those who see it the programme manager alone: tests/evidence/test_withdrawn.py.
    ("POST", "/api/audits/<uuid:audit>/erasures"): Access(Open.AUDIT, {"evidence": new_id(), "reason": "Withdrawn."}),
}

OF_A_BLOCKED_TABLET = {
    ("GET", "/api/session"),
    ("POST", "/api/audits/<uuid:audit>/operations"),
    ("POST", "/api/evidence/uploads"),
    ("HEAD", "/api/evidence/uploads/<uuid:upload>"),
    ("PATCH", "/api/evidence/uploads/<uuid:upload>"),
    ("POST", "/api/evidence/uploads/<uuid:upload>"),
    ("POST", "/api/audits/<uuid:audit>/evidence/known"),
}
"""What a blocked tablet may still do beside what anybody may: hand in its work, and hear that it is blocked."""


def routes(app: Flask) -> list[tuple[str, str]]:
    return [(method, rule.rule) for rule in app.url_map.iter_rules() for method in sorted(_methods(rule))]


def _methods(rule: Rule) -> set[str]:
    methods = set(rule.methods or ()) - {"OPTIONS"}
    return methods - {"HEAD"} if "GET" in methods else methods


def test_every_route_says_here_who_may_use_it(app: Flask):
    assert sorted(set(routes(app)) ^ set(TABLE)) == []


def ask(person_or_api: Any, method: str, rule: str, workspace: str) -> Any:
    access = TABLE[method, rule]
    places = {
        "<uuid:workspace>": workspace,
        "<uuid:installation>": (access.body or {}).get("id", ""),
        "<digest>": "0" * 64,
        "<sha256>": "0" * 64,
        "<size>": "thumbnail",
        "<standard>": "iso9001-2015",
        "<path:name>": "none.js",
    }
    address = rule
    for place, value in places.items():
        address = address.replace(place, value)
    while "<uuid:" in address:
        before, _, rest = address.partition("<uuid:")
        address = before + new_id() + rest.partition(">")[2]
    api = getattr(person_or_api, "api", person_or_api)
    body = {"json": access.body} if access.data is None else {"data": access.data}
    return api.open(address, method=method, headers=dict(access.headers), **body)


OF_A_WORKSPACE = [route for route, access in TABLE.items() if isinstance(access.who, tuple)]
CLOSED = [route for route, access in TABLE.items() if access.who is not Open.ANYBODY]


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_what_the_table_of_permissions_says_and_nothing_else(app: Flask, cast: Cast, role: Role):
    person = enter(app, cast.ours, f"{role.value} Somebody", role)
    for method, rule in OF_A_WORKSPACE:
        actions = TABLE[method, rule].who
        assert isinstance(actions, tuple)
        answer = ask(person, method, rule, cast.ours)
        may = any(is_permitted([role], action) for action in actions)
        if may:
            # A client or a mail that does not exist is as far as it gets.
            is_of_one = "<uuid:client>" in rule or "<uuid:mail>" in rule
            assert answer.status_code < 300 or (answer.status_code == 404 and is_of_one), (method, rule)
        else:
            assert (answer.status_code, answer.json["code"]) == (403, "account.not_permitted"), (method, rule)
            assert answer.json["facts"]["who"].startswith("the ")


@pytest.mark.parametrize(("method", "rule"), CLOSED)
def test_without_signing_in_there_is_nothing_to_see(app: Flask, cast: Cast, method: str, rule: str):
    answer = ask(app.test_client(), method, rule, cast.ours)
    assert answer.status_code == 401
    if method != "HEAD":
        assert answer.json["code"] == "account.sign_in_needed"


@pytest.mark.slow
@pytest.mark.parametrize(("method", "rule"), OF_A_WORKSPACE)
def test_a_workspace_does_not_exist_for_those_who_are_not_in_it(cast: Cast, method: str, rule: str):
    everything = enter(cast.app, cast.theirs, "Eva All", *Role)
    answer = ask(everything, method, rule, cast.ours)
    assert (answer.status_code, answer.json["code"]) == (404, "request.not_found")
    nowhere = ask(everything, method, rule, new_id())
    assert nowhere.status_code == 404
    assert nowhere.json == answer.json, "neither is told from one that is not there"


@pytest.mark.parametrize(("method", "rule"), [route for route, access in TABLE.items() if access.who is Open.AUDIT])
def test_an_audit_does_not_exist_for_those_who_may_not_see_it(lena: Person, method: str, rule: str):
    answer = ask(lena, method, rule, lena.workspace)
    # Of a key that is not this server's it speaks before it looks for any audit.
    is_of_key = TABLE[method, rule] is HANDED_BACK
    expected = (409, "sync.receipt_of_another_key") if is_of_key else (404, "request.not_found")
    assert (answer.status_code, answer.json["code"]) == expected


@pytest.mark.slow
def test_a_blocked_tablet_hands_in_its_work_and_receives_nothing(app: Flask, cast: Cast):
    """With every role there is: nothing but the tablet itself is a reason to refuse."""
    everything = enter(app, cast.ours, "Eva All", *Role)
    for method, rule in routes(app):
        tablet = everything.enrol_another()
        assert block_installation(tablet.installation) == 1
        with ask(tablet, method, rule, cast.ours) as answer:
            if TABLE[method, rule].who is Open.ANYBODY:
                with ask(app.test_client(), method, rule, cast.ours) as of_a_stranger:
                    assert answer.status_code == of_a_stranger.status_code, (method, rule)
            elif (method, rule) in OF_A_BLOCKED_TABLET:
                assert answer.status_code not in (401, 403), (method, rule)
            else:
                refused = (answer.status_code, (answer.json or {}).get("code"))
                assert refused == (403, "account.installation_revoked"), (method, rule)


def test_every_action_is_somebody_s():
    assert {action for actions in PERMITTED.values() for action in actions} == set(Action)
