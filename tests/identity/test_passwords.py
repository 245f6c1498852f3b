"""What a password costs whoever tries to guess it, with the hashes of a server: those of the other tests are cheap."""

import pytest
from argon2 import Type, extract_parameters

from server.identity import passwords
from server.identity.passwords import hash_password, needs_new_hash

PASSWORD = "three unrelated words"


@pytest.fixture
def cheap() -> str:
    return hash_password(PASSWORD)


def test_a_hash_costs_what_owasp_asks_for(passwords_as_served: None):
    costs = extract_parameters(hash_password(PASSWORD))
    assert costs.type is Type.ID
    assert (costs.time_cost, costs.memory_cost, costs.parallelism) == (2, 19 * 1024, 1)


def test_an_unknown_address_costs_as_much(passwords_as_served: None):
    assert extract_parameters(passwords._NOBODY) == extract_parameters(hash_password(PASSWORD))


def test_a_hash_of_the_tests_would_not_last_at_a_server(cheap: str, passwords_as_served: None):
    assert needs_new_hash(cheap)
