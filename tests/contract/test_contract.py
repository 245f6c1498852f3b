"""What stands in the repository as the contract is what the schemas say now."""

from schemas.export import CONTRACT, build_contract


def test_the_contract_is_current() -> None:
    """`make contract` writes it, and the tablet's types with it."""
    assert CONTRACT.read_text(encoding="utf-8") == build_contract()
