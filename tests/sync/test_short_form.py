"""A batch and a page say what they said before, in three fifths of the bytes."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.operation import digest_of
from server.domain.short_form import lengthen, shorten
from tests.devices import Device, in_short, in_whole, new_audit
from tests.people import Person

DIGESTS = [f"{number:064x}" for number in range(6)]
PART = st.sampled_from([*(f'"{digest}"' for digest in DIGESTS), '"~', '1"', "2", "\n", "{", "hall 3", "\u00e4"])


@given(st.lists(st.lists(PART, max_size=8).map("".join), max_size=6), st.data())
def test_whatever_travels_short_arrives_whole(texts: list[str], data: st.DataObject):
    digests = [data.draw(st.sampled_from(DIGESTS)) for _ in texts]
    short = shorten(texts, digests)
    assert short is None or lengthen(short, lambda place, _: digests[place]) == texts


def working(person: Person) -> Device:
    """An audit in which a finding is written again and again, as people do."""
    device = new_audit(person)
    finding = device.add_finding()
    for number in range(40):
        device.set(finding, "failure", f"Caliper {number} is overdue.")
    return device


def test_a_batch_in_the_short_form_is_the_same_log(database, lena):
    short, whole = working(lena), working(lena)
    assert short.push().status_code == 200
    assert whole.send_body(json.dumps(whole.batch(whole.made)).encode()).status_code == 200
    for device in (short, whole):
        device.pull()
        assert device.is_safe()
        assert device.pulled_digests == [digest_of(text.encode()) for text in device.made]


def test_a_page_in_the_short_form_is_the_same_page(database, lena):
    device = working(lena)
    device.push()
    short, whole = (_page(device, form) for form in ("short", "whole"))
    assert (short["form"], whole["form"]) == ("short", "whole")
    assert in_whole(short)["operations"] == whole["operations"]
    assert _packed(short["operations"]) < 0.6 * _packed(whole["operations"])


def test_who_does_not_ask_for_the_short_form_gets_whole_texts(lena):
    device = working(lena)
    device.push()
    answer = lena.api.get(f"/api/audits/{device.audit}/operations")
    assert [entry["data"] for entry in answer.json["operations"]] == device.made


@pytest.mark.parametrize("place", ["~1", "~0", "~999999"])
def test_a_batch_that_names_a_place_that_is_not_there_stores_nothing(lena, place):
    device = working(lena)
    batch = in_short(device.batch(device.made))
    batch["operations"][0] = batch["operations"][0].replace(64 * "0", place)
    answer = device.send_body(json.dumps(batch).encode())
    assert (answer.status_code, answer.json["code"]) == (409, "sync.short_form")
    assert device.push().json["head"]["seq"] == len(device.made)


@pytest.mark.parametrize("poison", ['["~x"' + ',"~x"' * 1030 + "]", '["DIGEST"' + ',"DIGEST"' * 1030 + "]", '["~1"]'])
def test_a_poisonous_header_stops_no_page(lena, aron, poison):
    device = working(lena)
    device.push()
    stranger = Device(aron, device.audit)
    stranger.add_finding()
    stranger.keep(poison.replace("DIGEST", stranger.prev) + "\n{}")
    assert stranger.push().status_code == 200
    page = _page(device, "short")
    assert in_whole(page)["operations"] == _page(device, "whole")["operations"]


def _page(device: Device, form: str) -> dict[str, Any]:
    answer = device.person.api.get(f"/api/audits/{device.audit}/operations", query_string={"form": form})
    page: dict[str, Any] = answer.json
    return page


def _packed(operations: list[dict[str, Any]]) -> int:
    return len(gzip.compress(json.dumps(operations).encode()))
