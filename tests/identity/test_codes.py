"""Codes that people copy from a mail, and tokens that nobody ever sees."""

import re

import pytest

from server.identity.codes import code_digest, new_code, new_token, token_digest


def test_a_code_is_a_hundred_bits_in_letters_that_are_not_mistaken():
    code = new_code()
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}", code)
    assert len({new_code() for _ in range(1000)}) == 1000


def test_a_token_is_256_bits():
    assert len(new_token()) == 43
    assert new_token() != new_token()


@pytest.mark.parametrize(
    "typed",
    [
        "7OX2-MOKD-1I5A-9CHW-3RNE",
        "70x2-m0kd-115a-9chw-3rne",
        "70X2M0KDL15A9CHW3RNE",
        "  70X2 M0KD  I15A\t9CHW\n3RNE ",
        "70X2–M0KD‑115A-9CHW-3RNE",
    ],
)
def test_a_code_is_the_same_however_it_is_typed(typed: str):
    assert code_digest(typed) == code_digest("70X2-M0KD-115A-9CHW-3RNE")


def test_another_code_is_another():
    assert code_digest("70X2-M0KD-115A-9CHW-3RNF") != code_digest("70X2-M0KD-115A-9CHW-3RNE")


@pytest.mark.parametrize("odd", ["", "\x00", "\ud800", "ß", "x" * 1000])
def test_whatever_is_typed_has_a_digest(odd: str):
    assert len(code_digest(odd)) == len(token_digest(odd)) == 32
