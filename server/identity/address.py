"""Mail addresses: what may be written to at all. Whether somebody reads it there, only a mail can tell."""

import re

from server.domain.refusals import Refusal, Refused

_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]{1,189}")


def usable_address(text: str) -> str:
    """The address without blanks around it. Raises Refused for what cannot be one: a line break in it would be a second header."""
    address = text.strip()
    if not _ADDRESS.fullmatch(address):
        raise Refused(Refusal("request.malformed", {"why": "email: this is not a mail address"}))
    return address
