"""Clients and settings: nobody's work is overwritten unseen, and every change leaves a row."""

import json

import sqlalchemy as sa
from flask import Flask

from schemas.office import AuditClientSchema, SettingsSchema
from server.database import SERVER, reading
from server.storage.tables.history import Change
from tests.people import Cast, Person

SPANWERK = {
    "name": "Spanwerk GmbH",
    "address": "Fräserstraße 12, 00001 Musterhausen",
    "representative": "Thomas Reiter",
    "email": "thomas@spanwerk.example",
    "scope": "Turning and milling",
    "sites": [{"name": "Main works", "address": "", "shifts": ["early", "night"], "headcount": 60}],
}


def clients_of(person: Person) -> str:
    return f"/api/workspaces/{person.workspace}/clients"


def settings_of(person: Person) -> str:
    return f"/api/workspaces/{person.workspace}/settings"


def history(noun: str) -> list[tuple[int, str | None, object, object]]:
    with reading(SERVER) as session:
        rows = session.scalars(sa.select(Change).where(Change.noun == noun).order_by(Change.version))
        return [(row.version, row.changed_by, _json(row.before), _json(row.after)) for row in rows]


def _json(text: str | None) -> object:
    return None if text is None else json.loads(text)


def test_a_client_is_added_shown_and_listed(lena: Person, ruth: Person):
    added = lena.post(clients_of(lena), json=SPANWERK)
    assert (added.status_code, added.headers["ETag"]) == (201, '"1"')
    assert added.json == SPANWERK | {"id": added.json["id"], "version": 1}
    shown = ruth.get(f"{clients_of(ruth)}/{added.json['id']}")
    assert (shown.json, shown.headers["ETag"]) == (added.json, '"1"')
    lena.post(clients_of(lena), json={"name": "Anlagenbau AG"})
    listed = ruth.get(clients_of(ruth)).json
    assert [client["name"] for client in listed] == ["Anlagenbau AG", "Spanwerk GmbH"]
    assert AuditClientSchema(many=True).dump(listed) == listed


def test_a_change_names_what_it_was_made_from(lena: Person):
    client = lena.post(clients_of(lena), json=SPANWERK).json["id"]
    changed = lena.api.put(
        f"{clients_of(lena)}/{client}", json=SPANWERK | {"name": "Spanwerk SE"}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.headers["ETag"], changed.json["name"]) == (200, '"2"', "Spanwerk SE")
    assert history("audit_client") == [
        (1, lena.account, None, SPANWERK),
        (2, lena.account, SPANWERK, SPANWERK | {"name": "Spanwerk SE"}),
    ]


def test_a_change_of_an_old_version_is_refused_with_both(lena: Person, paula: Person):
    client = lena.post(clients_of(lena), json=SPANWERK).json["id"]
    mine, theirs = SPANWERK | {"scope": "Milling"}, SPANWERK | {"scope": "Turning"}
    assert paula.api.put(f"{clients_of(paula)}/{client}", json=theirs, headers={"If-Match": '"1"'}).status_code == 200
    stale = lena.api.put(f"{clients_of(lena)}/{client}", json=mine, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "request.stale")
    assert stale.json["facts"] == {"yours": mine, "theirs": theirs | {"version": 2}}
    assert lena.get(f"{clients_of(lena)}/{client}").json["scope"] == "Turning"
    assert len(history("audit_client")) == 2, "what was refused left nothing behind"


def test_a_change_without_a_version_is_not_made(lena: Person):
    client = lena.post(clients_of(lena), json=SPANWERK).json["id"]
    for headers in ({}, {"If-Match": "*"}, {"If-Match": '"1", "2"'}, {"If-Match": "1"}):
        answer = lena.api.put(f"{clients_of(lena)}/{client}", json=SPANWERK, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (428, "request.needs_version"), headers


def test_a_version_that_a_proxy_made_weak_still_counts(lena: Person):
    client = lena.post(clients_of(lena), json=SPANWERK).json["id"]
    answer = lena.api.put(f"{clients_of(lena)}/{client}", json=SPANWERK, headers={"If-Match": 'W/"1"'})
    assert answer.status_code == 200


def test_a_client_needs_a_name(lena: Person):
    for name in ({}, {"name": ""}, {"name": None}):
        assert lena.post(clients_of(lena), json={"scope": "x"} | name).status_code == 422


def test_the_other_body_s_clients_do_not_exist(cast: Cast):
    client = cast.lena.post(clients_of(cast.lena), json=SPANWERK).json["id"]
    for address in (
        f"{clients_of(cast.lena)}/{client}",  # in a workspace that is not Otto's
        f"{clients_of(cast.otto)}/{client}",  # in his own workspace
    ):
        assert cast.otto.get(address).status_code == 404
        assert cast.otto.api.put(address, json=SPANWERK, headers={"If-Match": '"1"'}).status_code == 404
    assert cast.otto.get(clients_of(cast.otto)).json == []


def test_settings_begin_with_the_workspace_s_name(paula: Person):
    answer = paula.get(settings_of(paula))
    assert answer.headers["ETag"] == '"0"'
    assert answer.json == {
        "version": 0, "body_name": "Nordcert", "body_address": "", "report_recipient": "", "language": "en",
    }  # fmt: skip
    assert SettingsSchema().dump(answer.json) == answer.json


def test_settings_are_changed_like_clients(paula: Person):
    decided = {"body_name": "Nordcert", "report_recipient": "reports@nordcert.example", "language": "de"}
    first = paula.api.put(settings_of(paula), json=decided, headers={"If-Match": '"0"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    again = paula.api.put(settings_of(paula), json={"language": "en"}, headers={"If-Match": '"0"'})
    assert again.status_code == 412
    assert again.json["facts"]["theirs"]["report_recipient"] == "reports@nordcert.example"
    assert again.json["facts"]["yours"] == {"language": "en"}
    assert history("settings") == [(1, paula.account, None, decided)]


def test_two_workspaces_have_two_settings(cast: Cast):
    cast.paula.api.put(settings_of(cast.paula), json={"language": "de"}, headers={"If-Match": '"0"'})
    assert cast.otto.get(settings_of(cast.otto)).json["body_name"] == "Südcert"


def test_the_same_holds_on_both_databases(database: str, app: Flask, cast: Cast):
    lena = cast.lena
    client = lena.post(clients_of(lena), json=SPANWERK).json["id"]
    address = f"{clients_of(lena)}/{client}"
    assert lena.api.put(address, json=SPANWERK, headers={"If-Match": '"1"'}).status_code == 200
    assert lena.api.put(address, json=SPANWERK, headers={"If-Match": '"1"'}).status_code == 412
    assert cast.otto.get(address).status_code == 404
    assert cast.paula.api.put(settings_of(lena), json={}, headers={"If-Match": '"0"'}).status_code == 200
    assert cast.paula.api.put(settings_of(lena), json={}, headers={"If-Match": '"0"'}).status_code == 412
