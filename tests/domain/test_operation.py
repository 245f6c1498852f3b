"""A header that is recognised as a whole says the same as one that is read key by key."""

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain import operation
from server.domain.operation import ChainKey, Operation, parse_operation
from tests.devices import without_a_server

AUDIT = "01a208e0-4665-7b81-b71d-88b509788aa2"
CHAIN = ChainKey("01a208e0-4668-772e-a020-201d650ba146", "01a208e0-4662-7875-9deb-722f81367b39", AUDIT)
NEVER = re.compile(r"(?!)")


def written() -> list[str]:
    device = without_a_server(CHAIN)
    device.create_audit(title="Stufe 2 Müller")
    device.make("set", f"audit/{CHAIN.audit}", "title", "Prüfmittel", seen={"epoch": CHAIN.account, "seq": 2**53 - 1})
    device.make("del", f"audit/{CHAIN.audit}", "deleted", True, bases=["a" * 64, "b" * 64])
    return device.made


TEXTS = written()
NOISE = st.sampled_from(
    ['"', "0", "1", "9", "a", "-", "{", "}", ",", " ", "null", "\n", "ä", "\\u0000", '"v":1,', "e5"]
)


def read_by_key(data: bytes, content_sha256: str | None) -> Any:
    with patch.object(operation, "_AS_MADE", NEVER):
        return parse_operation(data, content_sha256)


@settings(max_examples=150)
@given(st.sampled_from(TEXTS), st.integers(0, 900), st.integers(0, 3), NOISE | st.just(""), st.booleans())
@example(TEXTS[0], 0, 0, "", False)
def test_a_header_that_was_tampered_with_is_read_alike(text: str, at: int, gone: int, noise: str, is_erased: bool):
    data = (text[:at] + noise + text[at + gone :]).encode()
    content_sha256 = "c" * 64 if is_erased else None
    assert parse_operation(data, content_sha256) == read_by_key(data, content_sha256)


def test_what_tablets_write_is_recognised():
    read = [operation._read_as_made(text.encode(), *_lines(text), None) for text in TEXTS]
    # But for the one with an integer of sixteen digits.
    assert [isinstance(one, Operation) for one in read] == [True, True, False, True]


def test_every_vector_is_read_alike():
    for file in (Path(__file__).parents[2] / "schemas/vectors/operation").glob("*.json"):
        vector = json.loads(file.read_text())
        if "bytes" in vector:
            data = vector["bytes"].encode("utf-8", "surrogatepass")
            assert parse_operation(data) == read_by_key(data, None)


def _lines(text: str) -> tuple[bytes, bytes]:
    header, _, content = text.encode().partition(b"\n")
    return header, content
