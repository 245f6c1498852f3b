"""The place of an operation in its chain, in any order and with gaps in what can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.operation import GENESIS, ChainKey, digest_of
from server.domain.refusals import Refusal
from server.storage.operation_log import KnownEntry
from server.sync.place import Place, Tip, follow_chain, in_chain_order, read_arrivals
from tests.devices import without_a_server

AUDIT = "01a208e0-4665-7b81-b71d-88b509788aa2"
CHAIN = ChainKey("01a208e0-4668-772e-a020-201d650ba146", "01a208e0-4662-7875-9deb-722f81367b39", AUDIT)


def chain_of(length: int) -> list[str]:
    device = without_a_server(CHAIN)
    for number in range(length):
        device.set("audit/x", "title", f"title {number}")
    return device.made


WHOLE = chain_of(9)


@pytest.mark.slow
@given(st.permutations(WHOLE), st.integers(0, 8))
def test_every_order_of_every_rest_of_a_chain_is_the_same_chain(shuffled, from_number):
    rest = [text for text in shuffled if text in WHOLE[from_number:]]
    before = digest_of(WHOLE[from_number - 1].encode()) if from_number else GENESIS
    tip = Tip(from_number, before)
    ordered = in_chain_order(read_arrivals(rest, CHAIN))
    assert [follow_chain(arrival, tip, {}) for arrival in ordered] == [Place()] * len(rest)
    assert tip == Tip(9, digest_of(WHOLE[-1].encode()))


@given(st.integers(1, 7))
def test_a_missing_operation_is_a_gap_wherever_it_is(missing):
    tip = Tip(0, GENESIS)
    places = [
        follow_chain(arrival, tip, {})
        for arrival in in_chain_order(read_arrivals(WHOLE[:missing] + WHOLE[missing + 1 :], CHAIN))
    ]
    assert places[missing] == Refusal("chain.gap", {"expected": missing + 1, "got": missing + 2})


def test_a_branch_goes_on_as_a_branch_beyond_the_trunk():
    trunk, branch = chain_of(2), read_arrivals([WHOLE[3]], CHAIN)[0]
    known = {
        branch.prev or "": KnownEntry(9, branch.prev or "", 3, True, True, Refusal("chain.forked")),
    }
    tip = Tip(2, digest_of(trunk[1].encode()))
    assert follow_chain(branch, tip, known) == Place(is_branch=True, misfit=Refusal("chain.forked"))
    assert tip.dseq == 2
